/** Brings a database to the newest schema: forward only, one broker at a time, all missing steps in one transaction. */
import type { Connection } from "../driver/database.ts";
import { parties } from "../migrations/0001-parties.ts";
import { messages } from "../migrations/0002-messages.ts";
import { counts } from "../migrations/0003-counts.ts";
import { followed } from "../migrations/0004-followed.ts";
import { brokers } from "../migrations/0005-brokers.ts";
import { eventWebhooks } from "../migrations/0006-event-webhooks.ts";
import { meshKeys } from "../migrations/0007-mesh-key.ts";
import { shared } from "../migrations/0008-shared.ts";
import { countsOfMany } from "../migrations/0009-counts-of-many.ts";
import { waived } from "../migrations/0010-waived.ts";
import { countedByAct } from "../migrations/0011-counted-by-act.ts";

/** Every migration in order; the schema is how many a database has. Never edited after a release. */
export const migrations: readonly string[] = [
  parties,
  messages,
  counts,
  followed,
  brokers,
  eventWebhooks,
  meshKeys,
  shared,
  countsOfMany,
  waived,
  countedByAct,
];

/** Which of all advisory locks of a database the migrations of a mesh take. */
const LOCK = 2_026_113_001;

/** The database was written by a newer broker. */
export class NewerSchemaError extends Error {
  override readonly name = "NewerSchemaError";
}

/** Applies what is missing, all of it or nothing. @throws NewerSchemaError */
export async function migrate(connection: Connection): Promise<{ readonly from: number; readonly to: number }> {
  const to = migrations.length;
  await connection.script("BEGIN");
  try {
    await connection.run("SELECT pg_advisory_xact_lock($1)", [LOCK]);
    await connection.script(
      "CREATE SCHEMA IF NOT EXISTS agentmesh; CREATE TABLE IF NOT EXISTS agentmesh.migration (version INTEGER PRIMARY KEY)",
    );
    const has = await connection.get<{ version: number | null }>("SELECT MAX(version) AS version FROM migration");
    const from = has?.version ?? 0;
    if (from > to) {
      throw new NewerSchemaError(
        `The database has schema ${from}; this broker knows schema ${to}. Start a broker of the version that wrote it, or a newer one.`,
      );
    }
    for (const sql of migrations.slice(from)) await connection.script(sql);
    if (from < to) await connection.run("INSERT INTO migration (version) VALUES ($1)", [to]);
    await connection.script("COMMIT");
    return { from, to };
  } catch (error) {
    await connection.script("ROLLBACK").catch(() => {});
    throw error;
  }
}
