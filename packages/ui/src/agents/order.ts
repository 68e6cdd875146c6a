/** Which agents are shown, and in which order. */
import type { Agent } from "@agentmesh/protocol";

/** By what the list is ordered. */
export const orders = ["presence", "name", "waiting", "heard"] as const;
export type Order = (typeof orders)[number];

const PRESENCE = ["online", "stale", "offline"];

/** The agents that have all words of a filter in what is known of them, in an order. */
export function shownAgents<A extends Agent>(agents: Iterable<A>, filter: string, order: Order): A[] {
  const words = filter
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  const fits = (agent: Agent) => {
    const text = [
      agent.name,
      agent.client,
      agent.host,
      agent.repo,
      agent.branch,
      agent.directory,
      agent.presence,
      agent.summary,
    ]
      .join(" ")
      .toLowerCase();
    return words.every((word) => text.includes(word));
  };
  const byName = (a: Agent, b: Agent) => (a.name < b.name ? -1 : 1);
  const compare: Record<Order, (a: Agent, b: Agent) => number> = {
    presence: (a, b) => PRESENCE.indexOf(a.presence) - PRESENCE.indexOf(b.presence),
    name: () => 0,
    waiting: (a, b) => b.queued + b.held - (a.queued + a.held) || (b.oldestQueuedMs ?? 0) - (a.oldestQueuedMs ?? 0),
    heard: (a, b) => (b.lastSeenAt ?? "").localeCompare(a.lastSeenAt ?? ""),
  };
  return [...agents].filter(fits).sort((a, b) => compare[order](a, b) || byName(a, b));
}

/** Where an agent works, in a word or two: its repository and branch, else its folder. */
export function placeOf({ repo, branch, directory }: Pick<Agent, "repo" | "branch" | "directory">): string {
  const last = (path: string | undefined) => path?.split("/").filter(Boolean).at(-1) ?? "";
  if (repo !== undefined) return branch === undefined ? last(repo) : `${last(repo)}@${branch}`;
  return last(directory);
}

/** What would be dead letters if agents were removed: whatever of their mail has not ended. */
export function deadBy(agents: readonly Pick<Agent, "queued" | "inHand" | "held">[]): string {
  const messages = agents.reduce((sum, { queued, inHand, held }) => sum + queued + inHand + held, 0);
  return messages === 1 ? "1 message" : `${messages} messages`;
}
