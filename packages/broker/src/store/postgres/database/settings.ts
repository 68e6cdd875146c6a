/** What a database must be set to, so that what was committed is on disk and is what was written. */
import type { Connection } from "../driver/database.ts";

/** The database would lose or change what it was given. */
export class UnsafeDatabaseError extends Error {
  override readonly name = "UnsafeDatabaseError";
}

/** The oldest version of the server that is tried. */
const OLDEST = 140_000;

const SETTINGS = `
  SELECT current_setting('fsync') AS fsync, current_setting('full_page_writes') AS full_page_writes,
    current_setting('synchronous_commit') AS synchronous_commit, current_setting('server_encoding') AS encoding,
    current_setting('server_version_num')::INTEGER AS version, pg_is_in_recovery() AS is_replica`;

interface Settings {
  readonly fsync: string;
  readonly full_page_writes: string;
  readonly synchronous_commit: string;
  readonly encoding: string;
  readonly version: number;
  readonly is_replica: boolean;
}

/** Looks at them. @throws UnsafeDatabaseError saying what is wrong, and what to do */
export async function checkSettings(connection: Connection): Promise<void> {
  const settings = await connection.get<Settings>(SETTINGS);
  const why = settings === undefined ? "it does not tell its settings" : whyUnsafe(settings);
  if (why !== undefined) throw new UnsafeDatabaseError(`This database keeps no mesh: ${why}`);
}

function whyUnsafe(settings: Settings): string | undefined {
  const { fsync, full_page_writes, synchronous_commit, encoding, version, is_replica } = settings;
  if (version < OLDEST) return "its server is older than Postgres 14. Use Postgres 14 to 18.";
  if (is_replica) return "it is a replica, which is only read. Name the server that takes writes.";
  if (encoding !== "UTF8") return `its encoding is ${encoding}. Make a database with the encoding UTF8.`;
  if (fsync !== "on") return "fsync is off, and a power cut would lose what was accepted. Set fsync = on.";
  if (full_page_writes !== "on") {
    return "full_page_writes is off, and a power cut could damage what was stored. Set full_page_writes = on.";
  }
  if (synchronous_commit === "off") {
    return "synchronous_commit is off, and a crash would lose what was accepted. Set synchronous_commit = on.";
  }
  return undefined;
}
