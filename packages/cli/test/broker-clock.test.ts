/** Times that a broker with another clock tells: ages and what is left are by its clock, on the machine of whoever looks. */
import { MeshClient } from "@agentmesh/client";
import { startTestBroker } from "testkit";
import { afterEach, expect, test } from "vitest";
import { brokerNow, followBroker, since, until } from "../src/terminal/clock.ts";

afterEach(() => followBroker(0));

const HOUR_MS = 3_600_000;
const atBroker = (aheadMs: number, ms: number) => new Date(Date.now() + aheadMs + ms).toISOString();

test.each([HOUR_MS, -HOUR_MS, 90_000])(
  "a broker %i ms ahead has told ages and what is left by its own clock",
  (ahead) => {
    followBroker(ahead);
    expect(since(atBroker(ahead, -120_500))).toBe("2m");
    expect(until(atBroker(ahead, 120_500))).toBe("2m");
  },
);

test("what an answer takes to come is no difference of clocks", () => {
  followBroker(-4_000);
  expect(brokerNow()).toBeLessThanOrEqual(Date.now());
  expect(brokerNow()).toBeGreaterThan(Date.now() - 1_000);
});

test("a client is told with each answer, a refusal too, how far the clock of its broker is ahead", async () => {
  await using broker = await startTestBroker();
  const told: number[] = [];
  const late: typeof fetch = async (...args) => {
    const answer = await fetch(...args);
    const headers = new Headers(answer.headers);
    headers.set("date", new Date(Date.now() + HOUR_MS).toUTCString());
    return new Response(answer.body, { status: answer.status, headers });
  };
  const options = { url: broker.url, token: broker.key, onBrokerTime: (ms: number) => told.push(ms) };
  await new MeshClient(options).status();
  const ahead = new MeshClient({ ...options, fetch: late });
  await ahead.status();
  await expect(ahead.getAgent({ agent: "nobody" })).rejects.toThrow();
  expect(told.map((ms) => Math.abs(Math.round(ms / HOUR_MS)))).toEqual([0, 1, 1]);
});
