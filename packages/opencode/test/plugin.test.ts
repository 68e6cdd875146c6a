/** The plugin in a stand-in of OpenCode, with a real broker: who it is, where it pushes, what counts as evidence. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { MessageRef } from "@agentmesh/protocol";
import { tools } from "agentmesh-mcp/session";
import { startTestBroker, type TestAgent, type TestBroker, tempDir, until } from "testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { SessionSigns } from "../src/session-signs.ts";
import { type StandIn, standIn } from "./stand-in.ts";

let broker: TestBroker;
let sender: TestAgent;
beforeAll(async () => {
  broker = await startTestBroker();
  sender = await broker.agent("sender");
});
afterAll(() => broker[Symbol.asyncDispose]());

function opencode(name: string, more: Record<string, string> = {}): Promise<StandIn> {
  const directory = join(broker.home, "work", name);
  mkdirSync(directory, { recursive: true });
  return standIn(directory, { AGENTMESH_HOME: broker.home, AGENTMESH_URL: broker.url, ...more });
}

async function joined(client: StandIn, name: string): Promise<void> {
  await client.call("ses_tools", "agentmesh_whoami", {});
  await until(
    async () => (await sender.client.getAgent({ agent: name })).presence === "online",
    `${name} to be online`,
  );
}

async function send(to: string, body: string, more: { threadId?: `thr_${string}` } = {}) {
  const reply = await sender.client.send({ to, body, ...more });
  const [delivery] = reply.deliveries;
  if (!delivery) throw new Error("no delivery");
  return { message: reply.messageId, thread: reply.threadId, delivery };
}

async function timeline(message: string): Promise<string[]> {
  const [delivery] = (await broker.admin.getMessage({ message: MessageRef.parse(message) })).deliveries;
  return delivery?.timeline.map(({ event, reason }) => (event === "acked" ? `acked ${reason}` : event)) ?? [];
}

test("a message becomes a prompt of the session used last, with its agent and model, and is acked when the model has answered after it", async () => {
  await using client = await opencode("engine");
  await client.prompt("ses_old");
  await client.prompt("ses_used", { agent: "plan" });
  await client.prompt("ses_child", { parent: "ses_used" });
  await joined(client, "engine");

  const { message } = await send("engine", "is the parser ready?");
  const pushed = await until(() => client.prompts[0], "the push");
  expect(pushed.session).toBe("ses_used");
  expect(pushed.body).toMatchObject({ agent: "plan", model: { providerID: "stub", modelID: "stub" } });
  expect(pushed.text).toMatch(/^<agentmesh from="sender" message="1" [^>]*>\nis the parser ready\?\n<\/agentmesh>/);
  await until(async () => (await timeline(message)).includes("pushed"), "the push report");

  await client.answer("ses_used", pushed.message);
  await until(async () => (await timeline(message)).includes("acked transcript"), "the ack");
});

test("a pushed text counts as shown when a step after it is finished, not by an earlier, a failed or a foreign one", () => {
  const signs = new SessionSigns();
  const step = { role: "assistant", id: "msg_9", sessionID: "ses_a", finish: "stop" } as const;
  const sign = () => signs.read(["abcdefghij"]).get("abcdefghij");
  signs.text({ sessionID: "ses_a", messageID: "msg_4" }, "the model quotes (push abcdefghij)");
  expect(sign()).toBeUndefined();
  signs.prompted("msg_5");
  signs.text({ sessionID: "ses_a", messageID: "msg_5" }, "a message (push abcdefghij)");
  expect(sign()).toBe("taken");
  signs.answered({ ...step, parentID: "msg_4" });
  signs.answered({ ...step, parentID: "msg_5", error: { name: "MessageAbortedError" } });
  signs.answered({ ...step, parentID: "msg_5", finish: undefined });
  signs.answered({ ...step, parentID: "msg_5", sessionID: "ses_b" });
  expect(sign()).toBe("taken");
  signs.answered({ ...step, parentID: "msg_6" });
  expect(sign()).toBe("shown");
});

test("until a session is used, a sender is told that nothing can be pushed; then it is", async () => {
  await using client = await opencode("unused");
  await joined(client, "unused");
  const { message, delivery } = await send("unused", "anybody there?");
  expect(delivery.warnings.map(({ code }) => code)).toContain("no_push_path");
  expect(await timeline(message)).toEqual(["accepted"]);
  await client.prompt("ses_first");
  expect((await until(() => client.prompts[0], "the push")).session).toBe("ses_first");
});

test("an answer goes to the session that asked, also when another one is used since", async () => {
  await using client = await opencode("asker");
  await client.prompt("ses_asking");
  await client.prompt("ses_helper", { parent: "ses_asking" });
  await client.call("ses_helper", "agentmesh_send_message", { to: "sender", message: "which port?" });
  await client.prompt("ses_other");
  const [asked] = (await sender.client.lease({ waitMs: 2_000 })).deliveries;
  await sender.client.send({ inReplyTo: asked?.id ?? "", body: "7899" });
  expect((await until(() => client.prompts[0], "the answer")).session).toBe("ses_asking");
});

test("check_messages acks what OpenCode has kept, and shows again what it has not", async () => {
  await using client = await opencode("reader");
  await joined(client, "reader");
  const { message } = await send("reader", "read me");
  expect(await client.call("ses_a", "agentmesh_check_messages", {}, false)).toContain("read me");
  expect(await timeline(message)).not.toContain("acked read");
  expect(await client.call("ses_a", "agentmesh_check_messages", {})).toContain("read me");
  await until(async () => (await timeline(message)).includes("acked read"), "the ack");
});

test("a session that is gone or refuses is no loss: the message goes to the next session, or back to the inbox", async () => {
  await using client = await opencode("closing");
  await client.prompt("ses_kept");
  await client.prompt("ses_deleted");
  await joined(client, "closing");
  client.refuse(404);
  const { message } = await send("closing", "where to?");
  await until(async () => (await timeline(message)).includes("push_failed"), "the failure to be told");
  client.refuse(undefined);
  await client.prompt("ses_kept");
  const pushed = await until(() => client.prompts[0], "the second try", 15_000);
  expect(pushed.session).toBe("ses_kept");
});

test("what models write for nothing passes OpenCode's own check, and what is wrong is told in our words", async () => {
  await using client = await opencode("lenient");
  const call = (tool: string, args: Record<string, unknown>) => client.call("ses_a", `agentmesh_${tool}`, args);
  expect(await call("list_peers", { scope: null, include_offline: "" })).toContain("lenient (you)");
  const sent = await call("send_message", { to: "sender", to_id: null, message: "x", thread_id: "", urgency: null });
  expect(sent).toContain("to sender is stored");
  await expect(call("ask_peer", { to: "sender", wait_seconds: "many" })).rejects.toThrow(
    'ask_peer: message is missing; it takes a text; wait_seconds takes a number, not "many"; it takes to,',
  );
});

test("OpenCode shows a model the same schemas as an MCP client does", async () => {
  await using client = await opencode("schemas");
  for (const tool of tools) {
    const { properties, required } = z.toJSONSchema(z.object(client.hooks.tool[`agentmesh_${tool.name}`]?.args ?? {}), {
      io: "input",
    });
    expect({ properties, required }).toEqual({
      properties: tool.schema().properties,
      required: tool.schema().required,
    });
  }
});

test("two OpenCodes in one directory are two agents, the next one after they left is the first again", async () => {
  await using one = await opencode("twice");
  await joined(one, "twice");
  {
    await using two = await opencode("twice");
    expect(await two.call("ses_a", "agentmesh_whoami", {})).toContain("You are twice-2");
  }
  await one.hooks.dispose();
  await until(
    async () => (await sender.client.getAgent({ agent: "twice" })).presence === "offline",
    "it to be offline",
  );
  await using next = await opencode("twice");
  expect(await next.call("ses_a", "agentmesh_whoami", {})).toMatch(/You are twice \(/);
});

test("without a broker no hook fails, and a tool says what to do", async () => {
  using home = tempDir();
  const env = { AGENTMESH_HOME: home.path, AGENTMESH_URL: "https://127.0.0.1:1" };
  await using client = await standIn(home.path, env);
  await client.prompt("ses_a");
  await client.hooks.event({ event: { type: "message.updated", properties: "something new" } });
  await expect(client.call("ses_a", "agentmesh_whoami", {})).rejects.toThrow(/mesh/);
});

test("MCP entries that start the adapter are switched off while the plugin runs, others are left alone", async () => {
  await using client = await opencode("configured");
  const other = { type: "local", command: ["npx", "-y", "some-mcp"] };
  const loaded = {
    mcp: {
      agentmesh: { type: "local", command: ["npx", "-y", "agentmesh-mcp@latest"], environment: { A: "b" } },
      path: { type: "local", command: ["node", "/opt/node_modules/agentmesh-mcp/dist/main.js"] },
      other,
    },
  };
  await client.hooks.config(loaded);
  expect(loaded.mcp).toEqual({
    agentmesh: { ...loaded.mcp.agentmesh, enabled: false },
    path: { ...loaded.mcp.path, enabled: false },
    other,
  });
  expect(client.logged.join("\n")).toContain("adapter.disabled");
});
