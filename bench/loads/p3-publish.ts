/** P3: one message to many that listen, and the same kept for many that do not. */
import { within } from "../bus.ts";
import { ALL_SIDES, body, type Load, median } from "../load.ts";
import { startBroker } from "../ours/broker.ts";
import { subscribers } from "../ours/bus.ts";
import { register } from "../ours/mesh.ts";
import type { Side } from "../side.ts";

const RECEIVERS = { smoke: 50, usual: 1_000, whole: 1_000 } as const;
/** Each receiver holds at most 256 that are not acked, and none is acked here. */
const PUBLISHES = { smoke: 3, usual: 8, whole: 15 } as const;

/** The load. */
export const publish: Load = {
  id: "P3",
  title: "One message to 1,000 that listen",
  how: (size) =>
    `${PUBLISHES[size]} messages of 1 KiB a round, each to ${RECEIVERS[size]} receivers with a stream each, one at a time; the middle one of the round is told. To all: from the publishing until the last receiver has it. Kept alone: the same number of subscribers without a stream, until the publisher is answered.`,
  figures: [
    { key: "rate", what: "received by all", unit: "per s", better: "more" },
    { key: "last", what: "until the last has it", unit: "ms", better: "less" },
    { key: "answered", what: "answered, with streams", unit: "ms", better: "less" },
    { key: "kept", what: "kept alone", unit: "per s", better: "more" },
  ],
  goals: [
    { figure: "rate", least: 20, of: { side: "against", figure: "rate" } },
    { figure: "kept", least: 60_000 },
  ],
  sides: ALL_SIDES,
  together: true,
  warmUps: 1,
  async open(side, size) {
    const bus = await side.bus();
    const receivers = RECEIVERS[size];
    const fan = await bus.fan(receivers);
    const absent = side.build && (await openAbsent(side, receivers));
    let sent = 0;
    return {
      async round() {
        const [last, answered, kept]: [number[], number[], number[]] = [[], [], []];
        for (let i = 0; i < PUBLISHES[size]; i++) {
          const spread = await within(60_000, "a message to all", fan.spread(body(++sent)));
          last.push(spread.last);
          answered.push(spread.answered);
          if (absent) kept.push(await absent.keep(body(++sent)));
        }
        const perSecond = (ms: number) => receivers / (ms / 1_000);
        return {
          rate: perSecond(median(last)),
          last: median(last),
          answered: median(answered),
          ...(absent && { kept: perSecond(median(kept)) }),
        };
      },
      async [Symbol.asyncDispose]() {
        await bus[Symbol.asyncDispose]();
        await absent?.[Symbol.asyncDispose]();
      },
    };
  },
};

/** A broker of its own, whose subscribers are not there. */
async function openAbsent(side: Side, receivers: number) {
  if (!side.build) throw new Error("only ours keeps for those who are not there");
  const broker = await startBroker(side.build);
  const connection = await broker.connect();
  const { token } = await register(broker, connection, "publisher");
  await subscribers(broker, receivers, "absent");
  return {
    async keep(text: string) {
      const began = performance.now();
      const path = "/v1/topics/absent/messages";
      await connection.must({ method: "POST", path, token, body: JSON.stringify({ body: text }) });
      return performance.now() - began;
    },
    [Symbol.asyncDispose]: () => broker[Symbol.asyncDispose](),
  };
}
