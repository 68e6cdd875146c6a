/** A2A 1.0 in: agents that show a card are written to by the library's own client, over JSON-RPC and over REST. */
import { request } from "node:http";
import { type Task, TaskState } from "@a2a-js/sdk";
import { startTestBroker, type TestAgent, type TestBroker, until } from "testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { connected, said, sent, type Transport } from "./a2a-client.ts";

let broker: TestBroker;
let bob: TestAgent;
let caller: TestAgent;
beforeAll(async () => {
  broker = await startTestBroker();
  bob = await broker.agent("bob");
  caller = await broker.agent("caller");
  await bob.client.setAgentCard({
    agent: "me",
    description: "Runs the build.",
    skills: [{ name: "build", description: "Builds a branch and says how it went." }],
  });
});
afterAll(() => broker[Symbol.asyncDispose]());

/** The library's client, as the owner of a token. */
const connect = (transport: Transport, { token } = caller) => connected(`${broker.url}/a2a/bob/`, transport, token);

/** What bob has leased, and not answered yet. */
const asked = new Map<string, { id: string; inReplyTo: string }>();
function question(body: string) {
  return until(async () => {
    for (const { id, message } of (await bob.client.lease()).deliveries)
      asked.set(message.body, { id, inReplyTo: message.id });
    return asked.get(body);
  }, `the question ${body}`);
}

const textOf = ({ artifacts }: Task) =>
  artifacts.flatMap(({ parts }) => parts.map(({ content }) => (content?.$case === "text" ? content.value : "")));

describe.each(["JSONRPC", "HTTP+JSON"] as const)("by %s", (transport) => {
  test("a message becomes a delivery, the call waits for the answer, and reading it is the ack", async () => {
    const client = await connect(transport);
    const card = await client.getAgentCard();
    expect([card.name, card.description, card.skills.map(({ id }) => id)]).toEqual([
      "bob",
      "Runs the build.",
      ["build"],
    ]);
    const task = sent(client, said(`build it by ${transport}`));
    const { inReplyTo } = await question(`build it by ${transport}`);
    const { messageId, threadId } = await bob.client.send({ inReplyTo, body: "it is green" });
    const answered = await task;
    expect(answered).toMatchObject({
      id: inReplyTo,
      contextId: threadId,
      status: { state: TaskState.TASK_STATE_COMPLETED },
    });
    expect(textOf(answered)).toEqual(["it is green"]);
    await until(
      async () => (await bob.client.getMessage({ message: messageId })).deliveries[0]?.state === "acked",
      "the ack of the answer",
    );
    expect((await caller.client.listInbox({})).entries).toEqual([]);
  });

  test("a task that is not waited for is asked for: submitted, at work, answered; the answer is acked when it was read", async () => {
    const client = await connect(transport);
    const body = `and this by ${transport}?`;
    const begun = await sent(client, said(body, {}, true));
    expect(begun.status?.state).toBe(TaskState.TASK_STATE_SUBMITTED);
    const { inReplyTo } = await question(body);
    const task = () => client.getTask({ tenant: "", id: begun.id });
    expect((await task()).status?.state).toBe(TaskState.TASK_STATE_WORKING);
    const { messageId } = await bob.client.send({ inReplyTo, body: "yes" });
    const state = async () => (await bob.client.getMessage({ message: messageId })).deliveries[0]?.state;
    expect(await state()).toBe("queued");
    expect(textOf(await task())).toEqual(["yes"]);
    await until(async () => (await state()) === "acked", "the ack of the answer");
    expect((await task()).status?.state).toBe(TaskState.TASK_STATE_COMPLETED);
    // The next message of its context is of its thread.
    const next = await sent(client, said(`${body} really?`, { contextId: begun.contextId }, true));
    expect([next.contextId, next.id === begun.id]).toEqual([begun.contextId, false]);
  });

  test("the same message is one message, and is taken back before anybody has it", async () => {
    const client = await connect(transport);
    const message = said(`never mind, ${transport}`, {}, true);
    const [first, again] = [await sent(client, message), await sent(client, message)];
    expect(again.id).toBe(first.id);
    const cancelled = await client.cancelTask({ tenant: "", id: first.id, metadata: undefined });
    expect(cancelled.status?.state).toBe(TaskState.TASK_STATE_CANCELED);
    const late = await sent(client, said(`not this, ${transport}`, {}, true));
    const { id } = await question(`not this, ${transport}`);
    await expect(client.cancelTask({ tenant: "", id: late.id, metadata: undefined })).rejects.toMatchObject({
      reason: "TASK_NOT_CANCELABLE",
    });
    await bob.client.ack({ delivery: id });
    expect((await client.getTask({ tenant: "", id: late.id })).status?.message?.parts[0]?.content).toMatchObject({
      value: expect.stringContaining("the answer is awaited"),
    });
  });

  test("a task whose answer is waived is canceled, and says by whom", async () => {
    const client = await connect(transport);
    const task = await sent(client, said(`not needed, ${transport}`, {}, true));
    await question(`not needed, ${transport}`);
    await caller.client.waive({ message: task.id });
    const { status } = await client.getTask({ tenant: "", id: task.id });
    expect(status?.state).toBe(TaskState.TASK_STATE_CANCELED);
    expect(status?.message?.parts[0]?.content).toMatchObject({ value: "Its answer was waived by its asker." });
  });

  test("what cannot be done is refused with the library's own reasons", async () => {
    const client = await connect(transport);
    const task = await sent(client, said(`a task of mine, ${transport}`, {}, true));
    const raw = { metadata: undefined, filename: "a.bin", mediaType: "application/octet-stream" };
    const bytes = [{ ...raw, content: { $case: "raw" as const, value: Buffer.from([1, 2, 3]) } }];
    for (const [call, reason] of [
      [() => client.getTask({ tenant: "", id: "msg_0" }), "TASK_NOT_FOUND"],
      [() => client.sendMessage(said("more", { taskId: task.id })), "UNSUPPORTED_OPERATION"],
      [() => client.sendMessage(said("", { parts: bytes })), "CONTENT_TYPE_NOT_SUPPORTED"],
      [() => client.sendMessage(said("hm", { contextId: "mine" })), "INVALID_PARAMS"],
      [
        () =>
          client.listTasks({
            ...{ tenant: "", contextId: "", status: TaskState.TASK_STATE_UNSPECIFIED, pageToken: "" },
            statusTimestampAfter: undefined,
          }),
        "UNSUPPORTED_OPERATION",
      ],
    ] as const) {
      await expect(call(), reason).rejects.toMatchObject({ reason });
    }
    // Whose a task is says the token.
    const other = await connect(transport, bob);
    await expect(other.getTask({ tenant: "", id: task.id })).rejects.toMatchObject({ reason: "TASK_NOT_FOUND" });
    await expect(client.sendMessage(said("x".repeat(70_000)))).rejects.toThrow(/too large|at most|bytes/);
  });
});

let messages = 0;
/** The same as it is written. */
const written = (text: string, returnImmediately = false) => ({
  message: { messageId: `w-${++messages}`, role: "ROLE_USER", parts: [{ text }] },
  configuration: { returnImmediately },
});

const Problem = z.looseObject({ code: z.string() });

/** One request as it is written. */
async function asks(path: string, init: RequestInit & { readonly headers?: Record<string, string> } = {}) {
  const answer = await fetch(`${broker.url}${path}`, init);
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, text };
}

describe("what A2A opens, and what it does not", () => {
  const send = { jsonrpc: "2.0", id: 1, method: "SendMessage", params: said("hello") };
  const post = (more: Record<string, string> = {}, body: unknown = send, path = "/a2a/bob") =>
    asks(path, {
      method: "POST",
      body: typeof body === "string" ? body : JSON.stringify(body),
      headers: {
        "content-type": "application/json",
        "a2a-version": "1.0",
        authorization: `Bearer ${caller.token}`,
        ...more,
      },
    });

  test("an agent without a card is not there, nor is one whose card was taken out", async () => {
    const shy = await broker.agent("shy", { directory: "/home/shy/secret-project" });
    const card = async (name: string) =>
      (await asks(`/a2a/${name}/.well-known/agent-card.json`)).text.replaceAll(name, "X");
    const unlike = (text: string) => ({ ...Problem.parse(JSON.parse(text)), instance: "" });
    expect(unlike(await card("shy"))).toEqual(unlike(await card("nobody")));
    expect((await post({}, send, "/a2a/shy")).text).toContain("CARD_NOT_FOUND");
    await shy.client.setAgentCard({ agent: "me", description: "Shy." });
    const shown = await card("shy");
    expect(shown).toContain("Shy.");
    // Nor does the beginning of an id tell which ids there are.
    const beginning = bob.agent.id.slice(0, 12);
    expect(unlike(await card(beginning))).toEqual(unlike(await card("nobody")));
    // What the mesh knows of it beside is not for strangers.
    expect(shown).not.toMatch(/secret-project|agt_|directory/);
    expect(await shy.client.removeAgentCard({ agent: "me" })).toEqual({ removed: true });
    expect(unlike(await card("shy"))).toMatchObject({ code: "card_not_found" });
    expect((await post({}, send, "/a2a/shy")).text).toContain("CARD_NOT_FOUND");
    await expect(shy.client.getAgentCard({ agent: "bob" })).rejects.toMatchObject({ code: "forbidden" });
    const acts = (await broker.admin.audit({})).entries.map(({ act }) => act);
    expect(acts).toEqual(expect.arrayContaining(["card_set", "card_removed"]));
  });

  test("a card is read without a token; everything else needs an agent's", async () => {
    expect((await asks("/a2a/bob/.well-known/agent-card.json")).status).toBe(200);
    for (const [token, status] of [
      [`am_${"a".repeat(43)}`, 401],
      [broker.key, 403],
    ] as const) {
      expect((await post({ authorization: `Bearer ${token}` })).status).toBe(status);
      const task = await asks("/a2a/bob/tasks/msg_1", { headers: { authorization: `Bearer ${token}` } });
      expect(task.status).toBe(status);
    }
  });

  test("pages, other names and other types are refused, cards included", async () => {
    for (const headers of [{ origin: "https://example.com" }, { "sec-fetch-site": "cross-site" }]) {
      expect((await post(headers)).status).toBe(403);
      expect((await asks("/a2a/bob/.well-known/agent-card.json", { headers })).status).toBe(403);
    }
    const byForeignName = (method: string, path: string) =>
      new Promise<number | undefined>((resolve, reject) => {
        const headers = { host: "evil.example", "content-type": "application/json", "a2a-version": "1.0" };
        const authorization = `Bearer ${caller.token}`;
        request(`${broker.url}${path}`, { method, headers: { ...headers, authorization } }, (answer) => {
          answer.resume();
          resolve(answer.statusCode);
        })
          .on("error", reject)
          .end(method === "GET" ? "" : JSON.stringify(send));
      });
    for (const [method, path] of [
      ["POST", "/a2a/bob"],
      ["POST", "/a2a/bob/message:send"],
      ["GET", "/a2a/bob/tasks/msg_1"],
      ["GET", "/a2a/bob/.well-known/agent-card.json"],
    ] as const) {
      expect([path, await byForeignName(method, path)]).toEqual([path, 421]);
    }
    expect((await post({ "content-type": "text/plain" })).status).toBe(415);
    expect((await post({ "content-type": "application/a2a+json" })).status).toBe(415);
    expect((await post({ "content-type": "application/a2a+json" }, send.params, "/a2a/bob/message:send")).status).toBe(
      400,
    );
  });

  test("what is not A2A 1.0 is said so, with the codes that libraries read", async () => {
    for (const [body, code, more] of [
      ["no JSON", -32700, {}],
      ['{"a":1,"a":2}', -32700, {}],
      ['{"a":1,"__proto__":{"b":1}}', -32700, {}],
      [[send], -32600, {}],
      [{ ...send, method: "message/send" }, -32601, {}],
      [{ ...send, params: { message: { messageId: "m", parts: [] } } }, -32602, {}],
      [{ ...send, method: "SendStreamingMessage", params: {} }, -32602, {}],
      [{ ...send, method: "SubscribeToTask", params: { id: "msg_0" } }, -32001, {}],
      [{ ...send, method: "toString" }, -32601, {}],
      [send, -32009, { "a2a-version": "0.3" }],
      [send, -32009, { "a2a-version": "" }],
    ] as const) {
      const { status, text } = await post(more, body);
      expect([status, JSON.parse(text)], JSON.stringify(body)).toMatchObject([200, { error: { code } }]);
    }
  });

  test("budgets are those of every sender, over JSON-RPC, too: what may pass later says so by its status", async () => {
    await using own = await startTestBroker({ env: { AGENTMESH_PAIR_PER_MINUTE: "2" } });
    const { client } = await own.agent("busy");
    await client.setAgentCard({ agent: "me", description: "Busy." });
    const { token } = await own.agent("eager");
    const ask = (n: number) =>
      fetch(`${own.url}/a2a/busy`, {
        method: "POST",
        body: JSON.stringify({ ...send, params: written(`${n}`, true) }),
        headers: { "content-type": "application/json", "a2a-version": "1.0", authorization: `Bearer ${token}` },
      });
    for (const n of [1, 2]) expect(await (await ask(n)).json()).toMatchObject({ result: { task: {} } });
    const refused = await ask(3);
    expect([refused.status, Number(refused.headers.get("retry-after")) > 0]).toEqual([429, true]);
    expect(await refused.json()).toMatchObject({ error: { code: -32000, data: [{ reason: "RATE_LIMITED" }] } });
  });
});

test("an answer is not acked by a call that was given up, and is there for GetTask, also after the broker was started anew", async () => {
  await using own = await startTestBroker();
  const worker = await own.agent("worker");
  await worker.client.setAgentCard({ agent: "me", description: "Works." });
  const { token } = await own.agent("asker");
  const call = async (method: string, params: object, signal?: AbortSignal) => {
    const answer = await fetch(`${own.url}/a2a/worker`, {
      method: "POST",
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
      headers: { "content-type": "application/json", "a2a-version": "1.0", authorization: `Bearer ${token}` },
      ...(signal && { signal }),
    });
    return answer.text();
  };
  const gone = new AbortController();
  const given = call("SendMessage", written("how long?"), gone.signal).catch(() => "given up");
  const asked = await until(async () => (await worker.client.lease()).deliveries[0]?.message.id, "the question");
  gone.abort();
  expect(await given).toBe("given up");
  await own.kill();
  await own.start();
  const { messageId } = await worker.client.send({ inReplyTo: asked, body: "an hour" });
  const state = async () => (await worker.client.getMessage({ message: messageId })).deliveries[0]?.state;
  expect(await state()).toBe("queued");
  expect(await call("GetTask", { id: asked })).toContain("an hour");
  await until(async () => (await state()) === "acked", "the ack");
});
