/** MCP over HTTP: the adapter's tools for clients that cannot start a process, with an agent's token and nothing else. */
import { request } from "node:http";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { HttpSessions } from "agentmesh-mcp/http";
import { assertInTime, startTestBroker, stopwatch, type TestAgent, type TestBroker, until } from "testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";

let broker: TestBroker;
let bob: TestAgent;
beforeAll(async () => {
  broker = await startTestBroker();
  bob = await broker.agent("bob");
});
afterAll(() => broker[Symbol.asyncDispose]());

const Result = z.object({ content: z.array(z.object({ text: z.string() })), isError: z.boolean().optional() });

/** The SDK's client, as the owner of a token. */
async function connect(token: string, to = broker) {
  const transport = new StreamableHTTPClientTransport(new URL(`${to.url}/mcp`), {
    requestInit: { headers: { authorization: `Bearer ${token}` } },
  });
  const client = new Client({ name: "sdk", version: "1" });
  await client.connect(transport as Parameters<typeof client.connect>[0]);
  return {
    client,
    transport,
    async call(name: string, args: Record<string, unknown> = {}, options: Parameters<typeof client.callTool>[2] = {}) {
      const { content, isError } = Result.parse(await client.callTool({ name, arguments: args }, undefined, options));
      return { text: content.map(({ text }) => text).join("\n"), isError: isError ?? false };
    },
    [Symbol.asyncDispose]: () => client.close(),
  };
}

let agents = 0;
const newAgent = () => broker.agent(`http-${++agents}`);

const Answer = z.looseObject({
  code: z.string().optional(),
  id: z.union([z.string(), z.number(), z.null()]).optional(),
  result: z.looseObject({}).optional(),
  error: z.object({ code: z.int(), message: z.string() }).optional(),
});

/** One POST as it is written, by whoever has the token. */
async function post(
  token: string | undefined,
  body: object | string,
  headers: Record<string, string> = {},
  to = broker,
) {
  const answer = await fetch(`${to.url}/mcp`, {
    method: "POST",
    body: typeof body === "string" ? body : JSON.stringify(body),
    headers: {
      ...{ "content-type": "application/json", accept: "application/json, text/event-stream" },
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...headers,
    },
  });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, ...(text === "" ? {} : Answer.parse(JSON.parse(text))) };
}

const rpc = (method: string, params: object = {}) => ({ jsonrpc: "2.0", id: 1, method, params });
const callOf = (name: string, args: object = {}) => rpc("tools/call", { name, arguments: args });

test("the SDK's client lists the tools, sends, is answered, and reads: the ack comes when the answer was written", async () => {
  const own = await newAgent();
  await using mcp = await connect(own.token);
  expect(mcp.client.getServerCapabilities()).toEqual({ tools: {} });
  const { tools } = await mcp.client.listTools();
  expect(tools.map(({ name }) => name)).toEqual(
    expect.arrayContaining(["send_message", "check_messages", "reply", "ask_peer", "list_peers"]),
  );
  expect((await mcp.call("whoami")).text).toContain(own.agent.name);
  expect((await mcp.call("send_message", { to: "bob", message: "over HTTP" })).text).toContain("bob");
  const [came] = (await bob.client.lease()).deliveries;
  expect(came).toMatchObject({ message: { body: "over HTTP", from: { name: own.agent.name } } });
  const { messageId } = await bob.client.send({ inReplyTo: came?.message.id ?? "", body: "understood" });
  expect((await mcp.call("check_messages")).text).toContain("understood");
  await until(
    async () => (await bob.client.getMessage({ message: messageId })).deliveries[0]?.state === "acked",
    "the ack",
  );
  expect((await mcp.call("check_messages")).text).toContain("No message waits for you");
  // Wrong parameters are said to the model, not to the program.
  expect(await mcp.call("send_message", { to: "nobody-there", message: "hi" })).toMatchObject({ isError: true });
});

test("a session is not forgotten by a restart of the broker, nor are its messages", async () => {
  await using own = await startTestBroker();
  const ada = await own.agent("ada");
  const eve = await own.agent("eve");
  await using mcp = await connect(ada.token, own);
  await mcp.call("whoami");
  await own.kill("SIGTERM");
  await own.start();
  await eve.client.send({ to: "ada", body: "are you there?" });
  expect((await mcp.call("check_messages")).text).toContain("are you there?");
  await own.kill();
  await own.start();
  expect((await mcp.call("whoami")).isError).toBe(false);
});

test("clients that say no revision, no session, one of somebody else, or that end none, are served", async () => {
  const own = await newAgent();
  const other = await newAgent();
  const begun = await post(
    own.token,
    rpc("initialize", {
      protocolVersion: "2025-06-18",
      capabilities: { roots: {} },
      clientInfo: { name: "x", version: "1" },
    }),
  );
  expect(begun).toMatchObject({
    status: 200,
    result: { protocolVersion: "2025-06-18", serverInfo: { name: "agentmesh" } },
  });
  const session = begun.headers.get("mcp-session-id") ?? "";
  expect(session).toMatch(/^[0-9a-f-]{36}$/);
  expect(
    await post(own.token, { jsonrpc: "2.0", method: "notifications/initialized" }, { "mcp-session-id": session }),
  ).toMatchObject({ status: 202 });
  for (const headers of [{}, { "mcp-session-id": session }, { "mcp-session-id": "of-an-earlier-broker" }]) {
    const said = await post(own.token, callOf("whoami"), headers);
    expect([said.status, JSON.stringify(said.result)]).toEqual([200, expect.stringContaining(own.agent.name)]);
  }
  // Whose it is says the token, whatever the id of the session.
  const said = await post(other.token, callOf("whoami"), { "mcp-session-id": session });
  expect(JSON.stringify(said.result)).toContain(other.agent.name);
  const unnamed = await post(own.token, rpc("initialize", { protocolVersion: "1999-01-01", capabilities: {} }));
  expect(unnamed).toMatchObject({ status: 200, result: { protocolVersion: "2025-11-25" } });
  expect(await post(own.token, rpc("server/discover"))).toMatchObject({ status: 200, error: { code: -32601 } });
  const end = (token: string) =>
    fetch(`${broker.url}/mcp`, {
      method: "DELETE",
      headers: { authorization: `Bearer ${token}`, "mcp-session-id": session },
    });
  expect([(await end(own.token)).status, (await end(own.token)).status]).toEqual([204, 204]);
  expect((await post(own.token, rpc("ping"), { "mcp-session-id": session })).status).toBe(200);
});

describe("what cannot be served is refused", () => {
  test("without a good agent's token: 401 without OAuth metadata, 403 for the mesh key", async () => {
    for (const token of [undefined, "am_wrong", `am_${"a".repeat(43)}`]) {
      const refused = await post(token, rpc("ping"));
      expect(refused).toMatchObject({ status: 401, code: "unauthenticated" });
      expect(refused.headers.get("www-authenticate")).toBeNull();
    }
    expect(await post(broker.key, rpc("ping"))).toMatchObject({ status: 403, code: "forbidden" });
    for (const path of [
      "oauth-protected-resource/mcp",
      "oauth-protected-resource",
      "oauth-authorization-server",
      "openid-configuration",
    ]) {
      expect((await fetch(`${broker.url}/.well-known/${path}`)).status).toBe(404);
    }
  });

  test("from pages, under other names, by other methods and types", async () => {
    const { token } = await newAgent();
    expect(await post(token, rpc("ping"), { origin: "https://example.com" })).toMatchObject({
      status: 403,
      code: "forbidden_origin",
    });
    expect(await post(token, rpc("ping"), { "sec-fetch-site": "cross-site" })).toMatchObject({ status: 403 });
    expect(await post(token, rpc("ping"), { "sec-fetch-mode": "cors" })).toMatchObject({ status: 200 });
    expect(await post(token, rpc("ping"), { "content-type": "text/plain" })).toMatchObject({ status: 415 });
    const foreign = await new Promise<number | undefined>((resolve, reject) => {
      const headers = { host: "evil.example", "content-type": "application/json", authorization: `Bearer ${token}` };
      request(`${broker.url}/mcp`, { method: "POST", headers }, ({ statusCode }) => resolve(statusCode))
        .on("error", reject)
        .end("{}");
    });
    expect(foreign).toBe(421);
    for (const method of ["GET", "PUT", "PATCH"]) {
      const answer = await fetch(`${broker.url}/mcp`, { method, headers: { authorization: `Bearer ${token}` } });
      expect([answer.status, answer.headers.get("allow")]).toEqual([405, "POST, DELETE"]);
    }
  });

  test("what is no message of MCP, with the code that its libraries read", async () => {
    const { token } = await newAgent();
    for (const [body, code, headers] of [
      ["no JSON", -32700, {}],
      ["", -32600, {}],
      ["[]", -32600, {}],
      ['{"jsonrpc":"1.0","id":1,"method":"ping"}', -32600, {}],
      [JSON.stringify(rpc("ping")), -32600, { "mcp-protocol-version": "2026-07-28" }],
    ] as const) {
      expect(await post(token, body, headers), body).toMatchObject({ status: 400, error: { code } });
    }
    expect(await post(token, rpc("tools/call", { name: "no_tool" }))).toMatchObject({
      status: 200,
      error: { code: -32602 },
    });
    expect(await post(token, rpc("ping"), { "mcp-session-id": "x".repeat(200) })).toMatchObject({
      status: 400,
      code: "invalid_request",
    });
    expect(await post(token, callOf("send_message", { to: "bob", message: "x".repeat(600_000) }))).toMatchObject({
      status: 413,
    });
  });
});

test("an answer for a client that has given its call up comes once, with the next look, and is not acked before", async () => {
  for (const how of ["cancels", "goes without a word"] as const) {
    const own = await newAgent();
    await using mcp = await connect(own.token);
    const given = new AbortController();
    const call =
      how === "cancels"
        ? mcp.call("ask_peer", { to: "bob", message: `which port? ${how}` }, { signal: given.signal, timeout: 60_000 })
        : fetch(`${broker.url}/mcp`, {
            method: "POST",
            body: JSON.stringify(callOf("ask_peer", { to: "bob", message: `which port? ${how}` })),
            headers: { "content-type": "application/json", authorization: `Bearer ${own.token}` },
            signal: given.signal,
          });
    const over = Promise.resolve(call).then(
      () => "answered",
      () => "given up",
    );
    let asked: string | undefined;
    await until(async () => {
      const { deliveries } = await bob.client.lease();
      asked ??= deliveries.find(({ message }) => message.body.includes(how))?.message.id;
      return asked !== undefined;
    }, "the question");
    const givenUp = () => broker.log().split("mcp.call_given_up").length;
    const before = givenUp();
    given.abort();
    expect(await over).toBe("given up");
    await until(() => givenUp() > before, "the broker to see that nobody waits");
    // A round of its own, behind which nothing waits for the answer any more.
    await mcp.call("whoami");
    const { messageId } = await bob.client.send({ inReplyTo: asked ?? "", body: "7899" });
    const state = async () => (await bob.client.getMessage({ message: messageId })).deliveries[0]?.state;
    expect(await state()).not.toBe("acked");
    expect((await mcp.call("check_messages")).text).toContain("7899");
    await until(async () => (await state()) === "acked", "the ack");
    expect((await mcp.call("check_messages")).text).toContain("No message waits");
  }
});

test("of two clients that name no session, and count their calls alike, one that goes leaves the other's call alone", async () => {
  const own = await newAgent();
  const given = new AbortController();
  const ask = (message: string, signal?: AbortSignal) =>
    fetch(`${broker.url}/mcp`, {
      method: "POST",
      body: JSON.stringify(callOf("ask_peer", { to: "bob", message })),
      headers: { "content-type": "application/json", authorization: `Bearer ${own.token}` },
      ...(signal && { signal }),
    });
  const asked = new Map<string, string>();
  const questionOf = (body: string) =>
    until(async () => {
      for (const { message } of (await bob.client.lease()).deliveries) asked.set(message.body, message.id);
      return asked.get(body);
    }, `the question ${body}`);
  const gone = ask("first?", given.signal).catch(() => "gone");
  await questionOf("first?");
  const stays = ask("second?");
  const inReplyTo = await questionOf("second?");
  const before = broker.log().split("mcp.call_given_up").length;
  given.abort();
  expect(await gone).toBe("gone");
  await until(() => broker.log().split("mcp.call_given_up").length > before, "the broker to see that one is gone");
  await post(own.token, { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 1 } });
  await bob.client.send({ inReplyTo, body: "it is yours" });
  expect(await (await stays).text()).toContain("it is yours");
});

test("a client goes on with a new token of its agent in the session that it had", async () => {
  const own = await newAgent();
  const begun = await post(
    own.token,
    rpc("initialize", {
      ...{ protocolVersion: "2025-11-25", capabilities: {} },
      clientInfo: { name: "x", version: "1" },
    }),
  );
  const session = { "mcp-session-id": begun.headers.get("mcp-session-id") ?? "" };
  expect((await post(own.token, callOf("whoami"), session)).result).toMatchObject({ structuredContent: {} });
  const token = own.token.replace(/.{8}$/, "newtoken");
  await own.client.rotateToken({ token, overlapMs: 0 });
  const answer = await post(token, callOf("whoami"), session);
  expect([answer.status, answer.result?.isError ?? false]).toEqual([200, false]);
  expect(JSON.stringify(answer.result)).toContain(own.agent.name);
});

test("an agent is online while its client calls, and offline when nothing was called for a while", async () => {
  const own = await newAgent();
  const sessions = new HttpSessions({ url: broker.url, onLog: () => {}, idleMs: 500 });
  const presence = async () => (await broker.admin.getAgent({ agent: own.agent.id })).presence;
  const posted = { token: own.token, sessionId: undefined, revision: undefined };
  const replying = { gone: new AbortController().signal, notify: () => {}, answer: async () => true };
  await sessions.take({ ...posted, text: JSON.stringify(callOf("check_messages")) }, replying);
  expect(await presence()).toBe("online");
  await until(async () => (await presence()) === "offline", "it to be offline");
  await sessions.take({ ...posted, text: JSON.stringify(callOf("check_messages")) }, replying);
  expect(await presence()).toBe("online");
  await sessions.close();
  expect(await presence()).toBe("offline");
});

test("a client that takes signs of life is given some while its call waits", async () => {
  const own = await newAgent();
  await using mcp = await connect(own.token);
  let signs = 0;
  const asked = mcp.call(
    "ask_peer",
    { to: "bob", message: "how long?", wait_seconds: 30 },
    { onprogress: () => signs++, resetTimeoutOnProgress: true },
  );
  await until(() => signs > 0, "a sign of life", 15_000);
  const { deliveries } = await bob.client.lease();
  const question = deliveries.find(({ message }) => message.body === "how long?");
  await bob.client.send({ inReplyTo: question?.message.id ?? "", body: "a minute" });
  expect((await asked).text).toContain("a minute");
});

test("a call that waits for an answer ends within a second when its agent is put out", async () => {
  const own = await newAgent();
  await using mcp = await connect(own.token);
  const asked = mcp.call("ask_peer", { to: "bob", message: "still there?", wait_seconds: 30 });
  await until(async () => (await own.client.listAsks({})).waiting.length > 0, "the question");
  const ms = stopwatch();
  await broker.admin.revokeAgent({ agent: own.agent.id });
  expect((await asked).isError).toBe(true);
  assertInTime(ms(), 1_000);
});
