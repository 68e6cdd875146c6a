/** Names for agents, made of the names of directories in any script. */
import { createRequire } from "node:module";
import { type AgentName, toAgentName } from "@agentmesh/protocol";
import * as z from "zod";

const load: (name: string) => unknown = createRequire(import.meta.url);

const Transliteration = z.object({
  default: z.custom<(text: string) => string>((value) => typeof value === "function"),
});

/** Its table is half a megabyte, and most directories have names that need none of it. */
function inLatin(text: string): string {
  return /[^\0-\x7f]/.test(text) ? Transliteration.parse(load("any-ascii")).default(text) : text;
}

/** The name that tells most of a text: `Größe` is `grosse`, `北京` is `beijing`. The same text has the same name. */
export function nameAfter(text: string): AgentName {
  return toAgentName(text, inLatin);
}

/** A name for one of several worktrees: `proj` and `proj-fix` are `proj-fix`, `proj` and `main` are `proj-main`. */
export function nameInWorktree(repository: string, worktree: string): AgentName {
  const words = (text: string) => nameAfter(text).split(/[._-]+/);
  const known = words(repository);
  const own = words(worktree);
  const shared = own.findIndex((word, i) => word !== known[i]);
  const unsaid = shared === -1 ? [] : own.slice(shared);
  return nameAfter([nameAfter(repository), ...unsaid].join("-"));
}
