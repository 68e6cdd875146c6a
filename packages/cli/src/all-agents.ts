/** Agents of all pages. */
import type { MeshClient } from "@agentmesh/client";
import type { BrokerAddress } from "@agentmesh/client/node";
import type { Agent } from "@agentmesh/protocol";

/** Every agent of this presence, live ones first; who becomes live between two pages is in it once. */
export async function allAgents(admin: MeshClient, presence: "all" | "live" | "archived"): Promise<Agent[]> {
  const all = new Map<string, Agent>();
  for await (const { agents } of admin.pages("listAgents", { presence, limit: 1_000 })) {
    for (const agent of agents) all.set(agent.id, agent);
  }
  return [...all.values()];
}

/** Those that a command here acts for, archived ones behind the others: on a machine that joined, those of that machine. */
export async function ownToAll(admin: MeshClient, { joined }: BrokerAddress): Promise<Agent[]> {
  const agents = await alsoArchived(admin);
  return joined ? agents.filter(({ machine }) => machine === joined.machine) : agents;
}

/** Every agent, archived ones behind the others. */
export async function alsoArchived(admin: MeshClient): Promise<Agent[]> {
  return [...(await allAgents(admin, "all")), ...(await allAgents(admin, "archived"))];
}
