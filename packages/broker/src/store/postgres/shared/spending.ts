/** SQL of what agents may send a minute, at whichever broker. */
import type { Budget, CountedText } from "../../../mesh/store/shared.ts";
import type { Statements } from "../driver/database.ts";

/** Budgets and texts that are so old mean nothing any more, in milliseconds. */
const OVER_MS = 60_000;

/** What is used up, as the database says it. */
export interface SpentRow {
  readonly spent: number;
  readonly rest: number;
}

/** Counts a text and spends of each budget; no row when there was enough of all. */
export function spend(
  db: Statements,
  text: CountedText | undefined,
  budgets: readonly Budget[],
): Promise<SpentRow | undefined> {
  return db.get<SpentRow>("SELECT spent, rest FROM spend($1, $2, $3, $4::TEXT[], $5::DOUBLE PRECISION[])", [
    ...[text?.key ?? null, text?.name ?? null, text?.most ?? 0],
    ...[budgets.map(({ key }) => key), budgets.map(({ perMinute }) => perMinute)],
  ]);
}

/** Counts a text no more. */
export function takeBack(db: Statements, { key, name }: CountedText): Promise<number> {
  return db.run("UPDATE repeated SET names = array_remove(names, $2) WHERE key = $1", [key, name]);
}

/** Forgets texts whose minute is over. */
export function forgetTexts(db: Statements): Promise<number> {
  return db.run("DELETE FROM repeated WHERE since < mesh_now() - $1", [OVER_MS]);
}

/** Forgets budgets that are full again; waits for none that is spent of, since who spends of two may wait for the other one. */
export function forgetBudgets(db: Statements): Promise<number> {
  return db.run(
    `DELETE FROM budget WHERE key IN (SELECT b.key FROM budget b WHERE b.at < mesh_now() - $1 FOR UPDATE SKIP LOCKED)`,
    [OVER_MS],
  );
}
