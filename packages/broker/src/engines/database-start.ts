/** The start on a database of Postgres: one that is away is waited for, one that refuses is not. */
import { setTimeout as delay } from "node:timers/promises";
import { passwordIn } from "../password-file.ts";
import { type OpenPostgres, openPostgres } from "../store/postgres/database/open.ts";
import { shownAddress } from "../store/postgres/database/shown-address.ts";
import { awayWhy, refusalOf } from "../store/postgres/driver/failure.ts";
import type { EngineTerms } from "./kept-in.ts";

/** The database could not be reached for as long as a start waits. */
export class DatabaseAwayError extends Error {
  override readonly name = "DatabaseAwayError";
}

/** The database does not let this broker in, or is not there. */
export class DatabaseRefusedError extends Error {
  override readonly name = "DatabaseRefusedError";
}

/** Whoever started the broker stopped it before it had begun. */
export class StartEndedError extends Error {
  override readonly name = "StartEndedError";
}

/** When it is tried again, in milliseconds. */
const AGAIN_MS = 500;
/** How long one connection is waited for, in milliseconds. */
const CONNECT_MS = 5_000;

/** Opens it. @throws DatabaseAwayError, DatabaseRefusedError, StartEndedError, and what opening one throws */
export async function openedInTime({
  config,
  notice,
  ending,
  owner,
}: EngineTerms & { readonly owner: string }): Promise<OpenPostgres> {
  const { database: url, databaseConnections: connections, databasePasswordFile, databaseWaitMs } = config;
  const address = shownAddress(url);
  const password = passwordIn(databasePasswordFile);
  const since = performance.now();
  let told = false;
  for (;;) {
    if (ending?.aborted) throw new StartEndedError("stopped while it waited for its database");
    try {
      return await openPostgres({ url, password, connections, connectMs: CONNECT_MS, owner });
    } catch (error) {
      const why = awayWhy(error);
      if (why === undefined) throw refused(error, address);
      if (performance.now() - since >= databaseWaitMs) {
        throw new DatabaseAwayError(
          `The database ${address} could not be reached for ${databaseWaitMs} ms (${why}). Start it, or correct --database; then start the broker again.`,
        );
      }
      if (!told) notice("warn", "store.awaited", { address, why, waitMs: databaseWaitMs });
      told = true;
      await delay(AGAIN_MS, undefined, { signal: ending }).catch(() => {});
    }
  }
}

/** What each refusal asks for, by the beginning of its code. */
const REMEDIES: readonly (readonly [code: string, remedy: string])[] = [
  ["28", "Correct the user in --database, or its password in --database-password-file or PGPASSFILE"],
  ["3D", "Make the database (createdb), or correct --database"],
  ["42501", "Give its user the database: GRANT CREATE, CONNECT ON DATABASE … TO …"],
  ["TLS", "Correct sslmode and sslrootcert in --database"],
];

/** What the server said, with what to do; any other failure as it is. */
function refused(error: unknown, address: string): unknown {
  const refusal = refusalOf(error);
  if (!refusal) return error;
  const remedy = REMEDIES.find(([of]) => refusal.code.startsWith(of))?.[1] ?? "Look into its log";
  return new DatabaseRefusedError(`The database ${address} refused the broker (${refusal.why}). ${remedy}.`);
}
