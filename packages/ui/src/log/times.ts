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

/** The histograms of the steps since a time. The path is that of the delivery's last push; `asked for` without any. */
export function histogramsOf(steps: Iterable<Step>, since: number): Histogram[] {
  const byDelivery = Map.groupBy(steps, ({ deliveryId }) => deliveryId);
  const took = new Map<string, { leg: Leg; path: string; times: number[] }>();
  for (const own of byDelivery.values()) {
    const path = own.findLast(({ event }) => event === "pushed")?.path ?? "asked for";
    for (const [leg, from, to] of LEGS) {
      const [first, last] = [own.find(({ event }) => event === from), own.findLast(({ event }) => event === to)];
      if (!first || !last || Date.parse(last.at) < since) continue;
      const key = `${leg} ${path}`;
      const found = took.get(key) ?? { leg, path, times: [] };
      found.times.push(Math.max(0, Date.parse(last.at) - Date.parse(first.at)));
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
