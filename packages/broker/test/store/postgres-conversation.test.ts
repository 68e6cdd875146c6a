/** The README's conversation over two brokers on one Postgres, an adapter at each, and how long a push across them takes. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { packagedPostgres, startMcpSession, type TestBroker, until } from "testkit";
import { describe, expect, test } from "vitest";
import { usePostgres } from "./postgres-engine.ts";
import { brokerPair } from "./postgres-pair.ts";

const version = packagedPostgres();
/** Messages of each way that are timed, one after the other. */
const TIMED = 25;
/** What a push across two brokers may take of one within a broker. */
const MOST_OF_WITHIN = 3;

function adapter(broker: TestBroker, name: string) {
  const cwd = join(broker.home, "work", name);
  mkdirSync(cwd, { recursive: true });
  return startMcpSession({ home: broker.home, url: broker.url, cwd, env: { AGENTMESH_PUSH: "claude-channel" } });
}

function middle(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0;
}

describe.skipIf(version.whyNot !== undefined)(
  `two brokers on one ${version.name} (${version.whyNot ?? "here"})`,
  () => {
    const { newDatabase } = usePostgres(version);

    test("are one mesh to the adapter of each: seen, written to, pushed, answered, and the answer is pushed back", async () => {
      await using mesh = await brokerPair(await newDatabase());
      const [first, second] = mesh.brokers;
      await using ui = await adapter(first, "demo-ui");
      await using engine = await adapter(second, "demo-engine");
      expect([await ui.joined(), await engine.joined()]).toEqual(["demo-ui", "demo-engine"]);
      const peers = await ui.tool("list_peers");
      expect(peers.data.agents).toMatchObject([
        { name: "demo-ui", you: true },
        { name: "demo-engine", presence: "online" },
      ]);
      await ui.tool("send_message", { to: "demo-engine", message: "Which port do you listen on?" });
      await until(() => engine.channel.length > 0, "the question to be pushed at the other broker");
      expect(engine.channel[0]?.content).toContain("Which port do you listen on?");
      await engine.tool("reply", { message_id: "1", message: "4711. Health is GET /healthz." });
      await until(() => ui.channel.length > 0, "the answer to be pushed back");
      expect(ui.channel[0]?.content).toContain("4711. Health is GET /healthz.");
      const { entries } = await first.admin.log({ limit: 50 });
      const [question] = entries;
      const steps = entries.filter(({ messageId }) => messageId === question?.messageId).map(({ event }) => event);
      expect(steps).toEqual(["accepted", "leased", "pushed", "acked"]);
    });

    test(`push a message across within ${MOST_OF_WITHIN} times what it takes within one of them`, async () => {
      await using mesh = await brokerPair(await newDatabase());
      const [first, second] = mesh.brokers;
      const sender = await first.agent("sender");
      const stop = new AbortController();
      const waiting = new Map<string, (at: number) => void>();
      const receivers = await Promise.all([first, second].map((broker, n) => broker.agent(`receiver-${n}`)));
      const reading = receivers.map(async ({ client }) => {
        for await (const delivery of client.inbox({ signal: stop.signal })) {
          waiting.get(delivery.message.body)?.(performance.now());
          await delivery.ack();
        }
      });
      const times: [within: number[], across: number[]] = [[], []];
      // The first ones of each find no plan and no connection yet.
      for (let n = -3; n < TIMED; n++) {
        for (const [way, to] of [
          ["within", "receiver-0"],
          ["across", "receiver-1"],
        ] as const) {
          const body = `${way} ${n}`;
          const { promise, resolve } = Promise.withResolvers<number>();
          waiting.set(body, resolve);
          const began = performance.now();
          await sender.client.send({ to, body });
          const took = (await promise) - began;
          if (n >= 0) times[way === "within" ? 0 : 1].push(took);
        }
      }
      stop.abort();
      await Promise.allSettled(reading);
      const [within, across] = times.map(middle);
      if (within === undefined || across === undefined) throw new Error("nothing was timed");
      console.log(
        `a push, p50 of ${TIMED}: ${within.toFixed(1)} ms within a broker, ${across.toFixed(1)} ms across two`,
      );
      expect(across / within).toBeLessThan(MOST_OF_WITHIN);
    }, 300_000);
  },
);
