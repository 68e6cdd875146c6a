/** P5: from a tool call in one session to the push in another. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Arrival, within } from "../bus.ts";
import { BUILDS, type Load, percentile } from "../load.ts";
import { rest } from "../machine/pause.ts";
import { joined, startAdapter } from "../ours/adapter.ts";
import { LASTING_SESSIONS, startBroker } from "../ours/broker.ts";
import { busOf } from "../ours/bus.ts";

const MESSAGES = { smoke: 2, usual: 10, whole: 40 } as const;
/** What arrives within this time becomes one text, and one text comes at most once in so long (`mcp/src/push/pusher.ts`). */
const COLLECTS_MS = 50;
const GAP_MS = 1_050;

/** The load. */
export const adapters: Load = {
  id: "P5",
  title: "From a tool call to the push in another session",
  how: (size) =>
    `Two adapter processes of one broker. ${MESSAGES[size]} times a round \`send_message\` is called in one, until the channel event comes out of the other, without the ${COLLECTS_MS} ms for which it collects; an adapter pushes once a second at most, so they are that far apart. Between them, when the adapters are quiet, one message by bare HTTP from a sender to a stream of the same broker.`,
  figures: [
    { key: "push", what: "tool call → push, p50", unit: "ms", better: "less" },
    { key: "stream", what: "send → stream, p50", unit: "ms", better: "less" },
    { key: "times", what: "push ÷ stream", unit: "×", better: "less" },
  ],
  goals: [{ figure: "times", most: 6 }],
  sides: BUILDS,
  together: true,
  warmUps: 1,
  mostRounds: 5,
  async open({ build }, size) {
    if (!build) throw new Error("only ours has adapters");
    const broker = await startBroker(build, { env: LASTING_SESSIONS });
    const start = async (name: string) => {
      const cwd = join(broker.home, "work", name);
      mkdirSync(cwd, { recursive: true });
      const env = { AGENTMESH_URL: broker.url, AGENTMESH_NAME: name, AGENTMESH_PUSH: "claude-channel" };
      // Nobody answers as a model would: a path without a sign of that would count as failing.
      const adapter = await startAdapter(build, {
        home: broker.home,
        cwd,
        env: { ...env, AGENTMESH_SIGN_MS: "600000" },
      });
      return { adapter, name: await joined(adapter) };
    };
    const [sender, receiver] = [await start("sender"), await start("receiver")];
    const [lane] = await busOf(broker).lanes(1);
    const arrival = new Arrival<number>();
    receiver.adapter.onPush(() => arrival.came(performance.now()));
    let sent = 0;
    return {
      async round() {
        const [pushes, streams]: [number[], number[]] = [[], []];
        for (let i = 0; i < MESSAGES[size]; i++) {
          const next = arrival.next();
          const began = performance.now();
          await sender.adapter.tool("send_message", { to: receiver.name, message: `number ${++sent}` });
          pushes.push((await within(30_000, "a push", next)) - began - COLLECTS_MS);
          // What is read is acked, and leaves the credit of the stream.
          await receiver.adapter.tool("check_messages");
          await rest(GAP_MS);
          const trip = lane?.trip(`number ${++sent}`);
          if (trip) streams.push((await trip).received);
        }
        const [push, stream] = [percentile(pushes, 0.5), percentile(streams, 0.5)];
        return { push, stream, times: push / stream };
      },
      async [Symbol.asyncDispose]() {
        await Promise.all([sender, receiver].map(({ adapter }) => adapter[Symbol.asyncDispose]()));
        await broker[Symbol.asyncDispose]();
      },
    };
  },
};
