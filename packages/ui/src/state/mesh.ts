/** What the page knows of the mesh: filled by first looks, kept true by events. */
import type { BrokerStatus, InboxEntry, LogEntry, MeshEvent, Topic } from "@agentmesh/protocol";
import { computed, signal } from "@preact/signals";
import { session } from "../frame/session.ts";
import { now } from "../frame/time.ts";
import { type Need, needsOf, type SeenAsk } from "../needs/needs.ts";
import type { SeenAgent } from "./ages.ts";

/** Agents by their id. */
export const agents = signal<ReadonlyMap<string, SeenAgent>>(new Map());
/** How many agents there are beside those that the page holds: some, when there are very many. */
export const moreAgents = signal(0);
export const dead = signal<readonly InboxEntry[]>([]);
/** Whether there are more dead letters than the page holds. */
export const moreDead = signal(false);
export const held = signal<readonly InboxEntry[]>([]);
/** Whether more is held than the page holds. */
export const moreHeld = signal(false);
export const asks = signal<readonly SeenAsk[]>([]);
/** Whether there are more questions without an answer than the page holds. */
export const moreAsks = signal(false);
export const topics = signal<readonly Topic[]>([]);
export const status = signal<BrokerStatus | undefined>(undefined);

/** What happened, the newest last, as much of it as the page keeps. */
export const events = signal<readonly MeshEvent[]>([]);

/** What happened before the page was opened, the newest last; nothing where events behind it are kept no more. */
export const earlier = signal<readonly LogEntry[]>([]);

/** From when on the page knows what happened to messages. */
export const heardSince = computed(
  () => earlier.value[0]?.at ?? events.value.find((event) => "deliveryId" in event)?.at,
);

/** Whether everything has been looked at once. */
export const known = signal(false);

/** How the page hears of the mesh, and when it last did. */
export const connection = signal<{
  readonly state: "connecting" | "live" | "lost";
  /** When the broker was last heard, by this machine's clock. */
  readonly heardAt?: number;
  readonly why?: string;
}>({ state: "connecting" });

// Ages make no row more urgent within a quarter of a minute.
const coarseNow = computed(() => Math.floor(now.value / 15_000) * 15_000);

/** What waits for a person, the worst first. */
export const needs = computed<readonly Need[]>(() =>
  needsOf({
    agents: [...agents.value.values()],
    dead: dead.value,
    held: held.value,
    asks: asks.value,
    status: status.value,
    person: session.value?.person?.id,
    now: coarseNow.value,
  }),
);

const byName = computed(() => new Map([...agents.value.values()].map((agent) => [agent.name as string, agent])));

/** An agent by its name or id, as far as the page knows it. */
export function agentNamed(name: string): SeenAgent | undefined {
  return byName.value.get(name) ?? agents.value.get(name);
}
