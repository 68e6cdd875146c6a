/** The driver `pg`, loaded when a database is opened and not before. */
import type { Client, ClientBase, CustomTypesConfig } from "pg";
import type { Connection, Database, DatabaseAddress, Value } from "./database.ts";

/** Schema of all that is the mesh's. */
export const SCHEMA = "agentmesh";

/** A BIGINT comes as text: what is counted and timed here is far below what a number holds. */
const BIGINT = 20;

/** A transaction that was left alone, or a statement that hangs, ends after this. */
const GIVEN_UP_MS = 30_000;

/** Opens a pool; no connection is made before the first is used. */
export async function nodePostgres({ url, connections, connectMs, onLost }: DatabaseAddress): Promise<Database> {
  const driver = await import("pg");
  const pool = new driver.Pool({
    ...usual(driver, url, connectMs),
    max: connections,
    statement_timeout: GIVEN_UP_MS,
    idle_in_transaction_session_timeout: GIVEN_UP_MS,
  });
  pool.on("error", onLost);
  // Told by the statement under way, too. From the beginning: the server may go in the moment in which a connection is lent.
  pool.on("connect", (client) => client.on("error", () => {}));
  return {
    async use(act) {
      const client = await pool.connect();
      let failure: unknown;
      try {
        return await act(connectionOf(client));
      } catch (error) {
        failure = error;
        throw error;
      } finally {
        client.release(failure !== undefined && isLost(failure));
      }
    },
    async close() {
      if (!pool.ending) await pool.end();
    },
  };
}

/** A connection that is in no pool, not made yet. What it writes is no promise: nobody waits until it is on disk. */
export async function clientOf(url: string, connectMs: number): Promise<Client> {
  const driver = await import("pg");
  return new driver.Client(usual(driver, url, connectMs, "-c synchronous_commit=off"));
}

function usual({ types }: typeof import("pg"), url: string, connectMs: number, more = "") {
  const own: CustomTypesConfig = {
    getTypeParser: (oid, format) => (oid === BIGINT ? Number : types.getTypeParser(oid, format)),
  };
  return {
    connectionString: url,
    connectionTimeoutMillis: connectMs,
    keepAlive: true,
    application_name: "agentmesh",
    options: `-c search_path=${SCHEMA} ${more}`,
    types: own,
  };
}

/** What the engine asks of a connection, over one of the driver's. */
export function connectionOf(client: ClientBase): Connection {
  const query = <Row extends object>(sql: string, values: readonly Value[] = []) => client.query<Row>(sql, [...values]);
  return {
    get: async <Row extends object>(sql: string, values?: readonly Value[]) => (await query<Row>(sql, values)).rows[0],
    all: async <Row extends object>(sql: string, values?: readonly Value[]) => (await query<Row>(sql, values)).rows,
    run: async (sql, values) => (await query(sql, values)).rowCount ?? 0,
    async script<Row extends object>(sql: string) {
      // Several statements are answered with as many results, which the types of the driver do not say.
      const results: unknown = await client.query<Row>(sql);
      const last: unknown = Array.isArray(results) ? results.at(-1) : results;
      return rowsOf<Row>(last);
    },
  };
}

function rowsOf<Row extends object>(result: unknown): Row[] {
  if (typeof result !== "object" || result === null || !("rows" in result) || !Array.isArray(result.rows)) return [];
  return result.rows;
}

/** Whether after this nothing can be asked on the connection any more. */
function isLost(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  // A code of the database has five characters; those that end the connection begin so.
  return code.length !== 5 || /^(08|57P|XX)/.test(code);
}
