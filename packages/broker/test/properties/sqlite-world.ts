/** The SQLite engine under test, in a folder of its own: kills, power cuts, backups and restores. */
import { copyFileSync, existsSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Store } from "../../src/mesh/store.ts";
import { SLICES, type SliceSizes } from "../../src/store/sqlite/commits/slices.ts";
import type { Driver } from "../../src/store/sqlite/driver/database.ts";
import { openDatabase } from "../../src/store/sqlite/file/open.ts";
import { type OpenDatabase, sqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { driver } from "../store/drivers.ts";
import { type FakeClock, fakeClock } from "../store/fake-clock.ts";
import { PowerDisk } from "./power.ts";
import { type End, type Restore, turn, World } from "./world.ts";

/** Makes the store of an open database; a mutant gives another one. Called anew at each restart of one run. */
export type EngineMaker = (database: OpenDatabase, clock: FakeClock, sizes: SliceSizes) => Store;

export const soundEngine: EngineMaker = (database, clock, sizes) => sqliteStore(database, clock, undefined, sizes);

// In memory where there is such a folder: opening costs half of the time on a disk, and what power cuts leave is made.
const home = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

/** A broker's store, as its clients know it. */
export class SqliteWorld extends World {
  readonly clock = fakeClock();
  readonly ways = { writesHeartbeats: false, ownsClock: true, looksSeeActs: true };
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
    super();
    const sizes = { pieces, firstMs: 0, ms: 0, batchMs: Number.POSITIVE_INFINITY, followMs: 0 };
    this.pieces = pieces;
    this.#make = (database, clock) => make(database, clock, sizes);
    this.#drivers = [...drivers];
    this.#database = this.#openFile();
    this.#store = this.#begun(this.#make(this.#database, this.clock));
  }

  get store(): Store {
    return this.#store;
  }

  override async quiet(): Promise<void> {
    // What the engine does by itself, such as indexing words, is on disk: what is asked now is committed in the next turn.
    await this.#store.stats();
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
    this.#store = this.#begun(this.#make(this.#database, this.clock));
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
    this.#store = this.#begun(this.#make(this.#database, this.clock));
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

  #begun(store: Store): Store {
    this.streams.clear();
    return this.listenTo(
      store,
      () => this.#store === store,
      () => true,
    );
  }
}
