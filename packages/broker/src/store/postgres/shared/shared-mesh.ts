/** What the brokers of a mesh share beside its truth. Each verb is one statement that waits for no disk. */
import { v7 } from "uuid";
import type { SharedMesh } from "../../../mesh/store/shared.ts";
import type { Seat } from "../database/seat.ts";
import type { Connection, Database } from "../driver/database.ts";
import { databaseError } from "../driver/failure.ts";
import { forgetBudgets, forgetTexts, spend, takeBack } from "./spending.ts";
import { streamedElsewhere } from "./streamed.ts";
import { beginWaiting, endWaiting, isAwaited, waitsOn } from "./waiting.ts";

/** How often what is over is forgotten by a broker that is asked at all, in milliseconds. */
const FORGET_EVERY_MS = 60_000;

/** Over a database; `begun` is awaited before each. */
export function sharedMesh(db: Database, seat: Pick<Seat, "id">, begun: () => Promise<void>): SharedMesh {
  let forgotAt = performance.now();
  const ask = async <T>(act: (connection: Connection) => Promise<T>): Promise<T> => {
    await begun();
    try {
      return await db.use(act);
    } catch (error) {
      throw databaseError(error);
    }
  };
  const forget = async (): Promise<void> => {
    if (performance.now() - forgotAt < FORGET_EVERY_MS) return;
    forgotAt = performance.now();
    await ask(forgetTexts);
    await ask(forgetBudgets);
  };
  return {
    async spend(text, budgets) {
      const used = await ask((connection) => spend(connection, text, budgets));
      // Of a send that was counted nothing is refused for what is left behind: it is looked for again in a minute.
      await forget().catch(() => {});
      if (used === undefined) return undefined;
      return used.spent === 0 ? { what: "text" } : { what: "budget", n: used.spent - 1, rest: used.rest };
    },
    takeBack: async (text) => void (await ask((connection) => takeBack(connection, text))),
    async beginWaiting(asker, asked, forMs) {
      const id = v7();
      const isBegun = await ask((connection) => beginWaiting(connection, { id, broker: seat.id, asker, asked }, forMs));
      return isBegun ? id : undefined;
    },
    waitsOn: async (call, message) => void (await ask((connection) => waitsOn(connection, call, message))),
    endWaiting: async (call) => void (await ask((connection) => endWaiting(connection, call))),
    isAwaited: (message) => ask((connection) => isAwaited(connection, message)),
    streamedElsewhere: () => ask((connection) => streamedElsewhere(connection, seat.id)),
  };
}
