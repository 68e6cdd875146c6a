/** An agent as others see it: its presence from the age of the newest heartbeat, and why that is in doubt. */
import type { Agent, Dialog, Doubt, Presence } from "@agentmesh/protocol";
import { timestamp } from "../clock.ts";
import type { Policy } from "../policy.ts";
import type { AgentRecord } from "../store.ts";

type Ages = Pick<Policy, "staleAfterMs" | "offlineAfterMs">;

/** Presence from the age of the newest heartbeat. */
export function presenceOf({ heartbeatAgeMs: age }: Pick<AgentRecord, "heartbeatAgeMs">, policy: Ages): Presence {
  if (age === undefined || age >= policy.offlineAfterMs) return "offline";
  return age < policy.staleAfterMs ? "online" : "stale";
}

/** What an agent is to the others. A dialog is known of as long as its session is surely there. */
export function shownAgent(agent: AgentRecord, policy: Ages, dialog: Dialog | undefined): Agent {
  const presence = presenceOf(agent, policy);
  const doubt = presence === "stale" ? doubtOf(agent) : undefined;
  return {
    id: agent.id,
    name: agent.name,
    ...(agent.askedName !== undefined && { askedName: agent.askedName }),
    ...agent.profile,
    ...(agent.machine && { machine: agent.machine.id }),
    presence,
    ...(doubt && { doubt }),
    ...(presence === "online" && dialog && { dialog }),
    trust: agent.trust,
    ...(agent.person && { person: true }),
    pushPaths: [...(presence === "offline" ? [] : agent.pushPaths), ...(agent.webhook ? [agent.webhook] : [])],
    ...(agent.focus && { focus: agent.focus }),
    queued: agent.queued,
    held: agent.held,
    inHand: agent.inHand,
    ...(agent.oldestQueuedMs !== undefined && { oldestQueuedMs: agent.oldestQueuedMs }),
    registeredAt: timestamp(agent.registeredAt),
    ...(agent.tokenMadeAt !== undefined && { tokenMadeAt: timestamp(agent.tokenMadeAt) }),
    ...(agent.lastSeenAt !== undefined && { lastSeenAt: timestamp(agent.lastSeenAt) }),
    ...(agent.archivedAt !== undefined && { archivedAt: timestamp(agent.archivedAt) }),
  };
}

function doubtOf({ doubt, lastSeenAt, registeredAt }: AgentRecord): Doubt {
  if (doubt) return { why: doubt.why, since: timestamp(doubt.at) };
  return { why: "no_heartbeat", since: timestamp(lastSeenAt ?? registeredAt) };
}
