/** Codex's configuration in TOML: one table of ours between two comment lines, the rest byte for byte as it was. */
import { isDeepStrictEqual } from "node:util";
import { parse, stringify, TomlError } from "smol-toml";
import { type ConfigFile, commandWords, type Part, SERVER, startedUntilNow, startsAdapter } from "./config-file.ts";
import { isRecord } from "./json-text.ts";
import { isMarked, OWN_VARIABLES } from "./mark.ts";
import { ConfigRefusal } from "./refusal.ts";
import type { ServerValue } from "./server-entry.ts";
import { statementsOf } from "./toml-statements.ts";

const BEGIN = "# >>> agentmesh setup: `agentmesh uninstall` takes this out again";
const END = "# <<< agentmesh setup";
const TABLE = "[mcp_servers.agentmesh]";

type Table = Readonly<Record<string, unknown>>;

/** The table `mcp_servers.agentmesh` in a TOML file. */
export function tomlServerFile(path: string, value: ServerValue): ConfigFile {
  return {
    path,
    empty: "",
    install(text, { replace }) {
      const { server: current } = read(text ?? "");
      const edition = (next: string | undefined, part: Omit<Part, "what">) => ({
        text: next,
        parts: [{ what: SERVER, ...part }],
        notes: [],
      });
      if (current === undefined)
        return edition(withTable(withoutCommentLines(text ?? ""), value), { standing: "added" });
      if (!isMarked(current)) {
        const found = isRecord(current) ? commandWords(current) : JSON.stringify(current);
        if (!replace) return edition(text, { standing: startsAdapter(found) ? "by hand" : "foreign", found });
        return edition(withTable(withoutTable(text ?? ""), value), { standing: "replaced", found });
      }
      const wanted = refreshed(current, value);
      if (isDeepStrictEqual(plain(current), plain(wanted))) return edition(text, { standing: "same" });
      return edition(withTable(withoutTable(text ?? ""), wanted), { standing: "updated", ...startedUntilNow(current) });
    },
    uninstall(text, before) {
      const { server: current } = read(text);
      if (isMarked(current) || hasCommentLines(text)) {
        const rest = withoutTable(text);
        return {
          text: rest === "" && before === undefined ? undefined : rest,
          parts: [{ what: SERVER, standing: "removed" }],
          notes: [],
        };
      }
      const found = isRecord(current) ? commandWords(current) : "";
      const byHand: Part = { what: SERVER, standing: "by hand", found };
      return { text, parts: [startsAdapter(found) ? byHand : { what: SERVER, standing: "missing" }], notes: [] };
    },
    holdsOurs: (text) => isMarked(read(text).server) || hasCommentLines(text),
  };
}

/** Codex may have dropped the table and kept the comments. */
function hasCommentLines(text: string): boolean {
  return linesOf(text).some(({ role }) => role === "mark");
}

function withoutCommentLines(text: string): string {
  return hasCommentLines(text) ? withoutTable(text) : text;
}

/** What setup decides, over what a person or Codex added to the table. */
function refreshed(current: unknown, value: ServerValue): Table {
  const table = isRecord(current) ? current : {};
  const own: ReadonlySet<string> = new Set(OWN_VARIABLES);
  const env = isRecord(table.env) ? Object.entries(table.env).filter(([name]) => !own.has(name)) : [];
  return {
    ...value,
    ...table,
    command: value.command,
    args: value.args,
    env: { ...Object.fromEntries(env), ...value.env },
  };
}

function read(text: string): { readonly all: Table; readonly server: unknown } {
  try {
    const all = parse(text.replace(/^\uFEFF/, ""), { integersAsBigInt: "asNeeded" });
    return { all, server: isRecord(all.mcp_servers) ? all.mcp_servers.agentmesh : undefined };
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const what = error.message.split("\n")[0]?.replace(/^Invalid TOML document: /, "");
    throw new ConfigRefusal(
      `it cannot be parsed: ${what} (line ${error.line}, column ${error.column}). Mend it, then run this again`,
    );
  }
}

/** The text with the table at its end. @throws ConfigRefusal when TOML does not let it stand there */
function withTable(text: string, value: Table): string {
  const eol = text.includes("\r\n") ? "\r\n" : "\n";
  const lines = stringify({ mcp_servers: { agentmesh: value } })
    .trimEnd()
    .split("\n");
  const block = [BEGIN, ...lines.filter((line) => line !== ""), END, ""].join(eol);
  const next = text === "" ? block : text + eol + block;
  const { mcp_servers: servers, ...others } = read(text).all;
  const wanted = { ...others, mcp_servers: { ...(isRecord(servers) ? servers : {}), agentmesh: value } };
  if (parsesTo(next, wanted) && canGoAgain(next)) return next;
  throw new ConfigRefusal(
    `its mcp_servers is written so that no table ${TABLE} can follow (an inline table?). Add the server to it by hand, or write mcp_servers as tables, then run this again`,
  );
}

/** What cannot be taken out again is not put in. */
function canGoAgain(text: string): boolean {
  try {
    return withoutTable(text) !== text;
  } catch (error) {
    if (error instanceof ConfigRefusal) return false;
    throw error;
  }
}

/** The text without our table, its sub-tables and the two comment lines. @throws ConfigRefusal when it is no table */
function withoutTable(text: string): string {
  const { mcp_servers: servers, ...others } = read(text).all;
  const { agentmesh: _, ...rest } = isRecord(servers) ? servers : {};
  const lines = linesOf(text);
  const gone = new Set<number>();
  let inTable = false;
  let begin: number | undefined;
  for (const [index, { written, role, ours }] of lines.entries()) {
    const mark = role === "mark";
    if (mark && written.trim() === BEGIN) begin = index;
    if (mark || role === "header") {
      if (inTable && !ours) keepWhatBelongsBelow(index, mark);
      inTable = ours;
    }
    if (mark || inTable || ours) gone.add(index);
  }
  const kept = lines.map(({ written }, index) => (gone.has(index) ? "" : written));
  const above = begin === undefined ? -1 : begin - 1;
  const line = kept[above];
  // The line end before the block was written with it, unless something has come to stand behind the block.
  if (line !== undefined && (kept.slice(above + 1).join("") === "" || /^\r?\n$/.test(line))) {
    kept[above] = line.replace(/\r?\n$/, "");
  }
  // Where the table began the file, the empty line that was set between it and the next one goes too.
  const next = gone.has(0) ? kept.join("").replace(/^(\r?\n)+/, "") : kept.join("");
  if (parsesTo(next, { ...others, mcp_servers: rest }) || parsesTo(next, others)) return next;
  throw new ConfigRefusal(
    `its agentmesh server is not written as a table ${TABLE}. Take it out by hand, then run this again`,
  );

  /** Comments and empty lines directly above the next table are that table's. */
  function keepWhatBelongsBelow(index: number, mark: boolean): void {
    for (let above = index - 1; !mark && lines[above]?.role === "between"; above--) gone.delete(above);
  }
}

interface Line {
  readonly written: string;
  /** `between`: empty or a comment; `mark`: a comment line of ours. */
  readonly role: "header" | "pair" | "between" | "mark";
  /** It is of our server. */
  readonly ours: boolean;
}

function linesOf(text: string): Line[] {
  const lines = text.split(/(?<=\n)/).map((written): Line => {
    const bare = written.trim();
    return { written, role: bare === BEGIN || bare === END ? "mark" : "between", ours: false };
  });
  for (const { kind, path, first, last } of statementsOf(text)) {
    const ours = path[0] === "mcp_servers" && path[1] === "agentmesh";
    for (let index = first; index <= last; index++) {
      const { written = "" } = lines[index] ?? {};
      lines[index] = { written, role: index === first ? kind : "pair", ours };
    }
  }
  return lines;
}

function parsesTo(text: string, wanted: Table): boolean {
  try {
    return isDeepStrictEqual(plain(read(text).all), plain(wanted));
  } catch {
    return false;
  }
}

/** Without prototypes, which differ between what was parsed and what was made here. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Date) return value.toISOString();
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, plain(one)]));
}
