/** The mesh's verbs on asks over one engine under test, without a broker around them. */
import type { AgentId } from "@agentmesh/protocol";
import { Intake } from "../../src/mesh/acceptance/intake.ts";
import { LoopGuard } from "../../src/mesh/acceptance/loop-guard.ts";
import { Agents } from "../../src/mesh/agents.ts";
import { Asks } from "../../src/mesh/asks.ts";
import { Turns } from "../../src/mesh/looks/turns.ts";
import { Messages } from "../../src/mesh/messages.ts";
import { Refusals } from "../../src/mesh/needs/refusals.ts";
import type { Policy } from "../../src/mesh/policy.ts";
import { Wakes } from "../../src/mesh/push/wakes.ts";
import { Dialogs } from "../../src/mesh/session/dialogs.ts";
import { WaitingAsks } from "../../src/mesh/waiting-asks.ts";
import type { World } from "./world.ts";

const POLICY = {
  ...{ maxBodyBytes: 1_000, inboxMaxMessages: 10_000, inboxMaxBytes: 1e9, maxHops: 1e9 },
  ...{ senderPerMinute: 0, pairPerMinute: 0, repeatsPerMinute: 0, messageTtlMs: 600_000 },
} as Policy;

/** Asks, and what they are made of. */
export function asksOf({ store, clock }: World, waiting = new WaitingAsks()) {
  const ready = new Wakes<string>();
  store.listen({ ready: (id: AgentId) => ready.wake(id), advanced: () => {} });
  const room = { freeBytes: undefined, minFreeBytes: 0, ballastBytes: 0, spent: false };
  const intake = new Intake({ look: () => room }, clock);
  const agents = new Agents({ store, policy: POLICY, intake, turns: new Turns(), dialogs: new Dialogs() });
  const refusals = new Refusals(clock);
  const guard = new LoopGuard(POLICY, clock, refusals);
  const messages = new Messages({
    ...{ store, agents, policy: POLICY, guard, waiting, intake, turns: new Turns() },
    advanced: new Wakes<"log">(),
  });
  const asks = new Asks({ store, refusals, agents, messages, ready, waiting, policy: POLICY, turns: new Turns() });
  return { asks, agents, messages };
}
