/** Which tables of a mesh are moved, in which order, and that nothing of one engine is left out unseen. */

/** A table of a database. */
export interface Table {
  readonly name: string;
  /** Names and kinds of its columns. */
  readonly columns: ReadonlyMap<string, "number" | "text" | "other">;
  /** Columns of its primary key. */
  readonly key: readonly string[];
  /** Tables that its rows refer to. */
  readonly refersTo: readonly string[];
}

/** A table that both engines have, and the columns that are moved. */
export interface MovedTable {
  readonly from: Table;
  readonly to: Table;
  readonly columns: readonly string[];
}

/** Made from what is moved, or of one engine alone; what must not be lost of them is beside the rows (`Beside`). */
export const OWN: ReadonlySet<string> = new Set([
  ...["mesh", "life", "gap", "kept", "tally", "forgotten", "indexed", "counting"],
  ...["counter", "let_go", "message_words", "migration", "moved", "broker", "duty"],
  ...["budget", "repeated", "waiting_call"],
]);

/** A session is of a broker only where there are several; the next one that it turns to takes it. */
const OWN_COLUMNS: ReadonlySet<string> = new Set(["session.broker", "session.left_at"]);

/** Columns that hold keys of agents. */
export const AGENT_KEYS: ReadonlySet<string> = new Set([
  "agent_pk",
  "sender_pk",
  "asker_pk",
  "debtor_pk",
  "recipient_pk",
]);

/** The mesh of one engine cannot be held by the other one, as far as this version knows. */
export class UnknownTableError extends Error {
  override readonly name = "UnknownTableError";
}

/** The tables that are moved, each behind those that it refers to. @throws UnknownTableError */
export function movedTables(from: readonly Table[], to: readonly Table[]): readonly MovedTable[] {
  const target = new Map(to.map((table) => [table.name, table]));
  const known = new Set(from.map(({ name }) => name));
  const stray = to.find(({ name }) => !known.has(name) && !OWN.has(name));
  if (stray) throw unknown(stray.name);
  const both = from
    .filter(({ name }) => !OWN.has(name))
    .map((table): MovedTable => {
      const twin = target.get(table.name);
      if (!twin || twin.key.join() !== table.key.join()) throw unknown(table.name);
      const strange = [...table.columns.keys(), ...twin.columns.keys()].find(
        (column) =>
          table.columns.has(column) !== twin.columns.has(column) && !OWN_COLUMNS.has(`${table.name}.${column}`),
      );
      if (strange !== undefined) throw unknown(`${table.name}.${strange}`);
      return {
        from: table,
        to: twin,
        columns: [...table.columns.keys()].filter((each) => twin.columns.has(each)).sort(),
      };
    });
  return inOrder(both);
}

function unknown(what: string): UnknownTableError {
  return new UnknownTableError(
    `${what} is kept by one of the two engines alone, or otherwise, and this version does not know how to move it. Nothing was moved. Use the version that wrote it.`,
  );
}

function inOrder(tables: readonly MovedTable[]): readonly MovedTable[] {
  const ordered: MovedTable[] = [];
  const byName = new Map(tables.map((table) => [table.from.name, table]));
  const place = (table: MovedTable): void => {
    if (!byName.delete(table.from.name)) return;
    for (const name of [...table.from.refersTo, ...table.to.refersTo]) {
      const other = byName.get(name);
      if (other) place(other);
    }
    ordered.push(table);
  };
  for (const table of tables) place(table);
  return ordered;
}
