/** The driver `pg`, loaded when a database is opened and not before. */
import { Socket } from "node:net";
import type { Client, ClientBase, ClientConfig, CustomTypesConfig } from "pg";
import { MeshError } from "../../../mesh/errors.ts";
import type { Connection, Database, DatabaseAddress, Value } from "./database.ts";
import { codeOf } from "./failure.ts";

/** Schema of all that is the mesh's. */
export const SCHEMA = "agentmesh";

/** By which the database lists a connection, and what it has room for of that with a space behind it. */
const NAME = "agentmesh";
const LONGEST_NAME = 62;

/** A BIGINT comes as text: what is counted and timed here is far below what a number holds. */
const BIGINT = 20;

/** A statement that hangs ends after this, in milliseconds. */
const GIVEN_UP_MS = 30_000;

/**
 * A transaction that was left alone ends after this: who holds it was stopped, or is behind a network that says nothing, and with its
 * locks keeps all brokers waiting.
 */
const LEFT_ALONE_MS = 5_000;

/** By then whatever is asked is answered, if anybody is still at the other end. */
const SILENT_MS = GIVEN_UP_MS + 5_000;

/** The driver is not installed. */
export class NoDatabaseDriverError extends Error {
  override readonly name = "NoDatabaseDriverError";
}

/** Opens a pool; no connection is made before the first is used. @throws NoDatabaseDriverError */
export async function nodePostgres({
  connections,
  onLost,
  silentMs = SILENT_MS,
  ...address
}: DatabaseAddress): Promise<Database> {
  const driver = await loaded();
  const pool = new driver.Pool({
    ...usual(driver, address),
    Client: class extends driver.Client {
      constructor(config: ClientConfig = {}) {
        super({ ...config, connectionString: whole(address) });
      }
    },
    max: connections,
    // What is asked together goes in one piece; each statement is answered by itself.
    pipeline: true,
    statement_timeout: GIVEN_UP_MS,
    idle_in_transaction_session_timeout: LEFT_ALONE_MS,
    // One that is not used is closed long before that.
    stream: () => endedBySilence(new Socket(), silentMs),
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

/** Nobody says so when what is between has forgotten a connection, and the system asks for a quarter of an hour. */
function endedBySilence(socket: Socket, ms: number): Socket {
  return socket.setTimeout(ms, () => socket.destroy());
}

/** A connection that is in no pool, not made yet. What it writes is no promise: nobody waits until it is on disk. */
export async function clientOf(address: ClientAddress): Promise<Client> {
  const driver = await loaded();
  return new driver.Client({
    ...usual(driver, address, "-c synchronous_commit=off"),
    connectionString: whole(address),
  });
}

/** What one connection is made with. */
type ClientAddress = Pick<DatabaseAddress, "url" | "password" | "owner" | "connectMs">;

async function loaded(): Promise<typeof import("pg")> {
  try {
    return await import("pg");
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND")) throw error;
    throw new NoDatabaseDriverError(
      "Postgres is opened by the package pg, which is not installed beside agentmesh-broker. Install it there: npm install pg",
    );
  }
}

/** The address with its password, and with whose connection this is: what stands in an address counts for the driver. */
function whole({ url, password, owner }: ClientAddress): string {
  const [server = "", query = ""] = url.split(/\?(.*)/s);
  const settings = new URLSearchParams(query);
  if (password !== undefined) settings.set("password", password());
  const name = settings.get("application_name") ?? NAME;
  if (owner !== undefined) settings.set("application_name", `${name.slice(0, LONGEST_NAME - owner.length)} ${owner}`);
  return `${server}?${settings}`;
}

function usual({ types }: typeof import("pg"), { url, connectMs }: ClientAddress, more = "") {
  const own: CustomTypesConfig = {
    getTypeParser: (oid, format) => (oid === BIGINT ? Number : types.getTypeParser(oid, format)),
  };
  return {
    connectionString: url,
    connectionTimeoutMillis: connectMs,
    keepAlive: true,
    application_name: NAME,
    options: `-c search_path=${SCHEMA} ${more}`,
    types: own,
  };
}

/** Names of statements, by their text: under its name a connection parses one once. */
const NAMES = new Map<string, string>();

/** More texts than the engine has; a connection keeps each that it was asked. */
const MOST_NAMES = 1_000;

/** The name of a statement; undefined for one beyond the most, which is parsed each time. */
function nameOf(text: string): string | undefined {
  const known = NAMES.get(text);
  if (known !== undefined || NAMES.size >= MOST_NAMES) return known;
  const name = `s${NAMES.size}`;
  NAMES.set(text, name);
  return name;
}

/** What the engine asks of a connection, over one of the driver's. */
export function connectionOf(client: ClientBase): Connection {
  const query = <Row extends object>(text: string, values: readonly Value[] = []) => {
    const name = nameOf(text);
    return client.query<Row>({ text, values: [...values], ...(name !== undefined && { name }) });
  };
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

/** Whether after this nothing can be asked on the connection any more; a refusal by the rules is none of its. */
function isLost(error: unknown): boolean {
  if (error instanceof MeshError) return false;
  const code = codeOf(error);
  // A code of the database has five characters; those that end the connection begin so.
  return code.length !== 5 || /^(08|57P|XX)/.test(code);
}
