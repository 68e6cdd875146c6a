/** The Store's verbs on hooks. */
import { MeshError } from "../../../mesh/errors.ts";
import type { HookStore } from "../../../mesh/store/hooks.ts";
import { registerAgent } from "../acts/register-agent.ts";
import { laneOf } from "../commits/slices.ts";
import type { VerbParts } from "./parts.ts";

/** Verbs on them. */
export function hookVerbs({ engine, peek, read, write }: VerbParts): HookStore {
  const { agents, hooks, audit } = engine;
  return {
    makeHook: (hook, by) =>
      write(laneOf.key, () => {
        if (hooks.count() >= hook.most) return "full";
        const { recipientId } = hook.target;
        const recipient = recipientId === undefined ? undefined : agents.row(recipientId);
        if (recipientId !== undefined && !recipient)
          throw new MeshError("agent_not_found", `Agent ${recipientId} has left the mesh. No hook was made.`);
        const { agent } = registerAgent(engine, hook.agent);
        hooks.insert(hook, agents.pkOf(agent.id), recipient?.pk ?? null);
        audit.note({ act: "hook_made", by, about: { id: hook.id, name: agent.name }, why: hook.kind });
        const made = hooks.one(hook.id);
        if (!made) throw new Error(`hook ${hook.id} vanished while it was made`);
        return made;
      }),
    hook: (id) => peek(() => hooks.one(id)),
    isHook: (agentId) => peek(() => hooks.isOf(agents.pkOf(agentId))),
    listHooks: (limit) => read(() => hooks.newest(limit)),
    noteHook: (id) => write(laneOf.key, () => void hooks.note(id)),
  };
}
