/** The plugin in a stand-in of OpenCode, with a real broker: who it is, where it pushes, what counts as evidence. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { MessageRef } from "@agentmesh/protocol";
import { instructions, tools } from "agentmesh-mcp/session";
import { answered, startTestBroker, type TestAgent, type TestBroker, tempDir, until } from "testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod";
import { hostOf } from "../src/host.ts";
import { MOST_AGENTS } from "../src/session-agents.ts";
import { SessionSigns } from "../src/session-signs.ts";
import { standAside } from "../src/stand-aside.ts";
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
  await agentOf(client, [...client.used][0] ?? "ses_a");
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

/** The agent that a session of OpenCode is. */
async function agentOf(client: StandIn, session: string): Promise<string> {
  const said = await client.call(session, "agentmesh_whoami", {});
  return /You are (\S+)/.exec(said)?.[1] ?? said;
}

test("a message becomes a prompt of the agent's session, with its agent and model, and is acked when the model has answered after it", async () => {
  await using client = await opencode("engine");
  await client.prompt("ses_used", { agent: "plan" });
  await client.prompt("ses_child", { parent: "ses_used" });
  expect(await agentOf(client, "ses_used")).toBe("engine");
  await client.prompt("ses_other");

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

test("until a session is used a sender is told that nothing can be pushed; the first that is used becomes that agent", async () => {
  await using client = await opencode("unused");
  await until(
    async () =>
      (await broker.admin.listAgents({})).agents.some(
        ({ name, presence }) => name === "unused" && presence === "online",
      ),
    "the plugin to join",
  );
  const { message, delivery } = await send("unused", "anybody there?");
  expect(delivery.warnings.map(({ code }) => code)).toContain("no_push_path");
  expect(await timeline(message)).toEqual(["accepted"]);
  await client.prompt("ses_first");
  expect((await until(() => client.prompts[0], "the push")).session).toBe("ses_first");
});

test("each session is an agent of its own, a sub-agent's calls are its parent's, and no mail crosses", async () => {
  await using client = await opencode("pair");
  await client.prompt("ses_asking");
  await client.prompt("ses_helper", { parent: "ses_asking" });
  await client.call("ses_helper", "agentmesh_send_message", { to: "sender", message: "which port?" });
  await client.prompt("ses_other");
  const names = [
    await agentOf(client, "ses_asking"),
    await agentOf(client, "ses_helper"),
    await agentOf(client, "ses_other"),
  ];
  expect(names).toEqual(["pair", "pair", "pair-2"]);
  const [asked] = (await sender.client.lease({ waitMs: 60_000 })).deliveries;
  await sender.client.send({ inReplyTo: asked?.id ?? "", body: "7899" });
  await send("pair-2", "for the other");
  await until(() => client.prompts.length >= 2, "both pushes");
  expect(client.prompts.map(({ session, text }) => [session, /\n(.*)\n<\/agentmesh>/.exec(text)?.[1]]).sort()).toEqual([
    ["ses_asking", "7899"],
    ["ses_other", "for the other"],
  ]);
});

test("mail for a session waits for it: a new one of the next day gets none of it, the resumed one is who it was", async () => {
  const { message } = await (async () => {
    await using yesterday = await opencode("daily");
    await yesterday.prompt("ses_yesterday");
    expect(await agentOf(yesterday, "ses_yesterday")).toBe("daily");
    await yesterday.call("ses_yesterday", "agentmesh_set_summary", { summary: "side pots" });
    await yesterday.hooks.dispose();
    return send("daily", "for yesterday's session");
  })();
  await using today = await opencode("daily");
  await today.prompt("ses_today");
  expect(await agentOf(today, "ses_today")).toBe("daily-2");
  expect(await today.call("ses_today", "agentmesh_check_messages", {})).toContain("No message waits for you.");
  expect(await timeline(message)).toEqual(["accepted"]);
  await today.prompt("ses_yesterday");
  expect(await agentOf(today, "ses_yesterday")).toBe("daily");
  const pushed = await until(() => today.prompts[0], "the push");
  expect([pushed.session, pushed.text.includes("for yesterday's session")]).toEqual(["ses_yesterday", true]);
});

test("a fork is an agent of its own; who wrote to a session that is deleted is told", async () => {
  await using client = await opencode("forked");
  await client.prompt("ses_trunk");
  expect(await agentOf(client, "ses_trunk")).toBe("forked");
  await client.prompt("ses_branch");
  expect(await agentOf(client, "ses_branch")).toBe("forked-2");
  client.refuse(500);
  const { message } = await send("forked", "are you there?");
  await client.remove("ses_trunk");
  await until(async () => (await timeline(message)).includes("dead"), "the dead letter");
  expect(await agentOf(client, "ses_branch")).toBe("forked-2");
});

test("more sessions than may be in the mesh at a time: the one not used for longest leaves, and is back with its next prompt", async () => {
  await using client = await opencode("crowd");
  await client.prompt("ses_00");
  expect(await agentOf(client, "ses_00")).toBe("crowd");
  await client.call("ses_00", "agentmesh_set_summary", { summary: "the first" });
  for (let n = 1; n <= MOST_AGENTS; n++) await client.prompt(`ses_${String(n).padStart(2, "0")}`);
  const presence = async () => (await sender.client.getAgent({ agent: "crowd" })).presence;
  await until(async () => (await presence()) === "offline", "the first to leave");
  const { message } = await send("crowd", "still yours");
  await client.prompt("ses_00");
  await until(async () => (await timeline(message)).includes("pushed"), "the push");
  expect(client.prompts.map(({ session }) => session)).toEqual(["ses_00"]);
});

test("the answer to a question is acked when OpenCode has kept it; what it has not kept comes again, once", async () => {
  await using client = await opencode("questioner");
  await client.prompt("ses_questioner");
  await joined(client, "questioner");
  const call = (tool: string, args: Record<string, unknown>, kept = true) =>
    client.call("ses_questioner", `agentmesh_${tool}`, args, kept);
  const reaches = (message: string, event: string) =>
    until(async () => (await timeline(message)).includes(event), `it to be ${event}`, 30_000);
  const oracle = await broker.agent("oracle");
  const ask = async (body: string, kept: boolean) => {
    const { said, messageId } = await answered(oracle, body, (args) => call("ask_peer", args, kept));
    expect(said).toContain(`answer to ${body}`);
    return messageId;
  };
  await reaches(await ask("kept?", true), "acked read");
  const lost = await ask("lost?", false);
  await reaches(lost, "nacked");
  expect(await timeline(lost)).not.toContain("acked read");
  expect((await call("check_messages", {})).split("answer to lost?")).toHaveLength(2);
  await reaches(lost, "acked read");
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

test("a session that refuses a prompt is no loss: the failure is told, and the message comes with the next prompt", async () => {
  await using client = await opencode("closing");
  await client.prompt("ses_kept");
  await joined(client, "closing");
  client.refuse(404);
  const { message } = await send("closing", "where to?");
  await until(async () => (await timeline(message)).includes("push_failed"), "the failure to be told");
  client.refuse(undefined);
  await client.prompt("ses_kept");
  expect((await until(() => client.prompts[0], "the second try", 15_000)).session).toBe("ses_kept");
});

test("what models write for nothing passes OpenCode's own check, and what is wrong is told in our words", async () => {
  await using client = await opencode("lenient");
  const call = (tool: string, args: Record<string, unknown>) => client.call("ses_lenient", `agentmesh_${tool}`, args);
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

test("two OpenCodes in one directory are two agents, and a session open in both is one of them", async () => {
  await using one = await opencode("twice");
  expect(await agentOf(one, "ses_one")).toBe("twice");
  await using two = await opencode("twice");
  expect(await agentOf(two, "ses_two")).toBe("twice-2");
  const beside = async () => {
    const said = await two.call("ses_one", "agentmesh_whoami", {}).catch(String);
    return /You are (\S+)/.exec(said)?.[1];
  };
  expect(await until(beside, "an agent for the session that is open elsewhere")).toBe("twice-3");
  expect(await agentOf(one, "ses_one")).toBe("twice");
});

test("without a broker no hook fails, and a tool says what to do", async () => {
  using home = tempDir();
  const env = { AGENTMESH_HOME: home.path, AGENTMESH_URL: "https://127.0.0.1:2" };
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
      clone: { type: "local", command: ["node", "/src/agentmesh/packages/mcp/dist/main.js"] },
      other,
    },
  };
  await client.hooks.config(loaded);
  expect(loaded.mcp).toEqual({
    agentmesh: { ...loaded.mcp.agentmesh, enabled: false },
    path: { ...loaded.mcp.path, enabled: false },
    clone: { ...loaded.mcp.clone, enabled: false },
    other,
  });
  expect(client.logged.join("\n")).toContain("adapter.disabled");
});

test("what the mesh is stands in the system prompt that is there, not in a second one", async () => {
  await using client = await opencode("prompted");
  const said = async (system: string[]) => {
    await client.hooks["experimental.chat.system.transform"](undefined, { system });
    return system;
  };
  expect(await said(["be brief", "and kind"])).toEqual(["be brief", `and kind\n\n${instructions}`]);
  expect(await said([])).toEqual([instructions]);
});

test("of two copies of the plugin in one process the first has the sessions, and another one when it has left", () => {
  const [one, other] = [{}, {}];
  const first = standAside("/work/api", one);
  expect(first).toBeDefined();
  expect(standAside("/work/api", other)).toBeUndefined();
  expect(standAside("/work/other", other)).toBeDefined();
  const anew = standAside("/work/api", one);
  anew?.leave();
  const second = standAside("/work/api", other);
  first?.leave();
  expect(standAside("/work/api", one)).toBeUndefined();
  second?.leave();
  expect(standAside("/work/api", one)).toBeDefined();
});

test("a session in Kilo is listed as one of Kilo, one of OpenCode that was started within it is not", async () => {
  await using client = await opencode("in-kilo", { KILO: "1", KILO_PID: String(process.pid) });
  await client.prompt("ses_kilo");
  await joined(client, "in-kilo");
  expect((await sender.client.getAgent({ agent: "in-kilo" })).client).toBe("kilo");
  expect(hostOf({ KILO: "1", KILO_PID: "1" })).toBe("opencode");
  expect(hostOf({})).toBe("opencode");
});

test("who writes to a session that asks its user something is told so, until all is answered or the model is stopped", async () => {
  await using client = await opencode("asking");
  await client.prompt("ses_root");
  await client.prompt("ses_helper", { parent: "ses_root" });
  await joined(client, "asking");
  const stands = (about: string | undefined) =>
    until(
      async () => (await sender.client.getAgent({ agent: "asking" })).dialog?.about === about,
      `asking to stand at ${about ?? "nothing"}`,
    );
  await client.asks("permission.asked", "ses_helper", "per_1");
  await stands("permission");
  const { deliveries } = await sender.client.send({ to: "asking", body: "are you there?" });
  expect(deliveries[0]?.warnings.map(({ code }) => code)).toContain("recipient_at_dialog");
  await client.asks("question.asked", "ses_root", "que_1");
  await client.answers("permission.replied", "ses_helper", "per_1");
  await stands("question");
  await client.answers("question.rejected", "ses_root", "que_1");
  await stands(undefined);
  await client.asks("question.asked", "ses_root", "que_2");
  await stands("question");
  await client.status("ses_root", "idle");
  await stands(undefined);
});
