/** Runs acts and looks in transactions: an act that lost a race is done again, with what was left of the first try forgotten. */
import type { PolicyAction } from "@agentmesh/protocol";
import type { Clock } from "../../../mesh/clock.ts";
import type { StoreListener } from "../../../mesh/store.ts";
import type { FoundDamage } from "../../shared/damage.ts";
import { leaseForStreams } from "../acts/streamed.ts";
import type { EngineContext, Notice } from "../context.ts";
import type { Seat } from "../database/seat.ts";
import type { Connection, Database } from "../driver/database.ts";
import { databaseError, isLostRace, type Stage } from "../driver/failure.ts";
import { type Engine, engineOf } from "../engine.ts";
import { eventNotes } from "../events/notes.ts";
import { Calls } from "./calls.ts";
import { Hints } from "./hints.ts";
import { Numbers } from "./numbers.ts";

/** Times that an act is tried. */
const TRIES = 10;

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
}

/** What an act does in a transaction, which others may share. */
export type Act<T> = (engine: Engine, context: EngineContext) => Promise<T>;

const BEGIN = {
  act: "BEGIN ISOLATION LEVEL READ COMMITTED",
  // All of one look is of one moment.
  look: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
} as const;

/** The transactions of a broker. */
export class Transactions {
  readonly #terms: Terms;
  readonly #calls: Calls;
  #listener: StoreListener | undefined;

  constructor(terms: Terms) {
    this.#terms = terms;
    this.#calls = new Calls(terms.seat, () => this.#listener);
  }

  listen(listener: StoreListener): void {
    this.#listener = listener;
  }

  /** Tells whoever listens that something may be leasable. */
  hint(hints: Hints): void {
    hints.tell(this.#listener);
  }

  /** Resolves when other brokers have been called what came of all acts that are over. */
  called(): Promise<void> {
    return this.#calls.called();
  }

  /** Runs an act, all of it or nothing, and tells what came of it. */
  async act<T>(act: Act<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      const hints = new Hints();
      let stage: Stage = "act";
      try {
        const result = await this.#terms.db.use((connection) =>
          this.#run(connection, "act", hints, act, () => {
            stage = "commit";
          }),
        );
        this.hint(hints);
        this.#calls.tell(hints.called);
        return result;
      } catch (error) {
        if (isLostRace(error) && tries < TRIES) continue;
        throw databaseError(error, stage);
      }
    }
  }

  /** Runs a look; it sees one moment of the database. */
  async look<T>(look: Act<T>): Promise<T> {
    try {
      return await this.#terms.db.use((connection) => this.#run(connection, "look", new Hints(), look, () => {}));
    } catch (error) {
      throw databaseError(error);
    }
  }

  async #run<T>(
    connection: Connection,
    how: keyof typeof BEGIN,
    hints: Hints,
    act: Act<T>,
    committing: () => void,
  ): Promise<T> {
    const { epoch, remoteSenders, notice, damage, clock, seat } = this.#terms;
    const time = clock ? `; SET LOCAL agentmesh.now = '${Math.trunc(clock.now())}'` : "";
    const [begun] = await connection.script<{ now: number }>(`${BEGIN[how]}${time}; SELECT mesh_now() AS now`);
    if (!begun) throw new Error("the database does not tell its time");
    const numbers = new Numbers(connection);
    const base = { db: connection, now: begun.now, epoch, remoteSenders, numbers, hints, damage, seat };
    const context: EngineContext = {
      ...base,
      happened: eventNotes(base).note,
      notice: (...told) => hints.afterwards(() => notice(...told)),
    };
    try {
      const engine = engineOf(context);
      const result = await act(engine, context);
      const listener = this.#listener;
      if (how === "act" && listener?.offers) {
        await leaseForStreams(engine, context, (agentId) => listener.offers?.(agentId) ?? []);
      }
      committing();
      await connection.script("COMMIT");
      return result;
    } catch (error) {
      await connection.script("ROLLBACK").catch(() => {});
      throw error;
    }
  }
}
