/** One configuration file of a client: what setup writes into it and uninstall takes out again. */
import { existsSync } from "node:fs";
import { isAbsolute } from "node:path";
import { isRecord } from "./json-text.ts";
import { HOOK_MARK, hookKinds, isOwnVariable } from "./mark.ts";

/**
 * How one thing that setup wants in a file stands. `by hand`: it is there, and a person wrote it; `foreign`: something
 * else has its name; `replaced`: that was overwritten; `missing`: uninstall found nothing.
 */
export type Standing = "added" | "updated" | "replaced" | "removed" | "same" | "missing" | "by hand" | "foreign";

/** Standings of a part that was changed. */
export const changedStandings: ReadonlySet<Standing> = new Set(["added", "updated", "replaced", "removed"]);

/** One thing in a file: `MCP server agentmesh`. */
export interface Part {
  readonly what: string;
  readonly standing: Standing;
  /** What stands or stood there instead, for `foreign`, `replaced` and `by hand`; what was gone, for `updated`. */
  readonly found?: string;
  /** What the entry starts as it stands, for a server that is brought up to date. */
  readonly starts?: Started;
}

/** What an MCP entry of ours is called where a part of a file is named. */
export const SERVER = "MCP server agentmesh";

/** What an MCP entry starts, and the variables in it that setup decides. */
export interface Started {
  readonly words: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** A file as it is to be; `text` is undefined when it is to be gone. */
export interface Edition {
  readonly text: string | undefined;
  readonly parts: readonly Part[];
  /** What a person should know of this file. */
  readonly notes: readonly string[];
  /** What of ours in the text carries no mark, for the note beside the file; undefined where all of it does. */
  readonly noted?: readonly string[];
}

/** How entries come into a file. */
export interface InstallTerms {
  /** Takes a foreign entry's place. */
  readonly replace: boolean;
  /** What the file was before setup; undefined when it was not there, or when that was not kept. */
  readonly before: string | undefined;
}

/** A configuration file. */
export interface ConfigFile {
  readonly path: string;
  /** Nothing of its text may be shown. */
  readonly secret?: true;
  /** What it holds when it holds nothing, for a file that cannot be removed. */
  readonly empty: string;
  /** The file with our entries. @throws ConfigRefusal */
  install(text: string | undefined, terms: InstallTerms): Edition;
  /** The file without them; `before` is what it was before setup, undefined when it was not there. @throws ConfigRefusal */
  uninstall(text: string, before: string | undefined): Edition;
  /** Whether an entry that setup wrote is in it. @throws ConfigRefusal */
  holdsOurs(text: string): boolean;
}

/** Says in a few words what an MCP entry starts or calls. */
export function commandWords(entry: Readonly<Record<string, unknown>>): string {
  const words = wordsOf(entry);
  const { url } = entry;
  if (words.length > 0) return words.join(" ");
  return typeof url === "string" ? url : "no command";
}

/** What an entry of ours started until now: its words, and the Node or the adapter that is no more, as after an upgrade of Node. */
export function startedUntilNow(entry: unknown): Pick<Part, "found" | "starts"> {
  if (!isRecord(entry)) return {};
  const words = wordsOf(entry);
  const gone = words.find((word) => isAbsolute(word) && !existsSync(word));
  const set = isRecord(entry.env) ? Object.entries(entry.env) : [];
  const env = set.flatMap(([name, value]) => (isOwnVariable(name) && typeof value === "string" ? [[name, value]] : []));
  return { ...(gone !== undefined && { found: gone }), starts: { words, env: Object.fromEntries(env) } };
}

function wordsOf({ command, args }: Readonly<Record<string, unknown>>): string[] {
  return [command, args].flat().filter((word) => typeof word === "string");
}

/** Whether an MCP entry or hook that setup did not write starts our adapter all the same. */
export function startsAdapter(words: string): boolean {
  return ADAPTER.test(words);
}

/** Whether a hook's command calls the adapter as a hook, whoever wrote it. */
export function isAdapterHook(command: unknown): command is string {
  return typeof command === "string" && ADAPTER.test(command) && HOOK.test(command);
}

/** Whether setup wrote a hook's command: it carries the mark. */
export function isOurHook(command: unknown): boolean {
  return isAdapterHook(command) && command.includes(` ${HOOK_MARK}`);
}

/** Whether a text can have entries of ours at all. */
export function mayHoldOurs(text: string): boolean {
  return /agentmesh|[\\/]packages[\\/]/i.test(text) || HOOK.test(text);
}

const ADAPTER = /\bagentmesh-mcp\b|[\\/]mcp[\\/]dist[\\/]main\.js/;

const HOOK = new RegExp(` hook (${hookKinds.join("|")})\\b`);
