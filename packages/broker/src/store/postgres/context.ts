/** What every statement file of the engine works with: one transaction, and what it leaves for after the commit. */
import type { EventFacts, NotedEventType, PolicyAction } from "@agentmesh/protocol";
import type { FoundDamage } from "../shared/damage.ts";
import type { Hints } from "./commits/hints.ts";
import type { LockedAgents } from "./commits/locked.ts";
import type { Numbers } from "./commits/numbers.ts";
import type { Seat } from "./database/seat.ts";
import type { Statements } from "./driver/database.ts";

/** A transaction. Nothing of the mesh's truth is kept outside of it. */
export interface EngineContext {
  readonly db: Statements;
  /** The database's time when the act began, in milliseconds since the Unix epoch. */
  readonly now: number;
  readonly epoch: string;
  /** What becomes of a message from another machine where its recipient has no rule for that. */
  readonly remoteSenders: PolicyAction;
  /** Numbers in the order of commits. Whoever takes one locks no agent afterwards. */
  readonly numbers: Numbers;
  /** Agents whose rows it holds. */
  readonly locked: LockedAgents;
  readonly hints: Hints;
  /** Bodies that this broker found damaged: whoever looks finds them again. */
  readonly damage: FoundDamage;
  /** Notes an event; of an agent that has left nothing is told any more. */
  happened<T extends NotedEventType>(agentPk: number, type: T, facts: EventFacts<T>): Promise<void>;
  /** Which broker this is. */
  readonly seat: Pick<Seat, "id" | "owner" | "isFirst" | "endsMs">;
  /** Tells the broker's log what an operator should know, once this is committed. */
  readonly notice: Notice;
}

/** Told what an operator should know: a dotted event name and its facts. */
export type Notice = (level: "info" | "warn" | "error", event: string, fields: Record<string, unknown>) => void;
