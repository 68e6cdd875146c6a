/** Agents beside one that is away: numbered like it, at work in the same place. A sender may mean one of them. */
import { type Agent, baseName, numberedName } from "@agentmesh/protocol";

/** How many numbers are looked at: a send must not cost more when a mesh is large. */
const NUMBERS = 12;

/** The names of those who are online, when `agent` is offline; at most a dozen names are looked up. */
export async function namesakesOnline(
  agent: Agent,
  find: (name: string) => Promise<Agent | undefined>,
): Promise<string[]> {
  if (agent.presence !== "offline") return [];
  const base = baseName(agent.name);
  const names = [base, ...Array.from({ length: NUMBERS - 1 }, (_, i) => numberedName(base, i + 2))];
  const found = await Promise.all(names.filter((name) => name !== agent.name).map(find));
  return found.flatMap((other) => (other?.presence === "online" && samePlace(agent, other) ? [other.name] : []));
}

function samePlace(a: Agent, b: Agent): boolean {
  const same = (field: "repo" | "directory") => a[field] !== undefined && a[field] === b[field];
  return a.host === b.host && (same("repo") || same("directory"));
}
