/** Sending from the command line, and the three places that say what became of a message. */
import { openStateFolder, sharedIdentity } from "@agentmesh/client/node";
import { endpoints, LogEntry, MessageStatus, SendReply } from "@agentmesh/protocol";
import { startTestBroker, type TestBroker, until } from "testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { cli, cliWithStdin, startCli } from "./run-cli.ts";

let broker: TestBroker;
beforeAll(async () => {
  broker = await startTestBroker();
});
afterAll(async () => {
  const { deliveries } = await broker.admin.status();
  await broker[Symbol.asyncDispose]();
  expect(deliveries.leased).toBe(0);
});

async function views(agent: string, message: string): Promise<{ inbox: string; events: string[]; get: string }> {
  const [inbox, log, got] = await Promise.all([
    cli(broker.home, ["inbox", agent, "--all", "--json"]),
    cli(broker.home, ["log", "--agent", agent, "--json"]),
    broker.admin.getMessage({ message }),
  ]);
  const { entries } = endpoints.listInbox.reply.parse(JSON.parse(inbox.stdout));
  const lines = log.stdout
    .trimEnd()
    .split("\n")
    .map((line) => LogEntry.parse(JSON.parse(line)));
  return {
    inbox: entries.find((entry) => entry.message.id === message)?.state ?? "nowhere",
    events: lines.filter((line) => line.messageId === message).map((line) => line.event),
    get: got.deliveries[0]?.state ?? "nowhere",
  };
}

test("inbox, log and the message itself agree while it is queued, leased and acked", async () => {
  const alice = await broker.agent("alice");
  const sent = await cli(broker.home, ["send", "alice", "tests", "are", "red", "--json"]);
  const { messageId } = SendReply.parse(JSON.parse(sent.stdout));
  expect(await views("alice", messageId)).toEqual({ inbox: "queued", events: ["accepted"], get: "queued" });

  const [leased] = (await alice.client.lease({ max: 1 })).deliveries;
  expect(leased?.message).toMatchObject({ body: "tests are red", from: { name: "cli" } });
  expect(await views("alice", messageId)).toEqual({ inbox: "leased", events: ["accepted", "leased"], get: "leased" });

  await alice.client.ack({ delivery: String(leased?.seq) });
  const after = await views("alice", messageId);
  expect(after).toEqual({ inbox: "acked", events: ["accepted", "leased", "acked"], get: "acked" });
});

test("what a person sends comes as operator, what a model sends with the same token does not", async () => {
  const { client } = await broker.agent("trusting");
  const run = async (env: Record<string, string>, ...args: string[]) => (await cli(broker.home, args, env)).code;
  // As an earlier version registered it: by its client's name alone.
  const { token } = sharedIdentity(openStateFolder(broker.home), "cli", "early");
  await broker.admin.register({ name: "early", token, client: "cli" });
  expect(await run({}, "send", "trusting", "from you")).toBe(0);
  expect(await run({}, "send", "trusting", "from you, too", "--as", "early")).toBe(0);
  expect(await run({ CLAUDECODE: "1" }, "send", "trusting", "from a model")).toBe(0);
  expect(await run({ PI_CODING_AGENT: "true" }, "send", "trusting", "from a model in Pi")).toBe(0);
  expect(await run({ CLINE_CONNECTOR_CLI_LAUNCH: "{}" }, "send", "trusting", "from a model in Cline")).toBe(0);
  expect(await run({ KILO: "1" }, "send", "trusting", "from a model in Kilo")).toBe(0);
  expect(await run({ AI_AGENT: "any" }, "send", "trusting", "from a model in whatever says so")).toBe(0);
  expect(await run({ OPENCODE: "1" }, "ask", "trusting", "a question of a model", "--timeout", "1s")).toBe(7);
  await client.subscribe({ topic: "news" });
  expect(await run({ GEMINI_CLI: "1" }, "publish", "news", "of a model")).toBe(0);
  expect(await run({}, "publish", "news", "of yours")).toBe(0);
  const { entries } = await client.listInbox({});
  expect(entries.map(({ message: { body }, trust }) => `${body}: ${trust}`)).toEqual([
    "from you: operator",
    "from you, too: operator",
    "from a model: same-machine",
    "from a model in Pi: same-machine",
    "from a model in Cline: same-machine",
    "from a model in Kilo: same-machine",
    "from a model in whatever says so: same-machine",
    "a question of a model: same-machine",
    "of a model: same-machine",
    "of yours: operator",
  ]);
});

test("the answer says presence, push path, its proof and how many wait before it", async () => {
  const bob = await broker.agent("bob");
  await cli(broker.home, ["send", "bob", "first"]);
  const offline = await cli(broker.home, ["send", "bob", "second"]);
  expect(offline.stdout).toMatch(/^queued as #2 for bob \(offline\); 1 waits before it\nmsg_[0-9a-f]{32}\n$/);
  expect(offline.stderr).toContain("warning: bob has no live session");

  const provenAt = new Date(Date.now() - 120_000).toISOString();
  const session = await bob.client.join({ pushPaths: [{ path: "claude-inbox", provenAt }] });
  const online = await cli(broker.home, ["send", "bob", "third"]);
  expect(online.stdout).toContain("queued as #3 for bob (online, reached by claude-inbox, proven 2m ago); 2 wait");
  await session.leave();
  // Where no path is proven it is told when it was last heard of, instead of a bare word.
  const unproven = await bob.client.join({ pushPaths: [{ path: "claude-inbox" }] });
  const heard = await cli(broker.home, ["send", "bob", "fourth"]);
  expect(heard.stdout).toMatch(
    /for bob \(online, heard of \d+s ago, reached by claude-inbox, not proven yet\); 3 wait/,
  );
  await unproven.leave();
});

test("an unknown recipient exits 4 with near names and stores nothing", async () => {
  await broker.agent("poker-engine");
  const before = await broker.admin.status();
  const plain = await cli(broker.home, ["send", "poker-engin", "hello"]);
  expect(plain).toMatchObject({ code: 4, stdout: "" });
  expect(plain.stderr).toMatch(/^error: .*poker-engine.*\n$/);
  const json = await cli(broker.home, ["send", "poker-engin", "hello", "--json"]);
  expect(json).toMatchObject({ code: 4, stdout: "" });
  expect(JSON.parse(json.stderr)).toMatchObject({ error: { code: "agent_not_found", nearNames: ["poker-engine"] } });
  expect((await broker.admin.status()).deliveries).toEqual(before.deliveries);
});

test("stdin is sent whole, without its last line end; what is empty or no text is refused", async () => {
  const carol = await broker.agent("carol");
  const body = "first line\n\n- second: “quoted” 日本語\n";
  expect(await cliWithStdin(broker.home, ["send", "carol"], `${body}\n`)).toMatchObject({ code: 0 });
  expect((await carol.client.listInbox()).entries[0]?.message.body).toBe(body);
  expect(await cliWithStdin(broker.home, ["send", "carol", "-"], "")).toMatchObject({ code: 2, stdout: "" });
  expect(await cliWithStdin(broker.home, ["send", "carol"], Buffer.from([0xff, 0xfe]))).toMatchObject({ code: 2 });
  expect((await carol.client.listInbox()).open).toBe(1);
});

test("a body over the limit exits 5 and names the limit", async () => {
  await broker.agent("dan");
  for (const bytes of [65_537, 2_000_000]) {
    const refused = await cliWithStdin(broker.home, ["send", "dan"], "x".repeat(bytes));
    expect(refused).toMatchObject({ code: 5, stdout: "" });
    expect(refused.stderr).toMatch(/^error: .*\d/);
  }
});

test("an idempotency key stores once and says so; other text under it exits 5", async () => {
  await broker.agent("erin");
  const args = ["send", "erin", "--idempotency-key", "once-1"];
  await cli(broker.home, [...args, "same"]);
  expect((await cli(broker.home, [...args, "same"])).stdout).toContain("#1 for erin (offline); sent before with this");
  expect(await cli(broker.home, [...args, "other"])).toMatchObject({ code: 5, stdout: "" });
});

test("--wait prints each step and exits 0 at the ack", async () => {
  const fay = await broker.agent("fay");
  const waiting = startCli(broker.home, ["send", "fay", "please", "--wait", "1m"]);
  const [leased] = (await fay.client.lease({ waitMs: 60_000 })).deliveries;
  await until(() => waiting.stdout().includes("leased"));
  await fay.client.send({ inReplyTo: String(leased?.seq), body: "done" });
  expect((await waiting.exit).code).toBe(0);
  expect(waiting.stdout()).toMatch(/accepted.*leased +attempt 1.*acked +replied\n$/s);
  const inbox = await cli(broker.home, ["inbox", "--ack"]);
  expect(inbox.stdout).toMatch(/^#\d+ from fay {2}queued.* {4}done\n.*acked #\d+\n$/s);
  expect((await cli(broker.home, ["inbox"])).stdout).toContain("Nothing waits for you.");
});

test("--wait exits 7 when the time is over, and names the state", async () => {
  await broker.agent("gus");
  const over = await cli(broker.home, ["send", "gus", "please", "--wait", "1s", "--json"]);
  expect(over.code).toBe(7);
  const Outcome = SendReply.extend({ outcome: MessageStatus.shape.deliveries });
  expect(Outcome.parse(JSON.parse(over.stdout)).outcome[0]?.state).toBe("queued");
  expect(JSON.parse(over.stderr)).toMatchObject({ error: { code: "not_acked" } });
});

test("wrong use exits 2 and sends nothing", async () => {
  const wrong = [
    ["send"],
    ["sned", "alice", "hi"],
    ["send", "alice", "hi", "--ttl", "soon"],
    ["send", "alice", "hi", "--ttl", "90d"],
    ["send", "alice", "hi", "--thread", "x"],
    ["send", "alice", "hi", "--reply", "x"],
    ["send", "alice", "- a list"],
    ["inbox", "alice", "--ack"],
    ["log", "--message", "1"],
    ["whoami", "--as", "No Name"],
  ];
  const before = await broker.admin.status();
  for (const ended of await Promise.all(wrong.map((args) => cli(broker.home, args)))) {
    expect(ended).toMatchObject({ code: 2, stdout: "" });
    expect(ended.stderr).toMatch(/^error: .+\n$/);
  }
  expect((await broker.admin.status()).deliveries).toEqual(before.deliveries);
});
