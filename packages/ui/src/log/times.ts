/** How long deliveries took from one step to the next, counted by how long. */

/** A step of a delivery, as the log and the events tell it. */
export interface Step {
  readonly deliveryId: string;
  readonly event: string;
  readonly at: string;
  readonly path?: string | undefined;
}

/** From where to where. */
type Leg = "accepted → pushed" | "accepted → leased" | "leased → acked" | "accepted → acked";

/** Upper ends of what is counted together, in milliseconds; beyond the last is one more. */
export const ENDS = [5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 60_000, 600_000] as const;

/** One leg by one path: how often up to each end, and what half of them and all but a hundredth stay under. */
export interface Histogram {
  readonly leg: Leg;
  readonly path: string;
  readonly counts: readonly number[];
  readonly n: number;
  readonly p50: number;
  readonly p99: number;
}

const LEGS: readonly [Leg, string, string][] = [
  ["accepted → pushed", "accepted", "pushed"],
  ["accepted → leased", "accepted", "leased"],
  ["leased → acked", "leased", "acked"],
  ["accepted → acked", "accepted", "acked"],
];

/** What is known of one delivery: when each step was first and last. */
interface Steps {
  readonly first: Partial<Record<string, string>>;
  readonly last: Partial<Record<string, string>>;
  path: string | undefined;
}

/** The histograms of the steps since a time. The path is that of the delivery's last push; `asked for` without any. */
export function histogramsOf(steps: Iterable<Step>, since: number): Histogram[] {
  const deliveries = new Map<string, Steps>();
  for (const { deliveryId, event, at, path } of steps) {
    const own: Steps = deliveries.get(deliveryId) ?? { first: {}, last: {}, path: undefined };
    deliveries.set(deliveryId, own);
    own.first[event] ??= at;
    own.last[event] = at;
    if (event === "pushed") own.path = path;
  }
  const took = new Map<string, { leg: Leg; path: string; times: number[] }>();
  for (const { first, last, path = "asked for" } of deliveries.values()) {
    for (const [leg, from, to] of LEGS) {
      const [begun, ended] = [first[from], last[to]];
      if (begun === undefined || ended === undefined) continue;
      const endedAt = Date.parse(ended);
      if (endedAt < since) continue;
      const key = `${leg} ${path}`;
      const found = took.get(key) ?? { leg, path, times: [] };
      found.times.push(Math.max(0, endedAt - Date.parse(begun)));
      took.set(key, found);
    }
  }
  const order = LEGS.map(([leg]) => leg);
  return [...took.values()]
    .map(({ leg, path, times }) => {
      const sorted = times.sort((a, b) => a - b);
      const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0;
      const counts: number[] = Array(ENDS.length + 1).fill(0);
      for (const ms of sorted) {
        const step = ENDS.findIndex((end) => ms <= end);
        const index = step < 0 ? ENDS.length : step;
        counts[index] = (counts[index] ?? 0) + 1;
      }
      return { leg, path, counts, n: sorted.length, p50: at(0.5), p99: at(0.99) };
    })
    .sort((a, b) => a.path.localeCompare(b.path) || order.indexOf(a.leg) - order.indexOf(b.leg));
}
