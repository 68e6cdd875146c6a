/**
 * Sees in which order the acts of a step were done. An act holds what it has locked until it ends, and takes its numbers last: so
 * a moment at which it had its number, or was about to end without one, is behind that of each act it had to wait for.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { Connection, Database } from "../../../src/store/postgres/driver/database.ts";
import { isLostRace } from "../../../src/store/postgres/driver/failure.ts";

const IS_ACT = /^BEGIN ISOLATION LEVEL READ COMMITTED/;
const TAKES_NUMBER = /^UPDATE counter |FROM counter FOR NO KEY UPDATE/;

/** What was done since the last `forget`. */
export class SeenActs {
  readonly #asking = new AsyncLocalStorage<number>();
  readonly #done: { readonly of: number; readonly at: number }[] = [];
  #moments = 0;

  /** Asks as the n-th: the acts that come of it are its. */
  asked<T>(n: number, ask: () => Promise<T>): Promise<T> {
    return this.#asking.run(n, ask);
  }

  forget(): void {
    this.#done.length = 0;
  }

  order(): readonly number[] {
    return this.#done.toSorted((a, b) => a.at - b.at).map(({ of }) => of);
  }

  /** A database whose acts are seen, until its broker is killed: then nothing more is asked of it. */
  over(db: Database): { readonly db: Database; readonly kill: () => void } {
    let isOver = false;
    const seen: Database = {
      use: (act) => {
        if (isOver) return new Promise(() => {});
        const of = this.#asking.getStore();
        return db.use(async (connection) => {
          let isAct = false;
          let at: number | undefined;
          const followed: Connection = {
            ...connection,
            get: async (sql, values) => {
              const row = await connection.get<never>(sql, values);
              if (TAKES_NUMBER.test(sql.trim())) at ??= ++this.#moments;
              return row;
            },
            script: (sql) => {
              if (IS_ACT.test(sql)) isAct = true;
              if (sql === "COMMIT" || sql === "ROLLBACK") at ??= ++this.#moments;
              return connection.script(sql);
            },
          };
          const note = () => {
            if (isAct && of !== undefined && at !== undefined) this.#done.push({ of, at });
          };
          try {
            const answer = await act(followed);
            note();
            return answer;
          } catch (error) {
            // One that lost a race is done again.
            if (!isLostRace(error)) note();
            throw error;
          }
        });
      },
      close: () => db.close(),
    };
    return {
      db: seen,
      kill: () => {
        isOver = true;
      },
    };
  }
}
