/** All rows of a mesh from one database into another, counted and hashed on both sides. */
import { Digest } from "./digest.ts";
import { type Beside, type Cell, OF_THE_MESH, type Side, type TargetSide } from "./side.ts";
import { AGENT_KEYS, type MovedTable, movedTables } from "./tables.ts";

/** Rows at a time. */
const PAGE = 1_000;

/** What a table holds. */
export interface TableFacts {
  readonly table: string;
  readonly rows: number;
  readonly hash: string;
}

/** Two databases do not hold the same. */
export class NotEqualError extends Error {
  override readonly name = "NotEqualError";
}

/** Copies all tables; what the source held. @throws UnknownTableError */
export async function copyAll(source: Side, target: TargetSide): Promise<readonly TableFacts[]> {
  const from = await source.meshKey();
  const to = target.meshKeyBehind(await source.newestAgent());
  const facts = await factsOf(source, target, (table, isKey, page) =>
    target.put(
      table.to,
      table.columns,
      page.map((row) => withKey(row, isKey, from, to)),
    ),
  );
  await target.finish(await source.beside(), to);
  return facts;
}

/**
 * What a database holds of that which would be moved to or from another one; `take` is given all of it on the way.
 * @throws UnknownTableError
 */
export async function factsOf(
  side: Side,
  other: Side,
  take?: (table: MovedTable, isKey: readonly boolean[], page: Cell[][]) => Promise<void>,
): Promise<readonly TableFacts[]> {
  const own = await side.meshKey();
  const facts: TableFacts[] = [];
  for (const table of movedTables(await side.tables(), await other.tables())) {
    const digest = new Digest();
    const isKey = keysIn(table);
    for await (const page of pagesOf(side, table.from, table.columns)) {
      for (const row of page) digest.add(withKey(row, isKey, own, OF_THE_MESH));
      await take?.(table, isKey, page);
    }
    facts.push({ table: table.from.name, rows: digest.rows, hash: digest.hash });
  }
  return [...facts, factsBeside(await side.beside())];
}

/** Where two databases differ, in a sentence; undefined where they do not. */
export function difference(one: readonly TableFacts[], other: readonly TableFacts[]): string | undefined {
  const others = new Map(other.map((facts) => [facts.table, facts]));
  const different = one.find(({ table, hash }) => others.get(table)?.hash !== hash);
  if (!different) return undefined;
  const { table, rows } = different;
  return `${table} has ${rows} rows in the one and ${others.get(table)?.rows ?? "no"} in the other, or others`;
}

/** Numbers, lives and what the mesh is called are compared as one row. */
function factsBeside(known: Beside): TableFacts {
  const digest = new Digest();
  const { instanceId, epoch } = known.identity;
  const { message, timeline, event, audit, forgotten, letGo, letGoUntil } = known.numbers;
  digest.add([instanceId, epoch, message, timeline, event, audit, forgotten, letGo, letGoUntil]);
  for (const row of [...known.lives.lives, ...known.lives.gaps]) digest.add(row);
  return { table: "numbers", rows: digest.rows, hash: digest.hash };
}

function keysIn({ from, columns }: MovedTable): readonly boolean[] {
  return columns.map((column) => AGENT_KEYS.has(column) || (from.name === "agent" && column === "pk"));
}

function withKey(row: readonly Cell[], isKey: readonly boolean[], before: number, after: number): readonly Cell[] {
  return row.map((cell, n) => (isKey[n] && cell === before ? after : cell));
}

async function* pagesOf(
  side: Side,
  table: MovedTable["from"],
  columns: readonly string[],
): AsyncGenerator<Cell[][], void, void> {
  const places = table.key.map((name) => columns.indexOf(name));
  let after: Cell[] | undefined;
  for (;;) {
    const page = await side.rows(table, columns, after, PAGE);
    if (page.length > 0) yield page;
    const last = page.at(-1);
    if (!last || page.length < PAGE) return;
    after = places.map((place) => last[place] ?? null);
  }
}
