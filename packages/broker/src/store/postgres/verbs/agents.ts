/** The Store's verbs on agents, their focus and their policies. */
import { MeshError } from "../../../mesh/errors.ts";
import type { AgentStore } from "../../../mesh/store/agents.ts";
import { laneOf } from "../../shared/lanes.ts";
import { registerAgent } from "../acts/register-agent.ts";
import { endOfRemoved, removeAgent } from "../acts/remove-agent.ts";
import { each, ROWS, sum } from "../commits/slices.ts";
import type { VerbParts } from "./parts.ts";

/** Verbs on agents. */
export function agentVerbs({ glances, read, write, writeSliced }: VerbParts): AgentStore {
  return {
    registerAgent: (agent) =>
      write(agent.machine ? laneOf.machine(agent.machine.id) : laneOf.key, (engine) => registerAgent(engine, agent)),
    agentByToken: async (tokenHash) =>
      (await glances.byToken(tokenHash)) ?? read(({ agents }) => agents.byToken(tokenHash)),
    queuedOf: (agentId) => read(({ agents }) => agents.queued(agentId)),
    findAgent: async (nameOrId) => (await glances.find(nameOrId)) ?? read(({ agents }) => agents.find(nameOrId)),
    reviveAgent: (agentId) =>
      write(laneOf.agent(agentId), async ({ agents }) => {
        const row = await agents.lockedRow(agentId);
        if (row) await agents.revive(row);
        return agents.current(agentId);
      }),
    archiveAgents: async (quietMs, limit) =>
      sum(
        await writeSliced<number>(laneOf.care, async ({ archive }, _context, kept) => {
          const wanted = Math.min(limit - sum(kept), ROWS);
          if (wanted <= 0) return { part: 0, more: false };
          return each(await archive.quiet(quietMs, wanted), wanted, archive.archive);
        }),
      ),
    setSummary: (agentId, summary) =>
      write(laneOf.agent(agentId), async ({ agents, profiles }) => {
        const row = await agents.lockedRow(agentId);
        if (row) await profiles.setSummary(row.pk, summary);
      }),
    setFocus: (agentId, focus) =>
      write(laneOf.agent(agentId), async ({ agents, settings }, { hints }) => {
        const row = await agents.lockedRow(agentId);
        if (row) await settings.setFocus(row, focus);
        hints.ready(agentId);
      }),
    policyOf: (agentId) => read(async ({ agents, settings }) => settings.policy(await agents.pkOf(agentId))),
    setPolicy: (agentId, rules, by) =>
      write(laneOf.agent(agentId), async ({ agents, audit, settings }) => {
        const row = await agents.lockedRow(agentId);
        if (!row) return;
        await settings.setPolicy(row.pk, rules);
        if (by) await audit.note({ act: "policy_changed", by, about: row });
      }),
    renameAgent: (agentId, name) =>
      write(laneOf.key, async ({ agents }) => {
        const row = await agents.lockedRow(agentId);
        if (!row) throw new MeshError("agent_not_found", `Agent ${agentId} has left the mesh.`);
        await agents.rename(row, name);
        return agents.current(agentId);
      }),
    removeAgent: async (agentId, bounce, by) =>
      sum(await writeSliced(laneOf.removal(agentId), removeAgent(agentId, { bounce, by }))),
    endRemoved: async (limit, bounce) => sum(await writeSliced(laneOf.care, endOfRemoved(limit, bounce))),
  };
}
