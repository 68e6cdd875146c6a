/** A2A 1.0 out: a mesh's messages for the library's own server, whose answers come back; and push notifications to who asked. */
import { StreamResponse, TaskState } from "@a2a-js/sdk";
import { Webhook as StandardWebhook } from "standardwebhooks";
import { openWebhookReceiver, startTestBroker, type TestAgent, type TestBroker, until } from "testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { libraryServer } from "./a2a-library.ts";

let broker: TestBroker;
let asker: TestAgent;
beforeAll(async () => {
  broker = await startTestBroker();
  asker = await broker.agent("asker");
});
afterAll(() => broker[Symbol.asyncDispose]());

let agents = 0;
async function bridged(url: string, credentials?: string) {
  const agent = await broker.agent(`library-${++agents}`);
  const a2a = credentials === undefined ? {} : { a2a: { credentials } };
  await agent.client.setWebhook({ agent: "me", url, dialect: "a2a", ...a2a });
  return { ...agent, name: agent.agent.name };
}

const Sent = z.object({ params: z.object({ message: z.object({ messageId: z.string() }) }) });

const stateOf = async (message: string) => {
  const [delivery] = (await asker.client.getMessage({ message })).deliveries;
  return [delivery?.state, delivery?.timeline.at(-1)?.reason];
};

describe("an agent of the mesh whose program is an A2A server", () => {
  test("is asked as any agent: the server's message, artifact or failure is its answer, and acks the question", async () => {
    await using server = await libraryServer("let-me-in");
    const { name } = await bridged(server.url, "let-me-in");
    for (const [body, answer] of [
      ["which port?", "you said: which port?"],
      ["task: how many?", "forty-two"],
      ["fail: build it", "The task failed. no such branch"],
    ] as const) {
      const { status, reply, messageId } = await asker.client.ask({ to: name, body });
      expect([status, reply?.body, reply?.from.name]).toEqual(["replied", answer, name]);
      expect(await stateOf(messageId)).toEqual(["acked", "replied"]);
    }
    const [first] = server.posts;
    expect(JSON.parse(first?.body ?? "")).toMatchObject({
      method: "SendMessage",
      params: { message: { parts: [{ text: "which port?" }], metadata: { from: "asker" } } },
    });
    // Its token is nowhere to be seen.
    expect(JSON.stringify(await broker.admin.getWebhook({ agent: name })) + broker.log()).not.toContain("let-me-in");
  });

  test("answers as soon as its asker has room for it, and is not asked again meanwhile", async () => {
    await using server = await libraryServer("t");
    await using narrow = await startTestBroker({ env: { AGENTMESH_INBOX_MAX_MESSAGES: "1" } });
    const [busy, other, bridge] = [
      await narrow.agent("busy"),
      await narrow.agent("other"),
      await narrow.agent("bridge"),
    ];
    await bridge.client.setWebhook({ agent: "me", url: server.url, dialect: "a2a", a2a: { credentials: "t" } });
    await other.client.send({ to: "busy", body: "fills the inbox" });
    const { messageId } = await busy.client.ask({ to: "bridge", body: "which port?", timeoutMs: 0 });
    await until(() => server.posts.length > 0);
    await until(() => narrow.log().includes("is full"));
    for (const { id, receipt } of (await busy.client.lease()).deliveries) {
      await busy.client.ack({ delivery: id, receipt });
    }
    const answer = await until(async () => {
      const { deliveries } = await busy.client.lease();
      return deliveries.find(({ message }) => message.inReplyTo === messageId);
    });
    expect([answer.message.body, server.posts.length]).toEqual(["you said: which port?", 1]);
  });

  test("that works for long has taken the question, and what it says in the end is its answer", async () => {
    await using server = await libraryServer("t");
    const { name } = await bridged(server.url, "t");
    const asked = asker.client.ask({ to: name, body: "slow: how many?" });
    const taken = () => server.posts.filter(({ body }) => body.includes("GetTask"));
    await until(() => taken().length > 1, "it to be asked how far it is");
    const [sent] = server.posts;
    const { params } = Sent.parse(JSON.parse(sent?.body ?? ""));
    expect(await stateOf(params.message.messageId)).toEqual(["acked", "taken"]);
    server.finish();
    expect(await asked).toMatchObject({ status: "replied", reply: { body: "you said: slow: how many?" } });
    // It was posted once, and is not asked any more.
    expect(server.posts.filter(({ body }) => body.includes("SendMessage"))).toHaveLength(1);
  });

  test("may answer what no text can be made of: it is no answer, at once or later, and the broker goes on", async () => {
    const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
    const done = `"status":{"state":"TASK_STATE_COMPLETED"},"artifacts":[{"parts":[{"data":${deep}}]}]`;
    await using server = await openWebhookReceiver(({ body }, response) => {
      const isAsked = body.includes("GetTask");
      const isAtOnce = body.includes("at once");
      const task = isAsked || isAtOnce ? `{"id":"t",${done}}` : '{"id":"t","status":{"state":"TASK_STATE_WORKING"}}';
      response.writeHead(200).end(`{"jsonrpc":"2.0","id":1,"result":${isAsked ? task : `{"task":${task}}`}}`);
    });
    const { name } = await bridged(server.url);
    const later = await asker.client.send({ to: name, body: "later" });
    await until(() => server.posts.filter(({ body }) => body.includes("GetTask")).length > 1, "it to be asked twice");
    expect(await stateOf(later.messageId)).toEqual(["acked", "taken"]);
    const { messageId } = await asker.client.send({ to: name, body: "at once" });
    await until(async () => (await stateOf(messageId))[0] === "acked", "the ack");
    expect(await stateOf(messageId)).toEqual(["acked", "taken"]);
    expect(server.posts.filter(({ body }) => body.includes("at once"))).toHaveLength(1);
  });

  test("is answered for in as many bytes as a message may have here", async () => {
    await using server = await libraryServer("t");
    await using narrow = await startTestBroker({ env: { AGENTMESH_MAX_BODY_BYTES: "200" } });
    const [program, bridge] = [await narrow.agent("program"), await narrow.agent("bridge")];
    await bridge.client.setWebhook({ agent: "me", url: server.url, dialect: "a2a", a2a: { credentials: "t" } });
    const { reply } = await program.client.ask({ to: "bridge", body: "z".repeat(200) });
    expect(reply?.body).toMatch(/^you said: z+\n\n\[the rest was cut off/);
    expect(Buffer.byteLength(reply?.body ?? "")).toBe(200);
  });

  test("answers what begins, and no answer: two programs do not go on without end", async () => {
    await using server = await libraryServer("t");
    const { name, client } = await bridged(server.url, "t");
    const opened = await asker.client.send({ to: name, body: "hello there" });
    const answer = await until(async () => {
      const { deliveries } = await asker.client.lease();
      return deliveries.find(({ message }) => message.inReplyTo === opened.messageId);
    }, "the answer");
    expect(answer.message.body).toBe("you said: hello there");
    const thanks = await asker.client.send({ inReplyTo: answer.message.id, body: "thank you" });
    await until(async () => (await stateOf(thanks.messageId))[0] === "acked", "the ack");
    expect(await stateOf(thanks.messageId)).toEqual(["acked", "taken"]);
    expect(server.posts).toHaveLength(2);
    expect((await asker.client.listInbox({})).entries).toEqual([]);
    expect((await client.getWebhook({ agent: "me" })).state).toBe("working");
  });

  test("is tried without anything being done: by a task that nobody has", async () => {
    await using server = await libraryServer("t");
    const { client } = await bridged(server.url, "t");
    expect(await client.testWebhook({ agent: "me" })).toMatchObject({ taken: true, status: 200 });
    expect(JSON.parse(server.posts[0]?.body ?? "")).toMatchObject({ method: "GetTask" });
    const { client: unknown } = await bridged(server.url, "wrong");
    expect(await unknown.testWebhook({ agent: "me" })).toMatchObject({ taken: false, why: "answered 401" });
  });

  test("has taken what it answered to, whatever of its answer can be read: nothing is posted twice", async () => {
    const said = (parts: unknown[]) => ({ message: { role: "ROLE_AGENT", parts } });
    const long = `https://docs.example/${"x".repeat(3_000)}`;
    for (const [result, answer] of [
      [said([{ text: "read this" }, {}, { url: long }, { metadata: {} }]), "read this"],
      [said([{}]), undefined],
      [said([{ text: "y".repeat(600_000) }]), undefined],
      [{ message: { parts: "none" } }, undefined],
      [{ task: { id: "i".repeat(2_000), status: { state: "TASK_STATE_WORKING" } } }, undefined],
      [{ task: { id: "t", status: { state: "TASK_STATE_COMPLETED" }, artifacts: [{}] } }, undefined],
    ] as const) {
      const head = { "content-type": "application/json" };
      await using server = await openWebhookReceiver((_, response) =>
        response.writeHead(200, head).end(JSON.stringify({ jsonrpc: "2.0", id: 1, result })),
      );
      const { name } = await bridged(server.url);
      const { messageId } = await asker.client.send({ to: name, body: "anybody?" });
      await until(async () => (await stateOf(messageId))[0] === "acked", "the ack");
      const { answer: traced } = (await asker.client.getMessage({ message: messageId })).deliveries[0] ?? {};
      expect([traced?.preview, await stateOf(messageId), server.posts.length]).toEqual([
        answer,
        ["acked", answer === undefined ? "taken" : "replied"],
        1,
      ]);
    }
  });

  test("what is no answer of A2A takes nothing, whatever its status", async () => {
    for (const [body, why] of [
      ["<html>welcome</html>", "answered nothing of A2A 1.0"],
      ["", "answered nothing of A2A 1.0"],
      ['"unreadable"', "answered nothing of A2A 1.0"],
      ['"too deep"', "answered nothing of A2A 1.0"],
      ['{"jsonrpc":"2.0","id":1,"result":{}}', "answered nothing of A2A 1.0"],
      ['{"jsonrpc":"2.0","id":1,"error":{"code":-32005,"message":"no"}}', "answered the A2A error -32005"],
    ] as const) {
      await using server = await openWebhookReceiver((_, response) => response.writeHead(200).end(body));
      const { name } = await bridged(server.url);
      const { messageId } = await asker.client.send({ to: name, body: "anybody?" });
      const failed = await until(
        async () =>
          (await asker.client.getMessage({ message: messageId })).deliveries[0]?.timeline.find(
            ({ event }) => event === "push_failed",
          ),
        "the failure",
      );
      expect(failed.reason).toBe(why);
    }
  });
});

describe("push notifications", () => {
  const Task = z.object({
    result: z.object({ task: z.object({ id: z.string(), status: z.object({ state: z.string() }) }) }),
  });
  const call = async (token: string, method: string, params: object) => {
    const answer = await fetch(`${broker.url}/a2a/pushed-to`, {
      method: "POST",
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
      headers: { "content-type": "application/json", "a2a-version": "1.0", authorization: `Bearer ${token}` },
    });
    return answer.json() as Promise<unknown>;
  };

  test("come to the URL that a client names: the task with its answer, by the client's own token, until they are taken out", async () => {
    const worker = await broker.agent("pushed-to");
    await worker.client.setAgentCard({ agent: "me", description: "Works." });
    const program = await broker.agent("program");
    await using receiver = await openWebhookReceiver(200);
    const config = { url: `${receiver.url}?key=4711`, authentication: { scheme: "Bearer", credentials: "its-own" } };
    const message = { messageId: "m-1", role: "ROLE_USER", parts: [{ text: "take your time" }] };
    const configuration = { returnImmediately: true, taskPushNotificationConfig: config };
    const { task } = Task.parse(await call(program.token, "SendMessage", { message, configuration })).result;
    expect(task.status.state).toBe("TASK_STATE_SUBMITTED");
    const [question] = (await worker.client.lease()).deliveries;
    // However little it presses.
    const answer = { inReplyTo: question?.message.id ?? "", body: "done", urgency: "fyi" } as const;
    const { messageId } = await worker.client.send(answer);
    const [post] = await until(() => (receiver.posts.length > 0 ? receiver.posts : undefined), "the notification");
    expect(post?.headers).toMatchObject({ authorization: "Bearer its-own", "content-type": "application/a2a+json" });
    // As the library reads it.
    const { payload } = StreamResponse.fromJSON(JSON.parse(post?.body ?? ""));
    expect(payload).toMatchObject({
      $case: "task",
      value: {
        id: task.id,
        status: { state: TaskState.TASK_STATE_COMPLETED },
        artifacts: [{ parts: [{ content: { value: "done" } }] }],
      },
    });
    await until(
      async () => (await worker.client.getMessage({ message: messageId })).deliveries[0]?.state === "acked",
      "the ack",
    );

    const about = { taskId: task.id, id: "webhook" };
    const shown = { id: "webhook", taskId: task.id, url: receiver.url };
    expect(await call(program.token, "GetTaskPushNotificationConfig", about)).toMatchObject({ result: shown });
    expect(await call(program.token, "ListTaskPushNotificationConfigs", about)).toMatchObject({
      result: { configs: [shown] },
    });
    // Another place would take the answers of all tasks away from this one.
    expect(
      await call(program.token, "CreateTaskPushNotificationConfig", { taskId: task.id, url: "http://127.0.0.1:9/x" }),
    ).toMatchObject({ error: { code: -32004 } });
    expect(await call(program.token, "DeleteTaskPushNotificationConfig", about)).toMatchObject({ result: {} });
    expect(await call(program.token, "GetTaskPushNotificationConfig", about)).toMatchObject({
      error: { code: -32001 },
    });
    expect(
      await call(program.token, "CreateTaskPushNotificationConfig", { taskId: task.id, url: "http://10.0.0.1/x" }),
    ).toMatchObject({ error: { code: -32000, data: [{ reason: "WEBHOOK_URL_FORBIDDEN" }] } });
    expect(
      await call(program.token, "CreateTaskPushNotificationConfig", {
        taskId: task.id,
        url: receiver.url,
        token: "a\nb",
      }),
    ).toMatchObject({ error: { code: -32602 } });
    // Tasks of others are none of its.
    expect(await call(worker.token, "GetTaskPushNotificationConfig", about)).toMatchObject({ error: { code: -32001 } });
  });

  test("named anew with each message leave the webhook as it is: its secret, how it does, what its owner chose; what lets them in is exchanged", async () => {
    const owner = await broker.agent("owner");
    await using receiver = await openWebhookReceiver(410);
    const secret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
    const url = `${receiver.url}?key=4711`;
    const own = { url, dialect: "a2a-push", secret, maxInFlight: 4, urgency: "interrupt" } as const;
    await owner.client.setWebhook({ agent: "me", ...own, a2a: { credentials: "first" } });
    await asker.client.send({ to: "owner", body: "now", urgency: "interrupt" });
    const state = async () => (await owner.client.getWebhook({ agent: "me" })).state;
    await until(async () => (await state()) === "disabled", "the end of the webhook");
    const before = await owner.client.getWebhook({ agent: "me" });
    let n = 0;
    const say = (config: object) => {
      const message = { messageId: `o-${++n}`, role: "ROLE_USER", parts: [{ text: `number ${n}` }] };
      const configuration = { returnImmediately: true, taskPushNotificationConfig: config };
      return call(owner.token, "SendMessage", { message, configuration });
    };
    const authentication = { scheme: "Bearer", credentials: "first" };
    for (const config of [{ url, authentication }, { url }])
      expect(await say(config)).toMatchObject({ result: { task: {} } });
    for (const elsewhere of [receiver.url, `${receiver.url}?key=1`, "http://127.0.0.1:9/x"])
      expect(await say({ url: elsewhere })).toMatchObject({ error: { code: -32004 } });
    expect(await owner.client.getWebhook({ agent: "me" })).toEqual(before);

    receiver.answer(200);
    expect(await say({ url, authentication: { scheme: "Bearer", credentials: "second" } })).toHaveProperty("result");
    expect(await owner.client.getWebhook({ agent: "me" })).toEqual(before);
    expect(await owner.client.testWebhook({ agent: "me" })).toMatchObject({ taken: true });
    const { headers, body, path } = receiver.posts.at(-1) ?? { headers: {}, body: "", path: "" };
    expect([headers.authorization, path]).toEqual(["Bearer second", "/hook?key=4711"]);
    const signed = Object.entries(headers).map(([name, value]) => [name, String(value)]);
    expect(new StandardWebhook(secret).verify(body, Object.fromEntries(signed))).toHaveProperty("message");
  });

  test("are not set by a message that is refused, and a URL that is refused has nothing sent", async () => {
    const { client, token } = await broker.agent("refused");
    await using receiver = await openWebhookReceiver(200);
    const say = (text: string, url: string) => {
      const message = { messageId: text.slice(0, 9), role: "ROLE_USER", parts: [{ text }] };
      const configuration = { returnImmediately: true, taskPushNotificationConfig: { url } };
      return call(token, "SendMessage", { message, configuration });
    };
    expect(await say("x".repeat(70_000), receiver.url)).toMatchObject({
      error: { data: [{ reason: "BODY_TOO_LARGE" }] },
    });
    expect(await say("hello", "http://10.0.0.1/x")).toMatchObject({
      error: { data: [{ reason: "WEBHOOK_URL_FORBIDDEN" }] },
    });
    await expect(client.getWebhook({ agent: "me" })).rejects.toMatchObject({ code: "webhook_not_found" });
    expect((await client.listAsks({})).waiting).toEqual([]);
  });
});
