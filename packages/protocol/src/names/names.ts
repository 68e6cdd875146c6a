/** The grammar of agent names. */
import * as z from "zod";

/** Names no agent may take: they would read as the mesh itself or as its owner. */
export const RESERVED_NAMES: readonly string[] = [
  "admin",
  "agentmesh",
  "all",
  "anyone",
  "broker",
  "everyone",
  "human",
  "me",
  "mesh",
  "nobody",
  "operator",
  "root",
  "system",
  "user",
];

/** Longest agent name, in characters. */
export const MAX_NAME_LENGTH = 64;

/** What follows the first letter or digit of a name. */
export const NAME_CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789-._";

const NAME_PATTERN = /^[a-z0-9][a-z0-9._-]{0,63}$/;

/** What is read as an id, whole or cut short: an agent of that name would be taken for the one whose id it is. */
const LIKE_AN_ID = /^(agt|ses|msg|dlv|thr|mch|inv|hok|sin|lnk)_[0-9a-f]*$/;

/** Unique name of an agent: 1–64 of `a-z 0-9 . _ -`, starting with a letter or digit, not reserved, not like an id. */
export const AgentName = z
  .string()
  .regex(NAME_PATTERN, "1 to 64 characters a-z 0-9 . _ - and a letter or digit first")
  .refine((name) => !RESERVED_NAMES.includes(name), { error: "this name is reserved, choose another" })
  .refine((name) => !LIKE_AN_ID.test(name), { error: "this reads as an id, choose another name" })
  .meta({ description: "Unique agent name, e.g. poker-engine" });
export type AgentName = z.infer<typeof AgentName>;

/**
 * The nearest valid agent name for any text, such as a directory's name. Of letters it knows a to z, with or without
 * accents, and those that `toLatin` makes of others; a text without any of them is `agent-` and four digits that are the
 * same for the same text.
 */
export function toAgentName(text: string, toLatin: (text: string) => string = (same) => same): AgentName {
  // File systems write an accent into its letter or behind it.
  const latin = toLatin(text.normalize("NFC"));
  const name = (/[a-z0-9]/i.test(latin) ? latin : text)
    .normalize("NFKD")
    .replace(/\p{M}+/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, "-")
    .replace(/^[^a-z0-9]+/, "")
    .slice(0, 60)
    .replace(/[^a-z0-9]+$/, "");
  if (name === "") return text.trim() === "" ? "agent" : `agent-${shortHash(text.normalize("NFC"))}`;
  if (LIKE_AN_ID.test(name)) return name.replace("_", "-");
  return RESERVED_NAMES.includes(name) ? `${name}-agent` : name;
}

/** Four hex digits (FNV-1a, folded): this package runs where there is no `node:crypto`. */
function shortHash(text: string): string {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return ((hash >>> 16) ^ (hash & 0xffff)).toString(16).padStart(4, "0");
}

/** `name` with a number behind it, as given to the second, third … agent that asks for the same name. */
export function numberedName(name: AgentName, n: number): AgentName {
  const suffix = `-${n}`;
  return name.slice(0, MAX_NAME_LENGTH - suffix.length) + suffix;
}

/** The name without the number that `numberedName` gave it, if it did. */
export function baseName(name: AgentName): AgentName {
  return name.replace(/(?<=.)-[1-9][0-9]{0,3}$/, "");
}
