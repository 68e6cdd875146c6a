/** Runs acts and looks in transactions: an act that lost a race is done again, with what was left of the first try forgotten. */
import type { StoreListener } from "../../../mesh/store.ts";
import { leaseForStreams } from "../acts/streamed.ts";
import { databaseError, isLostRace, type Stage } from "../driver/failure.ts";
import { engineOf } from "../engine.ts";
import { type Act, begin, contextOf, type Terms } from "./begun.ts";
import { Calls } from "./calls.ts";
import { Groups } from "./groups.ts";
import { Hints } from "./hints.ts";
import type { Waiting } from "./waiting.ts";

/** Times that an act is tried. */
const TRIES = 10;

/** The transactions of a broker. */
export class Transactions {
  readonly #terms: Terms;
  readonly #calls: Calls;
  readonly #groups: Groups;
  #listener: StoreListener | undefined;

  constructor(terms: Terms) {
    this.#terms = terms;
    this.#calls = new Calls(terms.seat, () => this.#listener);
    this.#groups = new Groups(terms, {
      listener: () => this.#listener,
      alone: (act, seen) => this.act(act, seen),
      tell: (hints) => this.#tell(hints),
    });
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

  /** Runs an act with others that wait, in one transaction; resolves when it is committed or refused. */
  together(waiting: Waiting): Promise<void> {
    return this.#groups.run(waiting);
  }

  /** Runs an act, all of it or nothing, and tells what came of it. */
  async act<T>(act: Act<T>, seen = this.#terms.witness?.asked()): Promise<T> {
    for (let tries = 1; ; tries++) {
      const hints = new Hints();
      let stage: Stage = "act";
      try {
        const result = await this.#run("act", hints, act, (isDone) => {
          seen?.placed();
          if (isDone) stage = "commit";
        });
        seen?.answered();
        this.#tell(hints);
        return result;
      } catch (error) {
        if (isLostRace(error) && tries < TRIES) continue;
        seen?.answered();
        throw databaseError(error, stage);
      }
    }
  }

  /** Runs a look; it sees one moment of the database. */
  async look<T>(look: Act<T>): Promise<T> {
    try {
      return await this.#run("look", new Hints(), look, () => {});
    } catch (error) {
      throw databaseError(error);
    }
  }

  #tell(hints: Hints): void {
    this.hint(hints);
    this.#calls.tell(hints.called);
  }

  #run<T>(how: "act" | "look", hints: Hints, act: Act<T>, ending: (isDone: boolean) => void): Promise<T> {
    return this.#terms.db.use(async (connection) => {
      const now = await begin(connection, how, this.#terms);
      const context = contextOf(this.#terms, connection, { now, hints });
      try {
        const engine = engineOf(context);
        const result = await act(engine, context);
        const listener = this.#listener;
        if (how === "act" && listener?.offers) {
          await leaseForStreams(engine, context, (agentId) => listener.offers?.(agentId) ?? []);
        }
        ending(true);
        await connection.script("COMMIT");
        return result;
      } catch (error) {
        ending(false);
        await connection.script("ROLLBACK").catch(() => {});
        throw error;
      }
    });
  }
}
