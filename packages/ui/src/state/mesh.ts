/** What the page knows of the mesh: filled by first looks, kept true by events. */
import type { BrokerStatus, LogEntry, MeshEvent, Need, OpenAsk, Topic } from "@agentmesh/protocol";
import { needsCounted } from "@agentmesh/protocol/shown";
import { computed, signal } from "@preact/signals";
import type { SeenAgent } from "./ages.ts";

/** Agents by their id. */
export const agents = signal<ReadonlyMap<string, SeenAgent>>(new Map());
/** How many agents there are beside those that the page holds: some, when there are very many. */
export const moreAgents = signal(0);
/** Whether they have been looked at once. */
export const agentsKnown = signal(false);

/** What waits for a person, the worst first: of each kind the first ones, and all of a kind that is opened. */
export const needs = signal<readonly Need[]>([]);
/** How many there are of each kind. */
export const needCounts = signal<Readonly<Record<string, number>>>({});
/** How many there are of all kinds, and in words: `1000+` where they are not counted to the end. */
export const needsInAll = computed(() => needsCounted(needCounts.value).count);
export const needsInWords = computed(() => needsCounted(needCounts.value).text);
/** Kinds of which the person wants to see all. */
export const openedKinds = signal<ReadonlySet<string>>(new Set());

/** Questions without an answer, and whether there may be more than the page holds. */
export const asks = signal<readonly OpenAsk[]>([]);
export const moreAsks = signal(false);

/** A number of questions, as far as the page knows them. */
export function askCount(count: number): string {
  return moreAsks.value ? `${count}+` : String(count);
}

export const topics = signal<readonly Topic[]>([]);
export const status = signal<BrokerStatus | undefined>(undefined);

/** What happened, the newest last, as much of it as the page keeps. */
export const events = signal<readonly MeshEvent[]>([]);

/** What happened before the page was opened, the newest last; nothing where events behind it are kept no more. */
export const earlier = signal<readonly LogEntry[]>([]);

/** Whether that was looked at once: until then nothing is said of what did not happen. */
export const isLogKnown = signal(false);

/** From when on the page knows what happened to messages. */
export const heardSince = computed(
  () => earlier.value[0]?.at ?? events.value.find((event) => "deliveryId" in event)?.at,
);

/** Whether what waits has been looked at once. */
export const known = signal(false);

/** How the page hears of the mesh, by events or by asking, and when it last did. */
export const connection = signal<{
  readonly state: "connecting" | "live" | "asked" | "lost";
  /** When the broker was last heard, by this machine's clock. */
  readonly heardAt?: number;
  readonly why?: string;
}>({ state: "connecting" });

const byName = computed(() => new Map([...agents.value.values()].map((agent) => [agent.name as string, agent])));

/** An agent by its name or id, as far as the page knows it. */
export function agentNamed(name: string): SeenAgent | undefined {
  return byName.value.get(name) ?? agents.value.get(name);
}
