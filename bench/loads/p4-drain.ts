/** P4: an agent that comes back to a full inbox, and what another sender notices of it. */
import { eachOf, upTo, within } from "../bus.ts";
import { BUILDS, body, type Load, percentile } from "../load.ts";
import { startBroker } from "../ours/broker.ts";
import { drainOneByOne } from "../ours/drain.ts";
import { startDrainThread } from "../ours/drain-thread.ts";
import { register, send } from "../ours/mesh.ts";

const QUEUED = { smoke: 100, usual: 4_000, whole: 4_000 } as const;
/** How many of them are taken one by one: enough to know the rate. */
const ONE_BY_ONE = { smoke: 20, usual: 400, whole: 1_000 } as const;
const FILLERS = 32;
const DRAINS_WITHIN_MS = 120_000;

/** The load. */
export const drain: Load = {
  id: "P4",
  title: "A backlog of 4,000, drained by one agent",
  how: (size) =>
    `${QUEUED[size]} messages of 1 KiB wait for one agent, which leases and acks them by the calls for many that the build has, beside ${ONE_BY_ONE[size]} others that it takes with one lease and one ack each. Meanwhile another agent sends, from another thread than the drain, to a third, one message at a time; then as many without a drain.`,
  figures: [
    { key: "rate", what: "drained", unit: "per s", better: "more" },
    { key: "oneByOne", what: "one lease + one ack each", unit: "per s", better: "more" },
    { key: "times", what: "drained ÷ one by one", unit: "×", better: "more" },
    { key: "other", what: "another's send meanwhile, p99", unit: "ms", better: "less" },
    { key: "alone", what: "the same without a drain, p99", unit: "ms", better: "less" },
    { key: "disturbed", what: "meanwhile ÷ without", unit: "×", better: "less" },
  ],
  goals: [
    { figure: "times", least: 10 },
    { figure: "disturbed", most: 2 },
  ],
  sides: BUILDS,
  together: true,
  warmUps: 0,
  async open({ build }, size) {
    if (!build) throw new Error("only ours has an inbox to drain");
    const broker = await startBroker(build);
    const connection = await broker.connect();
    const sending = await broker.connect();
    const fillers = await Promise.all(upTo(FILLERS).map(() => broker.connect()));
    const [filler, agent, other] = [
      await register(broker, connection, "filler"),
      await register(broker, connection, "agent"),
      await register(broker, connection, "other"),
    ];
    await register(broker, connection, "third");
    const drainer = startDrainThread(broker, agent);
    let sent = 0;
    const fill = (count: number) =>
      eachOf(upTo(count), FILLERS, async (i) => {
        await send(fillers[i % FILLERS] ?? connection, filler, "agent", body(++sent));
      });
    /** Sends until it is stopped, at least so many. */
    const sendUntil = async (over: () => boolean, least: number) => {
      const times: number[] = [];
      while (!over() || times.length < least) {
        const began = performance.now();
        await send(sending, other, "third", body(++sent));
        times.push(performance.now() - began);
      }
      return times;
    };
    return {
      async round() {
        await fill(ONE_BY_ONE[size]);
        const began = performance.now();
        await within(DRAINS_WITHIN_MS, "one by one", drainOneByOne(connection, agent, ONE_BY_ONE[size]));
        const oneByOne = ONE_BY_ONE[size] / ((performance.now() - began) / 1_000);

        await fill(QUEUED[size]);
        let over = false;
        const meanwhile = sendUntil(() => over, 0);
        const from = performance.now();
        const drained = await within(DRAINS_WITHIN_MS, "the drain", drainer.drain());
        const rate = drained / ((performance.now() - from) / 1_000);
        over = true;
        const during = await meanwhile;
        const without = await sendUntil(() => true, Math.max(during.length, 50));
        if (drained !== QUEUED[size]) throw new Error(`drained ${drained} of ${QUEUED[size]}`);
        const [other99, alone99] = [percentile(during, 0.99), percentile(without, 0.99)];
        const ratios = { times: rate / oneByOne, disturbed: other99 / alone99 };
        return { rate, oneByOne, other: other99, alone: alone99, ...ratios };
      },
      async [Symbol.asyncDispose]() {
        await drainer[Symbol.asyncDispose]();
        await broker[Symbol.asyncDispose]();
      },
    };
  },
};
