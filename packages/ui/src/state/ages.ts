/** What of an agent changes by time alone, without an event: how long its mail waits, and whether its focus is over. */
import type { Agent } from "@agentmesh/protocol";

/** An agent, and when it was looked at by this machine's clock: its ages go on from there. */
export type SeenAgent = Agent & { readonly seenAt: number };

/** How long the oldest message has waited in an agent's inbox, in milliseconds. */
export function oldestMs({ oldestQueuedMs, seenAt }: SeenAgent, now: number): number | undefined {
  return oldestQueuedMs === undefined ? undefined : oldestQueuedMs + Math.max(0, now - seenAt);
}

/** An agent's focus while it lasts: of its end there is no event. */
export function focusAt({ focus }: Pick<Agent, "focus">, now: number): Agent["focus"] {
  return focus !== undefined && Date.parse(focus.until) > now ? focus : undefined;
}
