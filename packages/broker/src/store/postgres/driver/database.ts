/** What the engine asks of a driver: a pool of connections, and transactions over them. */

/** What a statement is given. */
export type Value =
  | string
  | number
  | null
  | readonly string[]
  | readonly number[]
  | readonly (number | null)[]
  | readonly (string | null)[];

/** Statements within a transaction; what is asked before the last one was answered is on its way with it. A connection parses each text once. */
export interface Statements {
  /** The first row. */
  get<Row extends object>(sql: string, values?: readonly Value[]): Promise<Row | undefined>;
  all<Row extends object>(sql: string, values?: readonly Value[]): Promise<Row[]>;
  /** How many rows it changed. */
  run(sql: string, values?: readonly Value[]): Promise<number>;
}

/** How a transaction is begun and ended: what goes to the database as it stands, and its rows. */
export interface Connection extends Statements {
  /** Several statements at once; the rows of the last. */
  script<Row extends object>(sql: string): Promise<Row[]>;
}

/** An open database. */
export interface Database {
  /** Lends a connection to an act; one that an error says is lost, or that is `spoiled`, is not lent again. */
  use<T>(act: (connection: Connection) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** How to reach a database. */
export interface DatabaseAddress {
  /** `postgres://…`; what it leaves out is the driver's. */
  readonly url: string;
  /** Asked for each new connection, so that a password may change under a broker that runs. */
  readonly password?: (() => string) | undefined;
  /** Whose connections they are: the end of their name in the database. */
  readonly owner?: string | undefined;
  /** Connections at most. */
  readonly connections: number;
  /** As long as this one is waited for, in milliseconds. */
  readonly connectMs: number;
  /** For so long an answer is waited for, in milliseconds; left out, longer than the database itself lets a statement take. */
  readonly silentMs?: number;
  /** Told of a connection that broke while nobody used it. */
  readonly onLost: (error: Error) => void;
}
