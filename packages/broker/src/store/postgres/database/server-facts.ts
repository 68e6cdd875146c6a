/** What is told of a database's server. */
import type { Connection } from "../driver/database.ts";

/** Its version, and how many brokers sit at the database. */
export interface ServerFacts {
  readonly version: string;
  readonly brokers: number;
}

const FACTS = `
  SELECT current_setting('server_version') AS version,
    (SELECT COUNT(*) FROM broker WHERE renewed_at > clock_timestamp() - $1 * INTERVAL '1 millisecond') AS brokers`;

/** Asks for them; a seat that was not renewed for `endsMs` is none any more. */
export async function serverFacts(db: Connection, endsMs: number): Promise<ServerFacts> {
  const facts = await db.get<ServerFacts>(FACTS, [endsMs]);
  if (!facts) throw new Error("the database does not tell what it is");
  return facts;
}
