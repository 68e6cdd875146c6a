/** The grammar of agent names. */
import { z } from "zod";

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

const NAME_PATTERN = /^[a-z0-9][a-z0-9._-]{0,63}$/;

/** What is read as an id, whole or cut short: an agent of that name would be taken for the one whose id it is. */
const LIKE_AN_ID = /^(agt|ses|msg|dlv|thr)_[0-9a-f]*$/;

/** Unique name of an agent: 1–64 of `a-z 0-9 . _ -`, starting with a letter or digit, not reserved, not like an id. */
export const AgentName = z
  .string()
  .regex(NAME_PATTERN, "1 to 64 characters a-z 0-9 . _ - and a letter or digit first")
  .refine((name) => !RESERVED_NAMES.includes(name), { error: "this name is reserved, choose another" })
  .refine((name) => !LIKE_AN_ID.test(name), { error: "this reads as an id, choose another name" })
  .meta({ description: "Unique agent name, e.g. poker-engine" });
export type AgentName = z.infer<typeof AgentName>;

/** The nearest valid agent name for any text, such as a directory's name; `agent` when nothing is left. */
export function toAgentName(text: string): AgentName {
  const name = text
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, "-")
    .replace(/^[^a-z0-9]+/, "")
    .slice(0, 60)
    .replace(/[^a-z0-9]+$/, "");
  if (name === "") return "agent";
  if (LIKE_AN_ID.test(name)) return name.replace("_", "-");
  return RESERVED_NAMES.includes(name) ? `${name}-agent` : name;
}

/** `name` with a number behind it, as given to the second, third … agent that asks for the same name. */
export function numberedName(name: AgentName, n: number): AgentName {
  const suffix = `-${n}`;
  return name.slice(0, 64 - suffix.length) + suffix;
}
