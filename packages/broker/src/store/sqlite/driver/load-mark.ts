/** A mark in the state folder while the addon is being loaded: it stays where loading ended the process. */
import { readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import * as z from "zod";

const Mark = z.object({
  pid: z.int(),
  at: z.number(),
  /** What was loaded. */
  addon: z.string(),
  /** How many processes before this one died over it, in a row. */
  deaths: z.int(),
});

/** A start may be killed by chance while it loads; twice in a row it is the file. */
const DEATHS_OF_DAMAGE = 2;
const LOADS_WITHIN_MS = 10_000;

/** The file `addon.loading` of a state folder. */
export class LoadMark {
  readonly path: string;

  constructor(folder: string) {
    this.path = join(folder, "addon.loading");
  }

  /** Whether what is installed has ended the processes that loaded it. */
  get isDeadly(): boolean {
    return this.#deaths() >= DEATHS_OF_DAMAGE;
  }

  /** Set, or left out on a disk that takes no file: then nothing is remembered. */
  set(): void {
    try {
      const mark: z.infer<typeof Mark> = {
        pid: process.pid,
        at: Date.now(),
        addon: installed(),
        deaths: this.#deaths(),
      };
      writeFileSync(this.path, JSON.stringify(mark), { mode: 0o600 });
    } catch {}
  }

  /** Taken back: this process lives. */
  clear(): void {
    try {
      rmSync(this.path, { force: true });
    } catch {
      // It says that this process may have died over the addon: once, which counts for nothing.
    }
  }

  #deaths(): number {
    try {
      const { pid, at, addon, deaths } = Mark.parse(JSON.parse(readFileSync(this.path, "utf8")));
      if (addon !== installed()) return 0;
      // In containers the next broker often has the pid of the last one.
      const loads = pid !== process.pid && Math.abs(Date.now() - at) < LOADS_WITHIN_MS && isAlive(pid);
      return loads ? deaths : deaths + 1;
    } catch {
      return 0;
    }
  }
}

/** Names what would be loaded, by which Node; another one after each installation. */
function installed(): string {
  const main = createRequire(import.meta.url).resolve("better-sqlite3");
  return `${main} ${Math.round(statSync(main).ctimeMs)} ${process.version}`;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
