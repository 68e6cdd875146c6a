/**
 * Group commit: the acts of one event-loop turn share one transaction, and are answered after it is on disk; what comes
 * until then shares the next (decision 0026).
 * Callers take turns, and what may be big is done a slice at a time: no one act holds the event loop (decision 0016).
 */

import type { Database, Statement } from "../driver/database.ts";
import { Undo } from "../memory/undo.ts";
import { type Act, slicedAct, wholeAct } from "./act.ts";
import { Durable, type Flusher } from "./durable.ts";
import { Rounds } from "./rounds.ts";
import { actsInRound, type Budget, SLICES, type Slice, type SliceSizes } from "./slices.ts";
import { codeOf, type DiskTrouble, isFull, storageError, unknownError } from "./storage-error.ts";

const MAX_BATCH = 256;
/** So many acts are not kept waiting until the disk has taken what came before them. */
const ENOUGH = 16;

/** What is done around each transaction. */
export interface CommitHooks {
  /** What follows from its acts and is done in it, each whole or not at all, as far as there is time. */
  readonly followUps: () => Iterable<() => void>;
  /** It is committed; what is returned is done when it is on disk, before its promises resolve. */
  readonly committed: () => () => void;
  /** It is lost, with all that was done in it. */
  readonly lost: () => void;
}

/** Runs acts, each lane's in the order they came; each is atomic and durable when its promise resolves. */
export class CommitQueue {
  readonly #db: Database;
  readonly #hooks: CommitHooks;
  readonly #trouble: DiskTrouble;
  readonly #sizes: SliceSizes;
  readonly #undo: Undo;
  readonly #sql: Record<"begin" | "commit" | "mark" | "keep" | "undo", Statement>;
  readonly #rounds = new Rounds<Act>(actsInRound);
  readonly #durable: Durable;
  #scheduled = false;
  #asked = 0;
  /** Whether what follows is left to who is told: there was no room for it. */
  #actsAlone = false;
  /** Whether the next transaction of this turn is for one slice more of what was begun, behind what others asked. */
  #isForSlice = false;

  /** With what is lost or refused, `undo` takes back what it changed in memory. Without a `disk` a COMMIT is enough. */
  constructor(
    db: Database,
    hooks: CommitHooks,
    trouble: DiskTrouble,
    sizes = SLICES,
    undo = new Undo(),
    disk?: Flusher,
  ) {
    this.#db = db;
    this.#hooks = hooks;
    this.#trouble = trouble;
    this.#sizes = sizes;
    this.#undo = undo;
    this.#durable = new Durable(disk, {
      flushed: () => {
        if (!this.#rounds.isEmpty) this.#schedule();
      },
      failed: (error) => trouble.unsynced(error instanceof Error ? error : new Error(String(error))),
    });
    this.#sql = {
      begin: db.prepare("BEGIN IMMEDIATE"),
      commit: db.prepare("COMMIT"),
      mark: db.prepare("SAVEPOINT item"),
      keep: db.prepare("RELEASE item"),
      undo: db.prepare("ROLLBACK TO item"),
    };
  }

  run<T>(lane: string, act: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => this.#add(wholeAct(lane, act, resolve, reject)));
  }

  /**
   * Runs an act that may be big: a slice in each transaction until one says that there is no more. `slice` is given the parts that are
   * committed, and may run twice for the same one. Resolves to all parts, when on disk; rejects when a slice fails, with those that are left in what it gave.
   */
  runSliced<T>(lane: string, slice: (budget: Budget, before: readonly T[]) => Slice<T>): Promise<readonly T[]> {
    return new Promise((resolve, reject) => this.#add(slicedAct(lane, slice, this.#sizes, resolve, reject)));
  }

  /** Commits what waits and brings it to disk, now: at a start, before anybody is served. */
  flush(): void {
    this.#durable.now(() => {
      while (!this.#rounds.isEmpty) this.#commit();
    });
  }
  /** Commits what waits, and resolves when all of it is on disk. @throws MeshError store_unavailable when nobody knows */
  async drain(): Promise<void> {
    do {
      if (!this.#rounds.isEmpty) this.#commit();
      await this.settled();
    } while (!this.#rounds.isEmpty);
  }

  /** Resolves when all that is committed now is on disk. @throws MeshError store_unavailable when nobody knows */
  readonly settled = (): Promise<void> => this.#durable.settled();

  #add(act: Act): void {
    this.#rounds.add(act);
    this.#asked++;
    // What comes while the disk takes the last ones goes together.
    if (!this.#durable.isFlushing || this.#asked >= ENOUGH) this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#commit();
      if (!this.#rounds.isEmpty) this.#schedule();
    });
  }

  #commit(): void {
    this.#asked = 0;
    // On a full disk the same acts are tried again as long as room can be made for them.
    for (let tries = 0; !this.#commitOnce(tries); tries++);
    if (this.#isForSlice) for (let tries = 0; !this.#commitOnce(tries); tries++);
    this.#isForSlice = false;
  }

  /** False when it was lost to a full disk, room was made, and its acts wait again. */
  #commitOnce(tries: number): boolean {
    const began = performance.now();
    const done: Act[] = [];
    try {
      this.#sql.begin.run();
    } catch (error) {
      if (isFull(error) && this.#trouble.makeRoom(tries)) return false;
      // Another program holds the lock: all that wait are told now, instead of one after the other.
      for (const item of this.#rounds.takeAll()) this.#fail(item, storageError(error, item.begun));
      return true;
    }
    let current: Act | undefined;
    let followingUp = false;
    let ran = 0;
    this.#undo.begin();
    try {
      const isForSlice = this.#isForSlice && this.#rounds.hasBegun;
      // One at least, however long the machine paused since it began.
      do {
        current = isForSlice ? undefined : this.#rounds.next();
        if (!current) break;
        ran++;
        if (this.#runOne(current)) done.push(current);
      } while (done.length < MAX_BATCH && performance.now() - began < this.#sizes.batchMs);
      // One that goes on, of all, by itself: what was asked for since is neither behind it nor answered with it.
      if (ran === 0) {
        current = this.#rounds.nextSliced();
        if (current && this.#runOne(current)) done.push(current);
      }
      current = undefined;
      followingUp = true;
      if (!this.#actsAlone)
        this.#followUp(Math.max(began + this.#sizes.batchMs, performance.now() + this.#sizes.followMs));
      followingUp = false;
      this.#sql.commit.run();
    } catch (error) {
      if (this.#db.inTransaction) this.#db.exec("ROLLBACK");
      this.#undo.back();
      this.#undo.end();
      this.#hooks.lost();
      const lost = current ? [...done, current] : done;
      if (isFull(error) && followingUp) {
        this.#actsAlone = true;
        this.#rounds.putBack(lost);
        return false;
      }
      this.#actsAlone = false;
      if (isFull(error) && this.#trouble.makeRoom(tries)) {
        this.#rounds.putBack(lost);
        return false;
      }
      for (const item of lost) this.#fail(item, storageError(error, item.begun));
      if (error instanceof Error && /^SQLITE_IOERR_(DIR_)?FSYNC$/.test(codeOf(error))) this.#trouble.unsynced(error);
      return true;
    }
    this.#undo.end();
    this.#actsAlone = false;
    this.#isForSlice = ran > 0 && this.#rounds.hasBegun;
    const kept = this.#hooks.committed();
    for (const item of done) {
      item.committed();
      if (item.hasMore()) this.#rounds.goOn(item);
    }
    this.#durable.add({
      kept: () => {
        kept();
        for (const item of done) item.kept();
      },
      failed: (error) => {
        for (const item of done) this.#fail(item, unknownError(error));
      },
    });
    return true;
  }

  #fail(item: Act, failure: unknown): void {
    if (item.sliced) this.#rounds.whole(item);
    // What it has committed before is its answer, and is on disk first.
    const fail = () => item.failed(failure);
    if (item.begun) void this.#durable.settled().then(fail, fail);
    else fail();
  }

  /** What cannot be done here is left to who is told after the commit. Throws when the whole transaction is lost. */
  #followUp(until: number): void {
    for (const followUp of this.#hooks.followUps()) {
      if (performance.now() >= until) return;
      this.#sql.mark.run();
      const { place } = this.#undo;
      try {
        followUp();
      } catch (error) {
        if (!this.#db.inTransaction || isFull(error)) throw error;
        this.#sql.undo.run();
        this.#undo.back(place);
      }
      this.#sql.keep.run();
    }
  }

  /** Runs one act in a savepoint: a refusal undoes that act alone. Throws when the whole transaction is lost. */
  #runOne(item: Act): boolean {
    this.#sql.mark.run();
    const { place } = this.#undo;
    try {
      item.act();
      this.#sql.keep.run();
      // What is behind it goes on in the same transaction.
      if (item.sliced && !item.hasMore()) this.#rounds.whole(item);
      return true;
    } catch (error) {
      if (!this.#db.inTransaction || isFull(error)) throw error;
      this.#sql.undo.run();
      this.#undo.back(place);
      this.#sql.keep.run();
      this.#fail(item, storageError(error, item.begun));
      return false;
    }
  }
}
