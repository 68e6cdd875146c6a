/** SQL of calls that wait for an answer, at whichever broker. */
import type { Statements } from "../driver/database.ts";

/** Begins one; false where who is asked waits for the asker. */
export async function beginWaiting(
  db: Statements,
  call: { readonly id: string; readonly broker: string; readonly asker: string; readonly asked: string },
  forMs: number,
): Promise<boolean> {
  const begun = await db.get<{ begun: boolean }>("SELECT begin_waiting($1, $2, $3, $4, $5) AS begun", [
    ...[call.id, call.broker, call.asker, call.asked, forMs],
  ]);
  return begun?.begun === true;
}

/** Notes on which message a call waits. */
export function waitsOn(db: Statements, id: string, ask: string): Promise<number> {
  return db.run("UPDATE waiting_call SET ask = $2 WHERE id = $1", [id, ask]);
}

/** Ends one. */
export function endWaiting(db: Statements, id: string): Promise<number> {
  return db.run("DELETE FROM waiting_call WHERE id = $1", [id]);
}

/** Whether one waits on a message, whose broker lives. */
export async function isAwaited(db: Statements, ask: string): Promise<boolean> {
  const row = await db.get<{ one: number }>(
    `SELECT 1 AS one FROM waiting_call w JOIN broker b ON b.id = w.broker WHERE w.ask = $1 AND w.until >= mesh_now()`,
    [ask],
  );
  return row !== undefined;
}
