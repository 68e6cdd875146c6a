/** The Store's verbs on hooks. */
import { MeshError } from "../../../mesh/errors.ts";
import type { HookStore } from "../../../mesh/store/hooks.ts";
import { laneOf } from "../../shared/lanes.ts";
import { registerAgent } from "../acts/register-agent.ts";
import type { VerbParts } from "./parts.ts";

/** Verbs on them. */
export function hookVerbs({ read, write }: VerbParts): HookStore {
  return {
    makeHook: (hook, by) =>
      write(laneOf.key, async (engine) => {
        const { agents, audit, hooks } = engine;
        if ((await hooks.count()) >= hook.most) return "full";
        const { recipientId } = hook.target;
        const recipient = recipientId === undefined ? undefined : await agents.lockedRow(recipientId);
        if (recipientId !== undefined && !recipient)
          throw new MeshError("agent_not_found", `Agent ${recipientId} has left the mesh. No hook was made.`);
        const { agent } = await registerAgent(engine, hook.agent);
        await hooks.insert(hook, await agents.pkOf(agent.id), recipient?.pk ?? null);
        await audit.note({ act: "hook_made", by, about: { id: hook.id, name: agent.name }, why: hook.kind });
        const made = await hooks.one(hook.id);
        if (!made) throw new Error(`hook ${hook.id} vanished while it was made`);
        return made;
      }),
    hook: (id) => read(({ hooks }) => hooks.one(id)),
    isHook: (agentId) => read(async ({ agents, hooks }) => hooks.isOf(await agents.pkOf(agentId))),
    listHooks: (limit) => read(({ hooks }) => hooks.newest(limit)),
    noteHook: (id) =>
      write(laneOf.key, async ({ hooks }) => {
        await hooks.note(id);
      }),
  };
}
