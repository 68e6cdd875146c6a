/** Chooses the library that opens the database: better-sqlite3 where its addon loads, else Node's own SQLite. */
import type { Notice } from "../context.ts";
import { betterSqlite3 } from "./better-sqlite3.ts";
import type { Driver, DriverName } from "./database.ts";
import { LoadMark } from "./load-mark.ts";
import { nodeSqlite } from "./node-sqlite.ts";

/** No library opens a database here; the message says what each of them lacks and what to do. */
export class NoDriverError extends Error {
  override readonly name = "NoDriverError";
}

/** What the broker may take. */
export type WantedDriver = DriverName | "auto";

/** The library that was taken. */
export interface ChosenDriver {
  readonly driver: Driver;
  /** Why it is not better-sqlite3, where that was to be taken first. */
  readonly why: string | undefined;
}

const AGAIN = "Install agentmesh again on this machine (a package copied from another system has the wrong files)";
const OTHER_NODE = "run it with a Node 22.18 or newer as nodejs.org gives it: that has an SQLite of its own";

/** Loads the library for a state folder; a substitute is told to the log. @throws NoDriverError */
export async function chooseDriver(wanted: WantedDriver, folder: string, notice: Notice): Promise<ChosenDriver> {
  if (wanted === "node-sqlite") {
    const { driver, why } = await tried(nodeSqlite);
    if (driver) return { driver, why: undefined };
    throw new NoDriverError(
      `Node's own SQLite was asked for (sqliteDriver, AGENTMESH_SQLITE_DRIVER) and cannot be used: ${why}. Leave that setting out, or ${OTHER_NODE}.`,
    );
  }
  const addon = await (wanted === "auto" ? triedUnderMark(new LoadMark(folder)) : tried(betterSqlite3));
  if (addon.driver) return { driver: addon.driver, why: undefined };
  if (wanted === "better-sqlite3") {
    throw new NoDriverError(
      `better-sqlite3 was asked for (sqliteDriver, AGENTMESH_SQLITE_DRIVER) and cannot be loaded: ${addon.why}. Leave that setting out: the broker then takes Node's own SQLite.`,
    );
  }
  const own = await tried(nodeSqlite);
  if (!own.driver) {
    throw new NoDriverError(
      `The broker cannot open a database here. The addon of better-sqlite3 does not load: ${addon.why}. Node's own SQLite cannot be used: ${own.why}. ${AGAIN}, or ${OTHER_NODE}.`,
    );
  }
  const { name, sqlite } = own.driver;
  notice("warn", "store.driver", {
    driver: name,
    sqlite,
    why: `The addon of better-sqlite3 does not load: ${addon.why}`,
    detail: "Node's own SQLite is used instead; the mesh works the same",
  });
  return { driver: own.driver, why: addon.why };
}

type Tried =
  | { readonly driver: Driver; readonly why?: undefined }
  | { readonly driver?: undefined; readonly why: string };

async function tried(load: () => Driver | Promise<Driver>): Promise<Tried> {
  try {
    return { driver: await load() };
  } catch (error) {
    return { why: reasonOf(error) };
  }
}

/** Half an addon ends the process that loads it, with no error to catch: what did so is not loaded again. */
async function triedUnderMark(mark: LoadMark): Promise<Tried> {
  if (mark.isDeadly) {
    return {
      why: `it ended the broker each time it was loaded, as a damaged file does. Install agentmesh again; to try the same file once more, delete ${mark.path}`,
    };
  }
  mark.set();
  try {
    return await tried(betterSqlite3);
  } finally {
    mark.clear();
  }
}

/** The loader's own words, of one line, without the paths that Node lists beneath. */
function reasonOf(error: unknown): string {
  const [line = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
  return line.trim().replace(/\.$/, "");
}
