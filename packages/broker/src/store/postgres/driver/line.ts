/**
 * A connection of a broker's own beside the pool, for what lasts as long as the broker: it hears what others call into a channel,
 * and is made anew when it breaks.
 */
import type { Client } from "pg";
import type { Connection } from "./database.ts";
import { clientOf, connectionOf } from "./node-postgres.ts";

/** How to hold it. */
export interface LineTerms {
  readonly url: string;
  readonly password?: (() => string) | undefined;
  readonly connectMs: number;
  readonly channel: string;
  /** Done on each new connection before anything else is asked on it; when it fails there is another one. */
  readonly begin: (connection: Connection) => Promise<void>;
  /** Something was called into the channel. */
  readonly onCall: (payload: string) => void;
  /** What was called before may not have been heard: the connection is new. */
  readonly onHearing: () => void;
}

/** A line to the database. */
export interface Line {
  /** Asks on it. @throws when it is broken, or breaks */
  ask<Row extends object>(sql: string, values?: readonly (string | number)[]): Promise<Row[]>;
  /** Whether something can be asked just now. */
  readonly isUp: boolean;
  close(): Promise<void>;
}

/** When another connection is tried, in milliseconds: soon, then less often. */
const TRY_AGAIN_MS = [50, 200, 500, 1_000];

/** A statement that is not answered for so long says that nobody is at the other end any more, in milliseconds. */
const HANGS_MS = 5_000;

/** Opens it. @throws when the first connection is not to be had, or cannot begin */
export async function openLine(terms: LineTerms): Promise<Line> {
  let current: { readonly client: Client; readonly broken: () => void } | undefined;
  let isClosed = false;
  let tries = 0;
  let waiting: NodeJS.Timeout | undefined;

  const connect = async (): Promise<void> => {
    const made = await clientOf(terms);
    const broken = () => {
      if (current?.client !== made) return;
      current = undefined;
      void made.end().catch(() => {});
      again();
    };
    made.on("error", broken);
    made.on("end", broken);
    made.on("notification", ({ payload }) => {
      if (current?.client === made && payload !== undefined) terms.onCall(payload);
    });
    try {
      await made.connect();
      await made.query(`LISTEN ${terms.channel}`);
      await terms.begin(connectionOf(made));
    } catch (error) {
      void made.end().catch(() => {});
      throw error;
    }
    if (isClosed) return made.end();
    current = { client: made, broken };
    tries = 0;
    terms.onHearing();
  };
  const again = (): void => {
    if (isClosed) return;
    const ms = TRY_AGAIN_MS[Math.min(tries++, TRY_AGAIN_MS.length - 1)];
    waiting = setTimeout(() => {
      connect().catch(again);
    }, ms);
  };

  await connect();
  return {
    get isUp() {
      return current !== undefined;
    },
    async ask<Row extends object>(sql: string, values: readonly (string | number)[] = []) {
      const asked = current;
      if (!asked) throw new Error("Connection terminated");
      // One that hangs is not closed by the other end.
      const hangs = setTimeout(() => asked.broken(), HANGS_MS);
      try {
        return (await asked.client.query<Row>(sql, [...values])).rows;
      } finally {
        clearTimeout(hangs);
      }
    },
    async close() {
      isClosed = true;
      clearTimeout(waiting);
      const last = current;
      current = undefined;
      await last?.client.end();
    },
  };
}
