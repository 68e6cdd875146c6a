/** What every surface says of an agent's presence: in each situation the same, never more than is known and never less. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import {
  cleanEnv,
  type McpSession,
  runProgram,
  sourcesEnv,
  startMcpSession,
  startTestBroker,
  type TestBroker,
  until,
} from "testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

/** No heartbeat comes, and none is missed: whatever is said is of another sign. */
const PATIENT = {
  AGENTMESH_HEARTBEAT_MS: "600000",
  AGENTMESH_STALE_AFTER_MS: "3600000",
  AGENTMESH_OFFLINE_AFTER_MS: "86400000",
};

let broker: TestBroker;
let looker: McpSession;
beforeAll(async () => {
  broker = await startTestBroker({ env: PATIENT });
  looker = await startMcpSession({
    home: broker.home,
    url: broker.url,
    cwd: broker.home,
    env: { AGENTMESH_NAME: "looker" },
  });
  await looker.joined();
});
afterAll(async () => {
  await looker[Symbol.asyncDispose]();
  await broker[Symbol.asyncDispose]();
});

const agentOf = (agent: string) => broker.admin.getAgent({ agent });
const cli = async (...args: string[]) =>
  (await runProgram("cli", args, { env: cleanEnv({ AGENTMESH_HOME: broker.home }) })).stdout;

const row = (text: string, name: string) => text.split("\n").find((line) => line.includes(name)) ?? "";

interface Situation {
  readonly name: string;
  make(): Promise<unknown>;
  readonly api: object;
  readonly list: RegExp;
  readonly show: RegExp;
  readonly peers: RegExp;
}

const stream = [{ path: "stream" }];

/** An agent with a stream that is read, until the returned function ends it. */
async function streaming(name: string): Promise<() => Promise<void>> {
  const { client } = await broker.agent(name);
  const session = await client.join({ pushPaths: stream });
  const gone = new AbortController();
  const before = (await broker.admin.status()).streams;
  const reading = session.inbox({ signal: gone.signal });
  const next = reading.next();
  await until(async () => (await broker.admin.status()).streams > before, "the stream to open");
  return async () => {
    gone.abort();
    await next;
  };
}

const situations: Situation[] = [
  {
    name: "a-never",
    make: () => broker.agent("a-never"),
    api: { presence: "offline", pushPaths: [] },
    list: /offline +never/,
    show: /presence +offline\nlast heard +never\nreached by +nothing now; mail waits in its inbox/,
    peers: /a-never: offline; never heard of; no push path; waiting: 0/,
  },
  {
    name: "a-left",
    make: async () => (await (await broker.agent("a-left")).client.join({ pushPaths: stream })).leave(),
    api: { presence: "offline", pushPaths: [], lastSeenAt: expect.any(String) },
    list: /offline +\d+s ago/,
    show: /presence +offline\nlast heard +\d+s ago\nreached by +nothing now/,
    peers: /a-left: offline; last heard of 20\S+; no push path/,
  },
  {
    name: "a-reads",
    make: () => streaming("a-reads"),
    api: { presence: "online", pushPaths: stream },
    list: /online +\d+s ago +stream, not proven yet +0/,
    show: /presence +online\n.*\nreached by +stream, not proven yet/,
    peers: /a-reads: online; last heard of 20\S+; push: stream \(not proven yet\); waiting: 0/,
  },
  {
    name: "a-acked",
    make: async () => {
      const session = await (await broker.agent("a-acked")).client.join({ pushPaths: stream });
      const inbox = session.inbox();
      await broker.agent("a-asker").then(({ client }) => client.send({ to: "a-acked", body: "?" }));
      await (await inbox.next()).value?.ack();
    },
    api: { presence: "online", pushPaths: [{ path: "stream", provenAt: expect.any(String) }], queued: 0, inHand: 0 },
    list: /online +\d+s ago +stream, proven \d+s ago +0/,
    show: /reached by +stream, proven \d+s ago\nwaiting +0\n/,
    peers: /a-acked: online; last heard of 20\S+; push: stream \(proven 20\S+\); waiting: 0/,
  },
  {
    name: "a-answered",
    make: async () => {
      const { client } = await broker.agent("a-answered");
      const session = await client.join({ pushPaths: stream });
      const inbox = session.inbox();
      const asker = await broker.agent("a-asker-2");
      const answer = asker.client.ask({ to: "a-answered", body: "?", timeoutMs: 20_000 });
      const { value: question } = await inbox.next();
      await client.send({ to: "a-asker-2", body: "yes", inReplyTo: question?.message.id ?? "" });
      await answer;
    },
    api: { presence: "online", pushPaths: [{ path: "stream", provenAt: expect.any(String) }] },
    list: /stream, proven \d+s ago/,
    show: /reached by +stream, proven \d+s ago/,
    peers: /push: stream \(proven 20\S+\)/,
  },
  {
    name: "a-holds",
    make: async () => {
      const session = await (await broker.agent("a-holds")).client.join({ pushPaths: stream });
      const inbox = session.inbox();
      await (await broker.agent("a-asker-3")).client.send({ to: "a-holds", body: "?" });
      await inbox.next();
    },
    api: { presence: "online", queued: 0, inHand: 1 },
    list: /online +\d+s ago +stream, not proven yet +0; 1 in hand/,
    show: /waiting +0; 1 in hand/,
    peers: /waiting: 0; 1 in hand/,
  },
  {
    name: "a-broken",
    make: async () => {
      await (await streaming("a-broken"))();
      await until(async () => (await agentOf("a-broken")).presence === "stale", "it to be stale");
    },
    api: { presence: "stale", doubt: { why: "stream_closed", since: expect.any(String) } },
    list: /stale: its stream closed \d+s ago +\d+s ago +nothing now; before its stream closed stream, not proven yet/,
    show: /presence +stale: its stream closed \d+s ago\nlast heard +\d+s ago\nreached by +nothing now; before its stream closed stream/,
    peers:
      /a-broken: stale: its stream closed 20\S+; push: nothing now, before its stream closed stream \(not proven yet\)/,
  },
  {
    name: "a-polls",
    make: async () => (await broker.agent("a-polls")).client.join(),
    api: { presence: "online", pushPaths: [] },
    list: /online +\d+s ago +no push path +0/,
    show: /reached by +no push path/,
    peers: /a-polls: online; last heard of 20\S+; no push path; waiting: 0/,
  },
];

describe("what is said of an agent", () => {
  let list = "";
  let peers = "";
  beforeAll(async () => {
    for (const { make } of situations) await make();
    list = await cli("agents");
    peers = (await looker.tool("list_peers", { include_offline: true })).text;
  });

  test.each(situations)("$name: the same by everybody", async ({ name, ...expected }) => {
    expect(await agentOf(name)).toMatchObject(expected.api);
    expect(row(list, name)).toMatch(expected.list);
    expect(row(peers, name)).toMatch(expected.peers);
    expect(await cli("agent", "show", name)).toMatch(expected.show);
  });
});

test("a sender and a trace are told that a stream has closed, in the same words", async () => {
  await (await streaming("t-broken"))();
  await until(async () => (await agentOf("t-broken")).presence === "stale", "it to be stale");
  const writer = await broker.agent("t-writer");
  const sent = await writer.client.send({ to: "t-broken", body: "there?" });
  const gone = /t-broken may be gone: its stream closed 20\S+Z\./;
  expect(sent.deliveries[0]?.recipient).toMatchObject({
    presence: "stale",
    doubt: { why: "stream_closed" },
    inHand: 0,
  });
  expect(sent.deliveries[0]?.warnings).toContainEqual({
    code: "recipient_stale",
    detail: expect.stringMatching(gone),
  });
  const { deliveries } = await writer.client.getMessage({ message: sent.messageId });
  expect(deliveries[0]?.outlook?.cause).toMatch(gone);
  expect((await looker.tool("send_message", { to: "t-broken", message: "you?" })).text).toMatch(
    /t-broken is stale: its stream closed 20\S+; push: nothing now/,
  );
  expect(await cli("send", "t-broken", "hello")).toMatch(/for t-broken \(stale: its stream closed \d+s ago\)/);
});

test("an agent that the broker has not heard of since it started is said to be that, and is online with its next heartbeat", async () => {
  await using restarted = await startTestBroker();
  const { client } = await restarted.agent("r-agent");
  const session = await client.join();
  await restarted.kill("SIGKILL");
  await restarted.start();
  const seen = await restarted.admin.getAgent({ agent: "r-agent" });
  expect(seen).toMatchObject({ presence: "stale", doubt: { why: "broker_started" } });
  expect(Date.parse(seen.lastSeenAt ?? "")).toBeLessThan(Date.parse(seen.doubt?.since ?? ""));
  await session.heartbeat();
  const now = await restarted.admin.getAgent({ agent: "r-agent" });
  expect(now.presence).toBe("online");
  expect(now.doubt).toBeUndefined();
});

const LIVING = fileURLToPath(new URL("./presence-agent.ts", import.meta.url));

/** A process of its own with a session; it has taken one message if it reads a stream. */
async function living(name: string, how: "stream" | "session") {
  const { token } = await broker.agent(name);
  const child = spawn(process.execPath, ["--conditions=@agentmesh/source", LIVING, how], {
    env: sourcesEnv({ AGENTMESH_HOME: broker.home, AGENTMESH_TOKEN: token, AGENTMESH_URL: broker.url }),
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  return child;
}

test.skipIf(process.platform !== "linux").each(["stream", "session"] as const)(
  "a process with a %s that is killed is not online a moment later, and what it had in hand waits again (Linux alone says whose a process id is)",
  async (how) => {
    const name = `k-${how}`;
    const writer = await broker.agent(`k-writer-${how}`);
    const child = await living(name, how);
    await writer.client.send({ to: name, body: "take this" });
    if (how === "stream") await until(async () => (await agentOf(name)).inHand === 1, "it to have it");
    child.kill("SIGKILL");
    await until(async () => (await agentOf(name)).presence === "offline", "it to be called gone");
    expect(await agentOf(name)).toMatchObject({ queued: 1, inHand: 0, pushPaths: [] });
  },
);
