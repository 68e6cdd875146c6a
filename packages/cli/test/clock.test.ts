/** One clock for people, another for programs: local and short in text, RFC 3339 in UTC in JSON, in a zone that is not UTC. */
import { openWebhookReceiver, sampleOf, startTestBroker, type TestBroker, times, until } from "testkit";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { cli, cliEach } from "./run-cli.ts";

// Programs by the dozen.
vi.setConfig({ testTimeout: 240_000 });

/** No zone of the machine or of the wire: its minutes are 45 from those of UTC. */
const TZ = "Asia/Kathmandu";
const WIRE_TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d/;
const MILLISECONDS = /\d\d:\d\d:\d\d\.\d/;

let broker: TestBroker;
let commands: string[][];
let at: string;
beforeAll(async () => {
  broker = await startTestBroker();
  await cli(broker.home, ["agent", "add", "cli"]);
  const [alice, bob] = [await broker.agent("alice"), await broker.agent("bob")];
  await broker.admin.setFocus({ agent: "bob", forMs: 3_600_000, reason: "deep in it" });
  const sent = await alice.client.send({ to: "bob", body: "seen at 2026-01-31T12:00:00Z" });
  at = sent.acceptedAt;
  const dead = await alice.client.send({ to: "bob", body: "to be given up" });
  const { deliveries } = await bob.client.lease({ max: 2 });
  const [, second] = deliveries;
  await bob.client.reject({ delivery: second?.id ?? "", receipt: second?.receipt ?? "", reason: "not my job" });
  const { messageId } = sent;
  await using receiver = await openWebhookReceiver(500);
  const { client } = await broker.agent("hooked");
  await client.setWebhook({ agent: "me", url: receiver.url });
  for (let n = 0; n < 5; n++) await alice.client.send({ to: "hooked", body: `message ${n}` });
  await until(async () => (await client.getWebhook({ agent: "me" })).nextTryAt, "a webhook that rests");
  commands = [
    ["status"],
    ["agents"],
    ["agents", "--live"],
    ["agent", "show", "bob"],
    ["focus", "bob"],
    ["policy", "bob"],
    ["inbox", "bob", "--all"],
    ["inbox", "alice", "--full"],
    ["history"],
    ["history", "--full"],
    ["history", "--with", "bob"],
    ["search", "given"],
    ["log"],
    ["log", "--message", messageId],
    ["trace", messageId],
    ["trace", dead.messageId],
    ["dead"],
    ["owed"],
    ["topics"],
    ["held"],
    ["whoami"],
    ["send", "hooked", "while it rests"],
    ["trace", "1", "--agent", "hooked"],
    ["webhook", "show", "hooked"],
    ["webhook", "list"],
    ["send", "bob", "while in focus"],
    ["send", "bob", "late", "--wait", "1s"],
    ["ask", "bob", "are you there?", "--timeout", "1s"],
    ["ping", "bob", "--timeout", "1s"],
  ];
});
afterAll(() => broker[Symbol.asyncDispose]());

test("no command shows a person the wire's form of a time, nor milliseconds; the words of agents stay as they are", async () => {
  const some = sampleOf(commands, 8);
  for (const [n, { stdout, stderr }] of (await cliEach(broker.home, some, { TZ })).entries()) {
    const ours = (stdout + stderr).replaceAll("seen at 2026-01-31T12:00:00Z", "");
    expect([some[n], WIRE_TIME.exec(ours)?.[0], MILLISECONDS.exec(ours)?.[0]]).toEqual([some[n], undefined, undefined]);
  }
  const local = new Date(at).toLocaleTimeString("en-GB", { timeZone: TZ, hour12: false });
  expect((await cli(broker.home, ["log"], { TZ })).stdout).toContain(` ${local}  accepted`);
  expect((await cli(broker.home, ["trace", "1", "--agent", "bob"], { TZ })).stdout).toContain(`  ${local}  accepted`);
  const told = await cli(broker.home, ["send", "bob", "once more"], { TZ });
  expect(told.stdout.replace(/\s+/g, " ")).toMatch(/in focus until (\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d \(“?deep in it/);
});

test("every time in JSON is RFC 3339 in UTC with milliseconds", async () => {
  let found = 0;
  const inJson = sampleOf(
    commands.filter(([name]) => name !== "log"),
    8,
  ).map((args) => [...args, "--json"]);
  for (const { stdout } of await cliEach(broker.home, inJson, { TZ })) {
    JSON.parse(stdout, (key, value: unknown) => {
      if (!/(At|Until|^at|^until)$/.test(key) || value === null) return value;
      found++;
      expect([key, value]).toEqual([key, expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)]);
      return value;
    });
  }
  expect(found).toBeGreaterThan(times(20, 2));
});
