/** The Store's verbs on agents, their focus and their policies. */
import type { AgentId } from "@agentmesh/protocol";
import { MeshError } from "../../../mesh/errors.ts";
import type { AgentStore } from "../../../mesh/store/agents.ts";
import { registerAgent } from "../acts/register-agent.ts";
import { removeAgent } from "../acts/remove-agent.ts";
import { laneOf, sum } from "../commits/slices.ts";
import type { VerbParts } from "./parts.ts";

/** Verbs on agents. */
export function agentVerbs({
  engine,
  context,
  peek,
  write,
  writeSliced,
}: VerbParts): Omit<AgentStore, "archiveAgents" | "endRemoved"> {
  const { agents } = engine;
  const pkOf = (agentId: AgentId) => agents.row(agentId)?.pk ?? 0;
  /** How many wait for each agent, as long as nothing is written: every heartbeat is told. */
  let queued = { commits: -1, of: new Map<AgentId, number>() };
  const queuedOf = (agentId: AgentId): number => {
    const { count: commits } = context.changes;
    if (queued.commits !== commits) queued = { commits, of: new Map() };
    const known = queued.of.get(agentId);
    if (known !== undefined) return known;
    const count = agents.queued(agentId);
    queued.of.set(agentId, count);
    return count;
  };
  return {
    registerAgent: (agent) =>
      write(agent.machine ? laneOf.machine(agent.machine.id) : laneOf.key, () => registerAgent(engine, agent)),
    agentByToken: (tokenHash) => peek(() => agents.byToken(tokenHash)),
    queuedOf: (agentId) => peek(() => queuedOf(agentId)),
    findAgent: (nameOrId) => peek(() => agents.find(nameOrId)),
    reviveAgent: (agentId) =>
      write(laneOf.agent(agentId), () => {
        const row = agents.row(agentId);
        if (row) agents.revive(row);
        return agents.current(agentId);
      }),
    setSummary: (agentId, summary) =>
      write(laneOf.agent(agentId), () => {
        const row = agents.row(agentId);
        if (row) engine.profiles.setSummary(row.pk, summary);
      }),
    setFocus: (agentId, focus) =>
      write(laneOf.agent(agentId), () => {
        agents.setFocus(pkOf(agentId), focus);
        context.leasable.ready(agentId);
      }),
    policyOf: (agentId) => peek(() => agents.policy(pkOf(agentId))),
    setPolicy: (agentId, rules, by) =>
      write(laneOf.agent(agentId), () => {
        const row = agents.row(agentId);
        agents.setPolicy(pkOf(agentId), rules);
        if (by && row) engine.audit.note({ act: "policy_changed", by, about: row });
      }),
    renameAgent: (agentId, name) =>
      write(laneOf.key, () => {
        const row = agents.row(agentId);
        if (!row) throw new MeshError("agent_not_found", `Agent ${agentId} has left the mesh.`);
        agents.rename(row, name);
        return agents.current(agentId);
      }),
    removeAgent: async (agentId, bounce, by) =>
      sum(
        await writeSliced(laneOf.removal(agentId), (budget) =>
          removeAgent(engine, context, agentId, { bounce, by }, budget),
        ),
      ),
  };
}
