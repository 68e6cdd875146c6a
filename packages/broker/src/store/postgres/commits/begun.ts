/** How transactions are begun, and what is the same for all of a broker. */
import type { PolicyAction } from "@agentmesh/protocol";
import type { Clock } from "../../../mesh/clock.ts";
import type { FoundDamage } from "../../shared/damage.ts";
import type { EngineContext, Notice } from "../context.ts";
import type { Seat } from "../database/seat.ts";
import type { Connection, Database } from "../driver/database.ts";
import type { Engine } from "../engine.ts";
import { eventNotes } from "../events/notes.ts";
import { Hints } from "./hints.ts";
import { LockedAgents } from "./locked.ts";
import { Numbers } from "./numbers.ts";

/** Sees where the acts of a transaction stand in the order of all; a test's own. */
export interface Witness {
  /** An act was asked for. */
  asked(): SeenAct;
}

/** One act as it is seen. */
export interface SeenAct {
  /** Its place is fixed: whatever comes behind it waits. */
  placed(): void;
  /** It was answered as it was done there. */
  answered(): void;
}

/** What is the same for all transactions of a broker. */
export interface Terms {
  readonly db: Database;
  readonly epoch: string;
  readonly remoteSenders: PolicyAction;
  readonly notice: Notice;
  readonly damage: FoundDamage;
  readonly seat: Seat;
  /** In place of the database's, where a test's subject is time. */
  readonly clock?: Clock | undefined;
  readonly witness?: Witness | undefined;
}

/** What an act does in a transaction, which others may share. */
export type Act<T> = (engine: Engine, context: EngineContext) => Promise<T>;

const BEGIN = {
  act: "BEGIN ISOLATION LEVEL READ COMMITTED",
  // Statements on many rows are planned once for all sizes of what they are given: along the indexes. What they move they count.
  group: `BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL enable_seqscan = off;
    SET LOCAL plan_cache_mode = force_generic_plan; SET LOCAL agentmesh.counted = 'by act'`,
  // All of one look is of one moment.
  look: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
} as const;

/** Said in a group before acts follow that are done by their own statements. */
export const OTHERS = "SET LOCAL plan_cache_mode = auto; SET LOCAL agentmesh.counted = ''";

/** Begins one; returns the time of all that is done in it. */
export async function begin(connection: Connection, how: keyof typeof BEGIN, { clock }: Terms): Promise<number> {
  const time = clock ? `; SET LOCAL agentmesh.now = '${Math.trunc(clock.now())}'` : "";
  const [begun] = await connection.script<{ now: number }>(`${BEGIN[how]}${time}; SELECT mesh_now() AS now`);
  if (!begun) throw new Error("the database does not tell its time");
  return begun.now;
}

/** What an act of a transaction works with. */
export function contextOf(
  terms: Terms,
  db: Connection,
  own: {
    readonly now: number;
    readonly hints?: Hints;
    readonly numbers?: Numbers;
    readonly locked?: LockedAgents;
  },
): EngineContext {
  const { epoch, remoteSenders, notice, damage, seat } = terms;
  const { now, hints = new Hints(), numbers = new Numbers(db), locked = new LockedAgents() } = own;
  const base = { db, now, epoch, remoteSenders, numbers, hints, damage, seat, locked };
  return {
    ...base,
    happened: eventNotes(base).note,
    notice: (...told) => hints.afterwards(() => notice(...told)),
  };
}
