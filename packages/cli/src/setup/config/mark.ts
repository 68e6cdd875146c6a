/** How setup knows its own entries again: a variable in the environment of a server, an option in the command of a hook. */
import { isRecord } from "./json-text.ts";

/** The variable that marks an entry; the adapter does not look at it. */
export const MARK = "AGENTMESH_SETUP";

/** The option that marks a hook; the adapter does not look at it. */
export const HOOK_MARK = "--by-setup";

/** Variables of an entry that setup decides; others are a person's. */
export const OWN_VARIABLES = [MARK, "AGENTMESH_HOME", "AGENTMESH_URL", "AGENTMESH_PORT"] as const;

/** Whether a variable of an entry is one that setup decides. */
export function isOwnVariable(name: string): boolean {
  return OWN_VARIABLES.some((own) => own === name);
}

/** Whether setup wrote an MCP entry. */
export function isMarked(entry: unknown): boolean {
  return isRecord(entry) && isRecord(entry.env) && MARK in entry.env;
}

/** The clients whose hooks the adapter serves, as its command names them. */
export const hookKinds = ["claude", "codex", "gemini", "copilot", "qwen"] as const;
