/** MCP Events at /mcp, where they are switched on: polled and streamed over the log's cursors, in the revision that they are made for. */
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { HttpSessions } from "agentmesh-mcp/http";
import { assertInTime, startTestBroker, stopwatch, type TestAgent, type TestBroker, until } from "testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";

let broker: TestBroker;
let bob: TestAgent;
let eve: TestAgent;
beforeAll(async () => {
  broker = await startTestBroker({ args: ["--mcp-events"] });
  bob = await broker.agent("bob");
  eve = await broker.agent("eve");
});
afterAll(() => broker[Symbol.asyncDispose]());

const MODERN = "2026-07-28";
const meta = {
  "io.modelcontextprotocol/protocolVersion": MODERN,
  "io.modelcontextprotocol/clientCapabilities": {},
};
const Answer = z.looseObject({
  id: z.unknown(),
  result: z.looseObject({}).optional(),
  error: z.looseObject({ code: z.int(), data: z.unknown().optional() }).optional(),
});

let calls = 0;
/** One request as it is written, by whoever has the token. */
async function post(
  method: string,
  params: Record<string, unknown> = {},
  {
    headers = {},
    token = bob.token,
    signal,
  }: { headers?: Record<string, string>; token?: string; signal?: AbortSignal } = {},
) {
  return fetch(`${broker.url}/mcp`, {
    method: "POST",
    body: JSON.stringify({ jsonrpc: "2.0", id: ++calls, method, params: { _meta: meta, ...params } }),
    headers: {
      ...{ "content-type": "application/json", accept: "application/json, text/event-stream" },
      ...{ authorization: `Bearer ${token}`, "mcp-protocol-version": MODERN, "mcp-method": method },
      ...headers,
    },
    ...(signal && { signal }),
  });
}
async function ask(...args: Parameters<typeof post>) {
  const answer = await post(...args);
  return { status: answer.status, ...Answer.parse(await answer.json()) };
}

const Page = z.object({
  resultType: z.literal("complete"),
  events: z.array(z.object({ eventId: z.string(), name: z.string(), timestamp: z.string(), data: z.looseObject({}) })),
  cursor: z.string(),
  truncated: z.boolean(),
  hasMore: z.boolean(),
  nextPollMs: z.int(),
});
const poll = async (params: object, token = bob.token) =>
  Page.parse((await ask("events/poll", { ...params }, { token })).result);

test("the library's client, pinned to the revision, finds out what there is and calls the tools", async () => {
  const transport = new StreamableHTTPClientTransport(new URL(`${broker.url}/mcp`), {
    requestInit: { headers: { authorization: `Bearer ${bob.token}` } },
  });
  const client = new Client({ name: "sdk", version: "1" }, { versionNegotiation: { mode: { pin: MODERN } } });
  await client.connect(transport);
  expect(client.getServerCapabilities()).toMatchObject({ extensions: { "io.modelcontextprotocol/events": {} } });
  const { tools } = await client.listTools();
  expect(tools.map(({ name }) => name)).toContain("check_messages");
  const said = await client.callTool({ name: "whoami", arguments: {} });
  expect(JSON.stringify(said)).toContain("bob");
  await client.close();
});

test("what there is can be listed; what is received and what has ended is polled from a cursor on", async () => {
  const { result } = await ask("events/list");
  expect(result).toMatchObject({
    resultType: "complete",
    events: [
      { name: "message.received", delivery: ["poll", "push", "webhook"] },
      { name: "message.ended", delivery: ["poll", "push", "webhook"] },
    ],
  });
  await eve.client.send({ to: "bob", body: "before anybody asked" });
  const begun = await poll({ name: "message.received" });
  expect(begun).toMatchObject({ events: [], truncated: false, hasMore: false });
  const sent = await eve.client.send({ to: "bob", body: "please look" });
  await bob.client.send({ to: "eve", body: "I write, and receive nothing by it" });
  const next = await poll({ name: "message.received", cursor: begun.cursor });
  expect(next.events).toMatchObject([
    { name: "message.received", data: { messageId: sent.messageId, from: "eve", begins: "please look" } },
  ]);
  expect((await poll({ name: "message.received", cursor: next.cursor })).events).toEqual([]);
  // The same place again is the same events: who lost an answer loses none.
  expect((await poll({ name: "message.received", cursor: begun.cursor })).events).toEqual(next.events);
  expect((await poll({ name: "message.received", cursor: begun.cursor, arguments: { from: "ada" } })).events).toEqual(
    [],
  );
  await bob.client.lease();
  await bob.client.ack({ delivery: sent.deliveries[0]?.deliveryId ?? "none" });
  const ended = await poll({ name: "message.ended", cursor: begun.cursor, arguments: { to: "bob" } }, eve.token);
  expect(ended.events.map(({ data }) => data)).toMatchObject([
    { messageId: sent.messageId, to: "bob", became: "acked" },
  ]);
});

test("what is held is told of when it is admitted, wherever a page ends", async () => {
  const held = await broker.agent("held");
  await held.client.setPolicy({ agent: "me", otherwise: "hold" });
  const { cursor } = await poll({ name: "message.received" }, held.token);
  const sent = await eve.client.send({ to: "held", body: "let me in" });
  const delivery = sent.deliveries[0]?.deliveryId ?? "none";
  const all = async (maxEvents: number) => {
    const begins: unknown[] = [];
    let at = cursor;
    for (let hasMore = true; hasMore; ) {
      const page = await poll({ name: "message.received", cursor: at, maxEvents }, held.token);
      begins.push(...page.events.map(({ data }) => data.begins));
      [at, hasMore] = [page.cursor, page.hasMore];
    }
    return begins;
  };
  expect([await all(1), await all(50)]).toEqual([[], []]);
  await broker.admin.admit({ delivery });
  expect([await all(1), await all(50)]).toEqual([["let me in"], ["let me in"]]);
});

test("a page at a time, no older than is wanted, and across a restart of the broker", async () => {
  const { cursor } = await poll({ name: "message.received" });
  for (const body of ["1", "2", "3"]) await eve.client.send({ to: "bob", body });
  await broker.kill("SIGTERM");
  await broker.start();
  const all: unknown[] = [];
  let at = cursor;
  for (let hasMore = true; hasMore; ) {
    const page = await poll({ name: "message.received", cursor: at, maxEvents: 2 });
    all.push(...page.events.map(({ data }) => data.begins));
    [at, hasMore] = [page.cursor, page.hasMore];
  }
  expect(all).toEqual(["1", "2", "3"]);
  await until(
    async () => (await poll({ name: "message.received", cursor, maxAgeMs: 1 })).truncated,
    "them to be too old",
  );
});

test("a poll is of no session, and ends none where there are as many as may be", async () => {
  const { token, agent } = await broker.agent("busy");
  const none = { subscribe: () => Promise.reject(new Error("none is set here")), unsubscribe: async () => false };
  const sessions = new HttpSessions({ url: broker.url, onLog: () => {}, events: none });
  const answers: unknown[] = [];
  const replying = {
    gone: new AbortController().signal,
    notify: () => {},
    answer: async (_: number, said: object | undefined) => {
      answers.push(said);
      return true;
    },
  };
  const take = (sessionId: string | undefined, revision: string | undefined, method: string, params: object) => {
    const text = JSON.stringify({ jsonrpc: "2.0", id: ++calls, method, params });
    return sessions.take({ token, sessionId, revision, method, text }, replying);
  };
  await take("0", undefined, "tools/call", { name: "check_messages", arguments: {} });
  for (let n = 1; n < 256; n++) await take(`${n}`, undefined, "ping", {});
  await take(undefined, MODERN, "events/poll", { name: "message.received", _meta: meta });
  expect(answers.at(-1)).toMatchObject({ result: { cursor: expect.any(String) } });
  await take("0", undefined, "ping", {});
  expect((await broker.admin.getAgent({ agent: agent.id })).presence).toBe("online");
  await sessions.close();
});

test("a stream says that it is open, tells each event as it comes, and ends with its client", async () => {
  const gone = new AbortController();
  const answer = await post("events/stream", { name: "message.received" }, { signal: gone.signal });
  expect(answer.headers.get("content-type")).toBe("text/event-stream");
  const told: unknown[] = [];
  const reading = (async () => {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of answer.body ?? []) {
      rest += decoder.decode(chunk, { stream: true });
      const parts = rest.split("\n\n");
      rest = parts.pop() ?? "";
      for (const part of parts) told.push(JSON.parse(/^data: (.*)$/m.exec(part)?.[1] ?? "null"));
    }
  })().catch(() => "ended");
  const subscription = { "io.modelcontextprotocol/subscriptionId": calls };
  await until(() => told.length > 0, "the stream to be open");
  expect(told[0]).toMatchObject({
    method: "notifications/events/active",
    params: { cursor: expect.any(String), truncated: false, _meta: subscription },
  });
  await eve.client.send({ to: "bob", body: "streamed" });
  const event = await until(() => told.find((each) => JSON.stringify(each).includes("streamed")), "the event");
  const { params } = z.object({ params: z.looseObject({ cursor: z.string() }) }).parse(event);
  expect(params).toMatchObject({ name: "message.received", data: { from: "eve" }, _meta: subscription });
  gone.abort();
  expect(await reading).toBe("ended");
  // It goes on behind what was told.
  expect((await poll({ name: "message.received", cursor: params.cursor })).events).toEqual([]);
});

describe("what is not as the revision says", () => {
  test("is refused with its codes", async () => {
    const unspoken = { _meta: { ...meta, "io.modelcontextprotocol/protocolVersion": "2030-01-01" } };
    for (const [what, status, code] of [
      [await ask("events/poll", { name: "no.such" }), 200, -32023],
      [await ask("events/poll", { name: "message.received", arguments: { to: "x" } }), 200, -32602],
      [await ask("events/poll", { name: "message.received", cursor: "mine" }), 200, -32602],
      [await ask("events/subscribe", { name: "message.received" }), 200, -32602],
      [await ask("events/poll", {}), 200, -32602],
      [await ask("initialize"), 404, -32601],
      [await ask("tools/list", { _meta: {} }), 400, -32602],
      [await ask("tools/list", unspoken, { headers: { "mcp-protocol-version": "2030-01-01" } }), 400, -32022],
      [await ask("tools/list", unspoken), 400, -32022],
      [await ask("tools/list", {}, { headers: { "mcp-method": "tools/call" } }), 400, -32020],
      [await ask("tools/list", {}, { headers: { "mcp-protocol-version": "2025-11-25" } }), 400, -32020],
      [await ask("tools/call", { name: "whoami" }, { headers: { "mcp-name": "inbox" } }), 400, -32020],
    ] as const) {
      expect([what.status, what.error?.code]).toEqual([status, code]);
    }
    expect(
      (await ask("events/list", unspoken, { headers: { "mcp-protocol-version": "2030-01-01" } })).error?.data,
    ).toEqual({ supported: [MODERN], requested: "2030-01-01" });
    expect((await post("events/list", {}, { token: `am_${"a".repeat(43)}` })).status).toBe(401);
  });

  test("a stream of an agent that is put out ends within a second, and says so", async () => {
    const gone = await broker.agent("gone");
    const answer = await post("events/stream", { name: "message.received" }, { token: gone.token });
    const text = answer.text();
    const ms = stopwatch();
    await broker.admin.revokeAgent({ agent: "gone" });
    expect(await text).toMatch(/notifications\/events\/terminated.*-32024[\s\S]*"resultType":"complete"/);
    assertInTime(ms(), 1_000);
  });

  test("and without the setting there are no events, and the revision is not spoken", async () => {
    await using plain = await startTestBroker();
    const ada = await plain.agent("ada");
    const list = async (headers: Record<string, string>) => {
      const answer = await fetch(`${plain.url}/mcp`, {
        method: "POST",
        body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "events/list", params: { _meta: meta } }),
        headers: { "content-type": "application/json", authorization: `Bearer ${ada.token}`, ...headers },
      });
      return [answer.status, Answer.parse(await answer.json()).error?.code];
    };
    expect(await list({})).toEqual([200, -32601]);
    // No code of the revision: by that a client would take it to be spoken, and not go back to one that is.
    expect(await list({ "mcp-protocol-version": MODERN })).toEqual([400, -32600]);
  });
});
