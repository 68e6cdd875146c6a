/**
 * Group commit: acts that wait share one transaction, and are answered when it is committed. While one is committed the next one
 * may begin: it waits in the database for what both need. What fails a group is found by doing its acts one by one.
 */
import type { StoreListener } from "../../../mesh/store.ts";
import { databaseError, isCrossing, unheardWhy } from "../driver/failure.ts";
import type { Act, SeenAct, Terms } from "./begun.ts";
import { Group } from "./group.ts";
import type { Hints } from "./hints.ts";
import type { Waiting } from "./waiting.ts";

/** Acts of one group at most. */
const MOST = 128;

/** Of those that are done by themselves, so many at a time: each has a connection. */
const AT_ONCE = 4;

/** How acts are done without others, and what is told of those that are done. */
export interface GroupHooks {
  readonly listener: () => StoreListener | undefined;
  readonly alone: <T>(act: Act<T>, seen: SeenAct | undefined) => Promise<T>;
  readonly tell: (hints: Hints) => void;
}

interface Entry {
  readonly waiting: Waiting;
  readonly done: () => void;
}

/** The groups of a broker. */
export class Groups {
  readonly #terms: Terms;
  readonly #hooks: GroupHooks;
  #entries: Entry[] = [];
  /** Those under way, and of them the ones that are not being committed yet. */
  #running = 0;
  #open = 0;
  #scheduled = false;

  constructor(terms: Terms, hooks: GroupHooks) {
    this.#terms = terms;
    this.#hooks = hooks;
  }

  /** Does it with others; resolves when whoever asked was told what came of it. */
  run(waiting: Waiting): Promise<void> {
    return new Promise((done) => {
      this.#entries.push({ waiting, done });
      this.#schedule();
    });
  }

  /** What comes in the same turn of the event loop goes together. */
  #schedule(): void {
    if (this.#scheduled || this.#open > 0 || this.#running > 1) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (this.#open > 0 || this.#running > 1 || this.#entries.length === 0) return;
      void this.#begin(this.#entries.splice(0, MOST));
    });
  }

  async #begin(entries: readonly Entry[]): Promise<void> {
    this.#running++;
    this.#open++;
    let isOpen = true;
    const committing = () => {
      if (!isOpen) return;
      isOpen = false;
      this.#open--;
      if (this.#entries.length > 0) this.#schedule();
    };
    const left = await this.#together(entries, committing);
    committing();
    this.#running--;
    if (this.#entries.length > 0) this.#schedule();
    const rest = left.values();
    const some = async () => {
      for (const entry of rest) await this.#alone(entry);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, some));
  }

  /** Does them in one transaction; returns those that are to be done by themselves. */
  async #together(entries: readonly Entry[], committing: () => void): Promise<readonly Entry[]> {
    const group = new Group(
      this.#terms,
      this.#hooks.listener(),
      entries.map(({ waiting }) => waiting),
    );
    try {
      await this.#terms.db.use((connection) => group.run(connection, committing));
    } catch (error) {
      // What the database refused is stored of none; of what broke behind the COMMIT nobody knows.
      if (unheardWhy(error, group.stage) === undefined) {
        // What a group finds missing nobody can make meanwhile: it has the locks.
        if (!isCrossing(error)) this.#tellApart(entries.length, error);
        return entries;
      }
      for (const { waiting, done } of entries) {
        waiting.seen?.answered();
        waiting.refuse(databaseError(error, group.stage));
        done();
      }
      return [];
    }
    this.#hooks.tell(group.hints);
    const left: Entry[] = [];
    for (const entry of entries) {
      const told = group.told.get(entry.waiting);
      if (!told) left.push(entry);
      else {
        told();
        entry.waiting.seen?.answered();
        entry.done();
      }
    }
    return left;
  }

  /** What no other transaction is to blame for would happen again, and costs each act a transaction of its own. */
  #tellApart(acts: number, error: unknown): void {
    const detail =
      "what was to share a transaction was refused by the database: each act is done by itself, which is slow";
    this.#terms.notice("warn", "acts.apart", { acts, why: String(error), detail });
  }

  async #alone({ waiting, done }: Entry): Promise<void> {
    try {
      const tell = await this.#hooks.alone(waiting.act, waiting.seen);
      tell();
    } catch (error) {
      waiting.refuse(error);
    }
    done();
  }
}
