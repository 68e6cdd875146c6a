/** What an event changes by itself, and what has to be looked at anew because of it. */
import type { MeshEvent } from "@agentmesh/protocol";
import type { SeenAgent } from "./ages.ts";

/** What is looked at as a whole. */
export type Look = "agents" | "needs" | "asks" | "topics" | "status";

/** What an event makes out of date beside the agents that it names. */
export function outOfDate({ type }: Pick<MeshEvent, "type">): Look[] {
  switch (type) {
    case "delivery.accepted":
    case "delivery.acked":
    case "delivery.dead":
    case "delivery.rejected":
    case "delivery.redriven":
    case "delivery.dismissed":
    case "delivery.held":
    case "delivery.admitted":
    case "delivery.refused":
    case "delivery.cancelled":
    case "delivery.expired":
    case "delivery.waived":
      return ["needs", "asks"];
    case "topic.subscribed":
    case "topic.unsubscribed":
      return ["topics"];
    case "agent.registered":
    case "agent.back":
      return ["status"];
    case "agent.removed":
    case "agent.archived":
      // What was held for it is dead now, as what waited for it.
      return ["status", "needs", "asks"];
    case "agent.presence":
    case "agent.renamed":
    case "push.proven":
    case "push.failing":
    case "webhook.working":
    case "webhook.failing":
    case "webhook.resting":
    case "webhook.disabled":
    case "webhook.set":
    case "webhook.removed":
      return ["needs"];
    default:
      return [];
  }
}

/** Whether an event is a step of mail that goes its way: there are many of them, and few change what needs somebody. */
export function isUsual({ type }: Pick<MeshEvent, "type">): boolean {
  return ["delivery.accepted", "delivery.leased", "delivery.pushed", "delivery.acked"].includes(type);
}

/** The agents whose numbers or push paths an event changes, by id: they are to be looked at. */
export function touchedBy(event: MeshEvent): string[] {
  if ("deliveryId" in event) return [event.to.id];
  if (event.type === "agent.removed" || event.type === "agent.archived") return [];
  return [event.agent.id];
}

/** The agents after an event, by what it says itself; the same map when it says nothing of them. */
export function foldAgents(agents: ReadonlyMap<string, SeenAgent>, event: MeshEvent): ReadonlyMap<string, SeenAgent> {
  if (!("agent" in event)) return agents;
  const agent = agents.get(event.agent.id);
  const changed = agent && change(agent, event);
  if (agent === changed) return agents;
  const next = new Map(agents);
  if (changed === undefined) next.delete(event.agent.id);
  else next.set(event.agent.id, changed);
  return next;
}

function change(agent: SeenAgent, event: MeshEvent): SeenAgent | undefined {
  switch (event.type) {
    case "agent.removed":
    case "agent.archived":
      return undefined;
    case "agent.renamed":
      return { ...agent, name: event.agent.name };
    case "agent.summary":
      return { ...agent, summary: event.summary };
    case "agent.focus": {
      const { focus: _, ...rest } = agent;
      return event.focus ? { ...rest, focus: event.focus } : rest;
    }
    case "agent.presence": {
      const { doubt: _, ...rest } = agent;
      return {
        ...rest,
        presence: event.presence,
        ...(event.why !== undefined && { doubt: { why: event.why, since: event.at } }),
      };
    }
    default:
      return agent;
  }
}

/** So many events of one reading are many: what is drawn and looked at for each of them is done more rarely. */
export const MANY_EVENTS = 20;

/** Most events that the page keeps. */
export const KEPT_EVENTS = 5_000;

/** The events with those that came, the newest last, and whether older ones are kept no more. */
export function withNew(
  events: readonly MeshEvent[],
  came: readonly MeshEvent[],
): { readonly events: readonly MeshEvent[]; readonly cut: boolean } {
  const all = [...events, ...came];
  return { events: all.slice(-KEPT_EVENTS), cut: all.length > KEPT_EVENTS };
}
