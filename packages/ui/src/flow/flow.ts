/** The last hour as a picture: who wrote to whom, what is stuck, who waits for whose answer. */
import type { Need, OpenAsk } from "@agentmesh/protocol";

/** A step of a delivery with its ends. */
export interface Passed {
  readonly deliveryId: string;
  readonly event: string;
  readonly at: string;
  readonly from: string;
  readonly to: string;
}

/** What went from one agent to another. */
export interface Edge {
  readonly from: string;
  readonly to: string;
  readonly messages: number;
  /** Dead, rejected or held. */
  readonly stuck: number;
  /** Answers that the first waits for from the second. */
  readonly awaited: number;
  /** Questions of the first to the second that were refused: each would have waited for the other. */
  readonly refused: number;
}

/** A node of the picture: a name and where it stands, in a square of a thousand. */
export interface Node {
  readonly name: string;
  readonly x: number;
  readonly y: number;
  readonly messages: number;
}

/** Who sends the notices: no agent, and no part of the picture. */
const MESH = "mesh";
const STUCK: ReadonlySet<string> = new Set(["dead", "rejected", "held"]);

/** The edges since a time, those that were refused or are stuck first, then the thickest. */
export function edgesOf(
  passed: Iterable<Passed>,
  asks: readonly OpenAsk[],
  needs: readonly Need[],
  since: number,
): Edge[] {
  type Drawn = Omit<Edge, "messages" | "stuck"> & {
    seen: Set<string>;
    stuck: Set<string>;
    awaited: number;
    refused: number;
  };
  const edges = new Map<string, Drawn>();
  const edge = (from: string, to: string) => {
    const key = `${from}\n${to}`;
    const found = edges.get(key) ?? { from, to, seen: new Set(), stuck: new Set(), awaited: 0, refused: 0 };
    edges.set(key, found);
    return found;
  };
  // Times of the broker are all of one form: compared as texts, a hundred times as fast.
  const first = new Date(since).toISOString();
  for (const { deliveryId, event, at, from, to } of passed) {
    if (at < first || from === MESH) continue;
    const { seen, stuck } = edge(from, to);
    seen.add(deliveryId);
    // What came last counts: a redriven letter is stuck no more.
    if (STUCK.has(event)) stuck.add(deliveryId);
    else if (event !== "bounced" && event !== "waived") stuck.delete(deliveryId);
  }
  for (const { from, to } of asks) edge(from.name, to.name).awaited += 1;
  for (const { kind, from, agent, count = 1 } of needs) {
    if (kind === "deadlock" && from && agent) edge(from.name, agent.name).refused += count;
  }
  return [...edges.values()]
    .map(({ seen, stuck, ...rest }) => ({ ...rest, messages: seen.size, stuck: stuck.size }))
    .sort(
      (a, b) =>
        b.refused - a.refused ||
        b.stuck - a.stuck ||
        b.messages - a.messages ||
        a.from.localeCompare(b.from) ||
        a.to.localeCompare(b.to),
    );
}

/** The nodes on a ring, each beside those that it has most to do with. */
export function nodesOf(edges: readonly Edge[]): Node[] {
  const sums = new Map<string, number>();
  const beside = new Map<string, string[]>();
  for (const { from, to, messages } of edges) {
    for (const [one, other] of [
      [from, to],
      [to, from],
    ] as const) {
      sums.set(one, (sums.get(one) ?? 0) + messages);
      beside.set(one, [...(beside.get(one) ?? []), other]);
    }
  }
  const order: string[] = [];
  const placed = new Set<string>();
  for (const start of [...sums.keys()].sort((a, b) => (sums.get(b) ?? 0) - (sums.get(a) ?? 0) || a.localeCompare(b))) {
    for (let at: string | undefined = start; at !== undefined && !placed.has(at); ) {
      placed.add(at);
      order.push(at);
      at = beside.get(at)?.find((other) => !placed.has(other));
    }
  }
  return order.map((name, n) => {
    const turn = (n / order.length) * 2 * Math.PI - Math.PI / 2;
    return { name, x: 500 + 380 * Math.cos(turn), y: 500 + 380 * Math.sin(turn), messages: sums.get(name) ?? 0 };
  });
}

/** How thick an edge is drawn. */
export function thickness(messages: number): number {
  return Math.min(9, 1 + Math.log2(1 + messages));
}
