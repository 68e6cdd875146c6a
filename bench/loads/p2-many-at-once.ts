/** P2: many senders to as many receivers at once, received and acked. */
import { within } from "../bus.ts";
import { body, type Load, percentile, WITH_POSTGRES } from "../load.ts";
import { busyShare, processorTimes } from "../machine/busy.ts";

const LANES = { smoke: 8, usual: 64, whole: 64 } as const;
const WINDOW_MS = { smoke: 200, usual: 2_000, whole: 5_000 } as const;

/** The load. */
export const manyAtOnce: Load = {
  id: "P2",
  title: "64 senders to 64 receivers",
  how: (size) =>
    `${LANES[size]} senders, each with a receiver of its own that listens, for ${WINDOW_MS[size] / 1_000} s a round; each sends its next message of 1 KiB when the one before was acked.`,
  figures: [
    { key: "rate", what: "received and acked", unit: "per s", better: "more" },
    { key: "acked", what: "acked, p50", unit: "ms", better: "less" },
    { key: "acked99", what: "acked, p99", unit: "ms", better: "less" },
    // Of the whole machine, the load's own share with them: at 100 nothing more fits beside it.
    { key: "busy", what: "processors at work", unit: "%", better: "less", beside: true },
  ],
  goals: [
    { figure: "rate", least: 8, of: { side: "against", figure: "rate" } },
    { figure: "rate", least: 0.65, of: { side: "bare", figure: "rate" } },
    { side: "postgres", figure: "rate", least: 1.5, of: { side: "pgboss", figure: "rate" } },
    { side: "postgres", figure: "rate", least: 1.5, of: { side: "graphile", figure: "rate" } },
    { side: "postgres3", figure: "rate", least: 1.5, of: { side: "postgres", figure: "rate" } },
  ],
  sides: WITH_POSTGRES,
  together: true,
  warmUps: 1,
  async open(side, size) {
    const bus = await side.bus();
    const lanes = await bus.lanes(LANES[size]);
    let sent = 0;
    return {
      async round() {
        const acked: number[] = [];
        const began = performance.now();
        const before = processorTimes();
        const ends = began + WINDOW_MS[size];
        const all = lanes.map(async (lane) => {
          while (performance.now() < ends) acked.push((await lane.trip(body(++sent))).acked);
        });
        await within(WINDOW_MS[size] + 60_000, "the messages", Promise.all(all));
        return {
          rate: acked.length / ((performance.now() - began) / 1_000),
          acked: percentile(acked, 0.5),
          acked99: percentile(acked, 0.99),
          busy: busyShare(before, processorTimes()),
        };
      },
      [Symbol.asyncDispose]: () => bus[Symbol.asyncDispose](),
    };
  },
};
