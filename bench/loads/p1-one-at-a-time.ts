/** P1: one message at a time, durable, received and acked. */
import { within } from "../bus.ts";
import { body, type Load, percentile, WITH_POSTGRES } from "../load.ts";

const MESSAGES = { smoke: 20, usual: 300, whole: 1_000 } as const;

/** The load. */
export const oneAtATime: Load = {
  id: "P1",
  title: "One message at a time, received and acked",
  how: (size) =>
    `${MESSAGES[size]} messages of 1 KiB a round from one sender to one receiver that listens; each is sent when the one before was acked. Answered: the sender was told that it is kept. Received: the receiver has it. Acked: the receiver was told that its ack is kept.`,
  figures: [
    { key: "acked", what: "acked, p50", unit: "ms", better: "less" },
    { key: "received", what: "received, p50", unit: "ms", better: "less" },
    { key: "answered", what: "answered, p50", unit: "ms", better: "less" },
    { key: "acked99", what: "acked, p99", unit: "ms", better: "less" },
  ],
  goals: [{ figure: "acked", most: 1.5, of: { side: "redis", figure: "acked" } }],
  sides: WITH_POSTGRES,
  together: true,
  warmUps: 1,
  async open(side, size) {
    const bus = await side.bus();
    const [lane] = await bus.lanes(1);
    let sent = 0;
    return {
      async round() {
        const trips = [];
        for (let i = 0; i < MESSAGES[size]; i++) {
          const trip = lane?.trip(body(++sent));
          if (trip) trips.push(await within(30_000, "a message", trip));
        }
        const acked = trips.map((trip) => trip.acked);
        return {
          acked: percentile(acked, 0.5),
          received: percentile(
            trips.map((trip) => trip.received),
            0.5,
          ),
          answered: percentile(
            trips.map((trip) => trip.answered),
            0.5,
          ),
          acked99: percentile(acked, 0.99),
        };
      },
      [Symbol.asyncDispose]: () => bus[Symbol.asyncDispose](),
    };
  },
};
