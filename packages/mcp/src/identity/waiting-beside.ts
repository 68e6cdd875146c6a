/** Agents of the same place that are offline while mail waits for them: said once, so that nobody takes it for lost. */
import type { MeshClient } from "@agentmesh/client";
import type { Agent } from "@agentmesh/protocol";

/** So many are named. */
const MOST_NAMED = 5;

/** One line about them, or undefined when there are none. @throws MeshApiError, BrokerUnreachableError */
export async function waitingBeside(client: MeshClient, me: Agent, signal?: AbortSignal): Promise<string | undefined> {
  const [inDirectory, inRepo] = [
    me.directory === undefined ? [] : await agentsIn(client, { directory: me.directory }, signal),
    me.repo === undefined ? [] : await agentsIn(client, { repo: me.repo }, signal),
  ];
  const beside = [...new Map([...inDirectory, ...inRepo].map((agent) => [agent.id, agent])).values()];
  const waiting = beside.filter(
    (agent) => agent.id !== me.id && agent.presence === "offline" && agent.queued > 0 && agent.host === me.host,
  );
  if (waiting.length === 0) return undefined;
  const named = waiting.slice(0, MOST_NAMED).map(({ name, queued }) => `${name} (${queued})`);
  const more = waiting.length > MOST_NAMED ? [`${waiting.length - MOST_NAMED} more`] : [];
  return `Mail waits here for others that are offline: ${[...named, ...more].join(", ")}. It is theirs, and comes when their conversation is resumed; a person reads it with: agentmesh inbox NAME`;
}

/** Every agent of a place. */
async function agentsIn(
  client: MeshClient,
  place: { readonly directory: string } | { readonly repo: string },
  signal: AbortSignal | undefined,
): Promise<Agent[]> {
  const all: Agent[] = [];
  const pages = client.pages("listAgents", { ...place, limit: 1_000 }, signal ? { signal } : {});
  for await (const { agents } of pages) all.push(...agents);
  return all;
}
