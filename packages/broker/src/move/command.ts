/** `agentmesh-broker move`: moves the mesh of a state folder to another database, or back. */
import { parseArgs } from "node:util";
import { brokerExits } from "@agentmesh/protocol";
import { hasPassword } from "../config/database-address.ts";
import type { Config } from "../config/schema.ts";
import { passwordIn } from "../password-file.ts";
import type { Notice } from "../store/sqlite/context.ts";
import { type Moved, move } from "./move.ts";
import { MoveRefusedError, placeOf } from "./place.ts";

/** Settings of the broker that a move goes by. */
type MoveSettings = Pick<Config, "home" | "sqliteDriver" | "databasePasswordFile">;

/** Flags of the command; what is left goes to the settings. */
interface MoveFlags {
  readonly to: string | undefined;
  readonly from: string | undefined;
  readonly json: boolean;
  readonly rest: readonly string[];
}

/** Where the command writes. */
export interface MoveOutput {
  print(text: string): void;
  fail(text: string): void;
}

/** The command as it was typed. */
export interface MoveCommand {
  /** What is none of its flags: settings. */
  readonly rest: readonly string[];
  /** Runs it; resolves to the exit code. */
  run(config: MoveSettings, output: MoveOutput): Promise<number>;
}

/** Reads the command. */
export function moveCommand(args: readonly string[]): MoveCommand {
  const flags = flagsIn(args);
  return { rest: flags.rest, run: (config, output) => runMove(flags, config, output) };
}

function flagsIn(args: readonly string[]): MoveFlags {
  const { values, tokens } = parseArgs({
    args: [...args],
    options: { to: { type: "string" }, from: { type: "string" }, json: { type: "boolean" } },
    strict: false,
    tokens: true,
  });
  const own = new Set<number>();
  for (const token of tokens) {
    if (token.kind !== "option" || !["to", "from", "json"].includes(token.name)) continue;
    own.add(token.index);
    if (token.name !== "json" && token.inlineValue === false) own.add(token.index + 1);
  }
  const text = (value: unknown) => (typeof value === "string" ? value : undefined);
  return {
    to: text(values.to),
    from: text(values.from),
    json: values.json === true,
    rest: args.filter((_, n) => !own.has(n)),
  };
}

const PASSWORD_SEEN =
  "The address has a password, and whoever lists the processes of this machine sees it. Put it into a file (mode 0600), and name that with --database-password-file or PGPASSFILE. Nothing was moved.";

async function runMove(
  { to, from = "sqlite", json }: MoveFlags,
  config: MoveSettings,
  output: MoveOutput,
): Promise<number> {
  const notice: Notice = (level, event, fields) => {
    if (level !== "info") output.fail(`agentmesh-broker: ${event} ${String(fields.detail ?? fields.why ?? "")}`.trim());
  };
  try {
    if (to === undefined) {
      output.fail("agentmesh-broker: move needs --to: sqlite, sqlite:FOLDER, or postgres://USER@HOST/DATABASE");
      return brokerExits.settings.code;
    }
    const { home, sqliteDriver, databasePasswordFile } = config;
    for (const place of [from, to]) {
      if (hasPassword(place)) throw new MoveRefusedError(PASSWORD_SEEN);
    }
    const moved = await move({
      ...{ home, sqliteDriver, notice, password: passwordIn(databasePasswordFile) },
      from: placeOf(from, home),
      to: placeOf(to, home),
    });
    output.print(json ? JSON.stringify(moved, null, 2) : textOf(moved));
    return 0;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    output.fail(`agentmesh-broker: ${error.message}`);
    return brokerExits.stateFolder.code;
  }
}

/** The count of every table, and the beginning of its hash, the same on both sides. */
function textOf({ from, to, how, tables }: Moved): string {
  if (how === "before") return `The mesh of ${from} is in ${to} already: it was moved there before.`;
  const rows = tables.reduce((sum, each) => sum + each.rows, 0);
  const said =
    how === "moved"
      ? `Moved the mesh from ${from} to ${to}`
      : `The mesh of ${from} was in ${to} already, put there by a try that was cut off, and is only there from now on`;
  const width = Math.max(...tables.map(({ table }) => table.length));
  return [
    `${said}: ${rows} rows in ${tables.length} tables, the same on both sides.`,
    ...tables.map(
      ({ table, rows: count, hash }) => `  ${table.padEnd(width)} ${String(count).padStart(9)}  ${hash.slice(0, 16)}`,
    ),
    `What stays in ${from} is as it was now, and no broker opens it any more.`,
  ].join("\n");
}
