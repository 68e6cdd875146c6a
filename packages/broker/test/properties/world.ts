/** One engine under test in a folder of its own: its clock, its restarts, and what its listener was told. */
import { copyFileSync, existsSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AgentId, SessionId } from "@agentmesh/protocol";
import type {
  AskNotices,
  Bounce,
  InboxQuota,
  LeasedRecord,
  RetryPolicy,
  Store,
  StreamLeaseTerms,
} from "../../src/mesh/store.ts";
import { SLICES, type SliceSizes } from "../../src/store/sqlite/commits/slices.ts";
import type { Driver } from "../../src/store/sqlite/driver/database.ts";
import { openDatabase } from "../../src/store/sqlite/file/open.ts";
import { type OpenDatabase, sqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { driver } from "../store/drivers.ts";
import { type FakeClock, fakeClock } from "../store/fake-clock.ts";
import { PowerDisk } from "./power.ts";

/** Limits small enough that a hundred commands reach them. */
export const QUOTA: InboxQuota = { maxMessages: 7, maxBytes: 900 };
export const BOUNCE: Bounce = ({ state, recipient, seq, reason, body }) =>
  `${state}: ${recipient}#${seq}, ${reason}, ${body.length}`;
export const RETRY: RetryPolicy = {
  maxAttempts: 3,
  delayMs: (failures) => [0, 1_000, 5_000][failures - 1] ?? 5_000,
  bounce: BOUNCE,
};
export const NOTICES: AskNotices = {
  nudge: ({ messageId }) => `owed: ${messageId}`,
  bounce: ({ messageId }, held) => `${held ? "held" : "not answered"}: ${messageId}`,
};
/** What each pattern of the pool means, written out. */
export const MEANS: Readonly<Record<string, readonly string[]>> = {
  news: ["news"],
  "build.*": ["build.api", "build.web"],
  "build.>": ["build.api", "build.web", "build.api.failed"],
  "*.api": ["build.api"],
  ">": ["news", "build.api", "build.web", "build.api.failed"],
};
export const TOPICS: readonly string[] = MEANS[">"] ?? [];
export const STALE_AFTER_MS = 45_000;
export const OFFLINE_AFTER_MS = 120_000;
/** A heartbeat is on disk within this; after a kill a session counts as so much younger than its row. */
export const WRITTEN_WITHIN_MS = 60_000;
export const GRACE_AT_START_MS = 65_000;
export const KEY_WINDOW_MS = 900_000;
/** Not shorter than the window of the keys: the configuration sees to that. */
export const RETENTION_MS = 900_000;

/** How a broker ends: it is stopped, killed, or the power fails, and with it what is not on disk. */
export type End = "clean" | "kill" | "power cut";

/** How a copy takes the place of the database: over it, where it was removed, or moved over it. */
export type Restore = "in place" | "removed first" | "by rename";

/** Makes the store of an open database; a mutant gives another one. Called anew at each restart of one run. */
export type EngineMaker = (database: OpenDatabase, clock: FakeClock, sizes: SliceSizes) => Store;

export const soundEngine: EngineMaker = (database, clock, sizes) => sqliteStore(database, clock, undefined, sizes);

// In memory where there is such a folder: opening costs half of the time on a disk, and what power cuts leave is made.
const home = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

/** A broker's store, as its clients know it. */
export class World implements AsyncDisposable {
  readonly clock = fakeClock();
  /** Agents that the listener was told of since the last `forget`. */
  readonly told = new Set<AgentId>();
  grown = false;
  /** It was told that something happened. */
  happened = false;
  /** Agents of which it was said that all that was leasable is leased for their streams. */
  readonly served = new Set<AgentId>();
  /** Open streams, and what was leased for them since the last `forget`, in that order. */
  readonly streams = new Map<SessionId, StreamLeaseTerms>();
  readonly streamed: { readonly terms: StreamLeaseTerms; readonly leased: readonly LeasedRecord[] }[] = [];
  readonly #make: (database: OpenDatabase, clock: FakeClock) => Store;
  readonly #drivers: Driver[];
  readonly #folder = mkdtempSync(join(home, "agentmesh-properties-"));
  #disk: PowerDisk | undefined;
  #database: OpenDatabase;
  #store: Store;

  /** How many pieces one slice of an act takes; nothing in it depends on the time that it takes. */
  readonly pieces: number;

  /** With several drivers, each clean restart takes the next. */
  constructor(make: EngineMaker, drivers: readonly Driver[] = [driver], pieces = SLICES.pieces) {
    const sizes = { pieces, firstMs: 0, ms: 0, batchMs: Number.POSITIVE_INFINITY, followMs: 0 };
    this.pieces = pieces;
    this.#make = (database, clock) => make(database, clock, sizes);
    this.#drivers = [...drivers];
    this.#database = this.#openFile();
    this.#store = this.#listenTo(this.#make(this.#database, this.clock));
  }

  get store(): Store {
    return this.#store;
  }

  get now(): number {
    return this.clock.now();
  }

  forget(): void {
    this.told.clear();
    this.served.clear();
    this.streamed.length = 0;
    this.grown = false;
    this.happened = false;
  }

  /** `clean` closes first; `kill` opens the same file beside the old handle, which is then dropped. */
  async restart(how: End): Promise<void> {
    const before = this.#database;
    if (how !== "clean") this.#disk?.end();
    if (how === "power cut") this.#disk?.cut(() => before.db.close());
    if (how === "clean") {
      await this.#store.close();
      // Not after a kill: two libraries in one process know nothing of each other's locks.
      this.#drivers.push(...this.#drivers.splice(0, 1));
    }
    this.#database = this.#openFile();
    if (how !== "power cut") before.db.close();
    this.#store = this.#listenTo(this.#make(this.#database, this.clock));
  }

  /** Takes a copy of the database while it is open; it takes the place of the one before. */
  backUp(): void {
    const copy = this.#at("backup.db");
    rmSync(copy, { force: true });
    this.#database.db.prepare("VACUUM INTO ?").run(copy);
  }

  /** Ends the broker, puts the newest copy in place without the log, leaves the mark, and starts again. */
  async restore(how: Restore, end: "clean" | "kill"): Promise<void> {
    if (end === "clean") await this.#store.close();
    // What a killed broker leaves is not what its handle would say on closing: its mark is not written.
    else {
      await turn();
      this.#database.db.close();
    }
    const [database, copy, beside] = [this.#at("mesh.db"), this.#at("backup.db"), this.#at("beside.db")];
    for (const file of ["-wal", "-shm"]) rmSync(database + file, { force: true });
    if (how === "removed first") rmSync(database);
    copyFileSync(copy, how === "by rename" ? beside : database);
    if (how === "by rename") renameSync(beside, database);
    this.#database = this.#openFile();
    this.#store = this.#listenTo(this.#make(this.#database, this.clock));
  }

  #at(name: string): string {
    return join(this.#folder, name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await turn();
    this.#database.db.close();
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }

  #openFile(): OpenDatabase {
    const [driver] = this.#drivers;
    if (!driver) throw new Error("there is no driver");
    const options = { driver, folder: this.#folder, startEmpty: false, notice: () => {} };
    // "normal" has no log that is flushed: this suite has a disk of its own.
    const opened = openDatabase({ ...options, synchronous: "normal" });
    this.#disk = new PowerDisk(this.#at("mesh.db"));
    return { ...opened, log: this.#disk };
  }

  #listenTo(store: Store): Store {
    const current = () => this.#store === store;
    this.streams.clear();
    store.listen({
      ready: (agentId, isStreamed) => {
        if (!current()) return;
        this.told.add(agentId);
        if (isStreamed) this.served.add(agentId);
        else this.served.delete(agentId);
      },
      offers: (agentId) => (current() ? [...this.streams.values()].filter((terms) => terms.agentId === agentId) : []),
      leased: (session, leased) => {
        const terms = this.streams.get(session);
        if (!current() || !terms) throw new Error(`${session} has no stream, and was leased to`);
        this.streamed.push({ terms, leased });
      },
      advanced: () => {
        if (current()) this.grown = true;
      },
      happened: () => {
        if (current()) this.happened = true;
      },
    });
    return store;
  }
}

/** One turn of the event loop: a store tells its listener after it has answered. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
