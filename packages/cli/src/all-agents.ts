/** Agents of all pages. */
import type { MeshClient } from "@agentmesh/client";
import type { Agent } from "@agentmesh/protocol";

/** Every agent of this presence, live ones first; who becomes live between two pages is in it once. */
export async function allAgents(admin: MeshClient, presence: "all" | "live" | "archived"): Promise<Agent[]> {
  const all = new Map<string, Agent>();
  for (let after: string | undefined; ; ) {
    const page = await admin.listAgents({ presence, limit: 1_000, ...(after !== undefined && { after }) });
    for (const agent of page.agents) all.set(agent.id, agent);
    if (page.nextAfter === undefined) return [...all.values()];
    after = page.nextAfter;
  }
}
