/** Agents of the same place that are offline while mail waits for them: said once, so that nobody takes it for lost. */
import type { MeshClient } from "@agentmesh/client";
import type { Agent } from "@agentmesh/protocol";

/** So many are named. */
const MOST_NAMED = 5;

/** One line about them, or undefined when there are none. @throws MeshApiError, BrokerUnreachableError */
export async function waitingBeside(client: MeshClient, me: Agent, signal?: AbortSignal): Promise<string | undefined> {
  const { agents } = await client.listAgents({}, signal ? { signal } : {});
  const waiting = agents.filter(
    (agent) =>
      agent.id !== me.id &&
      agent.presence === "offline" &&
      agent.queued > 0 &&
      agent.host === me.host &&
      ((agent.directory !== undefined && agent.directory === me.directory) ||
        (agent.repo !== undefined && agent.repo === me.repo)),
  );
  if (waiting.length === 0) return undefined;
  const named = waiting.slice(0, MOST_NAMED).map(({ name, queued }) => `${name} (${queued})`);
  const more = waiting.length > MOST_NAMED ? [`${waiting.length - MOST_NAMED} more`] : [];
  return `Mail waits here for others that are offline: ${[...named, ...more].join(", ")}. It is theirs, and comes when their conversation is resumed; a person reads it with: agentmesh inbox NAME`;
}
