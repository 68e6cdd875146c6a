/** Agents that asked for one name, or are of one but for its number: who writes to the one that is away may mean the one that is there. */
import type { Agent } from "../agent.ts";
import { baseName } from "./names.ts";

/** How many names of a group are said. */
const SAID = 5;

/** One sentence for each name under which some agents of a list are offline and others online. */
export function livingNamesakes(agents: readonly Agent[]): string[] {
  const groups = new Map<string, { readonly away: string[]; readonly online: string[] }>();
  for (const { name, askedName, presence } of agents) {
    if (presence === "stale") continue;
    const base = askedName ?? baseName(name);
    const group = groups.get(base) ?? { away: [], online: [] };
    group[presence === "online" ? "online" : "away"].push(name);
    groups.set(base, group);
  }
  return [...groups.values()]
    .filter(({ away, online }) => away.length > 0 && online.length > 0)
    .map(({ away, online }) => `${said(away)} offline, ${said(online)} online: write to the one you mean.`);
}

function said(names: readonly string[]): string {
  const more = names.length - SAID;
  const shown = names.slice(0, SAID).join(", ");
  return more > 0 ? `${shown} and ${more} more are` : `${shown} ${names.length === 1 ? "is" : "are"}`;
}
