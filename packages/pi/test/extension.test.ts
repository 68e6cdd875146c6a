/** The extension in a stand-in of Pi, with a real broker: who it is, how it pushes, what counts as evidence. */
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MessageRef } from "@agentmesh/protocol";
import { instructions, SteeredTexts, tools } from "agentmesh-mcp/session";
import { answered, startTestBroker, type TestAgent, type TestBroker, tempDir, until } from "testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeLine } from "../src/log-file.ts";
import { type StandIn, type StandInOptions, standIn } from "./stand-in.ts";

let broker: TestBroker;
let sender: TestAgent;
beforeAll(async () => {
  broker = await startTestBroker();
  sender = await broker.agent("sender");
});
afterAll(() => broker[Symbol.asyncDispose]());

function pi(name: string, options: StandInOptions = {}): StandIn {
  const directory = join(broker.home, "work", name);
  mkdirSync(directory, { recursive: true });
  const env = { AGENTMESH_HOME: broker.home, AGENTMESH_URL: broker.url, PI_CODING_AGENT_DIR: join(broker.home, "pi") };
  return standIn(directory, env, options);
}

/** The agent that the session is; on a busy machine a call may end before the broker is reached. */
async function agentOf(client: StandIn): Promise<string> {
  const said = async () => /You are (\S+)/.exec(await client.call("agentmesh_whoami", {}).catch(() => ""))?.[1];
  return until(said, "the session to be an agent");
}

async function send(to: string, body: string): Promise<string> {
  return (await sender.client.send({ to, body })).messageId;
}

async function timeline(message: string): Promise<string[]> {
  const [delivery] = (await broker.admin.getMessage({ message: MessageRef.parse(message) })).deliveries;
  return delivery?.timeline.map(({ event, reason }) => (event === "acked" ? `acked ${reason}` : event)) ?? [];
}

async function reaches(message: string, event: string): Promise<void> {
  await until(async () => (await timeline(message)).includes(event), `the message to be ${event}`, 30_000);
}

test("a session that was never prompted is woken by a message, which is acked when the model has answered", async () => {
  await using client = pi("woken");
  expect(await agentOf(client)).toBe("woken");
  const message = await send("woken", "is the parser ready?");
  const text = await until(() => client.conversation[0], "the push");
  expect(text).toMatch(/^<agentmesh from="sender" message="1" [^>]*>\nis the parser ready\?\n<\/agentmesh>/);
  await reaches(message, "pushed");
  client.step("aborted");
  client.step("error");
  expect(await timeline(message)).not.toContain("acked transcript");
  client.step();
  await reaches(message, "acked transcript");
});

test("to a session at work a message comes within the turn, and is acked by the step after it", async () => {
  await using client = pi("at-work");
  await agentOf(client);
  client.prompt();
  const message = await send("at-work", "when you are done");
  await until(() => client.queue.length === 1, "the push");
  await reaches(message, "pushed");
  client.step("toolUse");
  expect(client.conversation[0]).toContain("when you are done");
  client.step();
  await reaches(message, "acked transcript");
});

test("what Escape has thrown out of Pi's queue is pushed again into the next run, as if for the first time", async () => {
  await using client = pi("stopped");
  await agentOf(client);
  client.prompt();
  const message = await send("stopped", "do not lose me");
  await until(() => client.queue.length === 1, "the push");
  await reaches(message, "pushed");
  client.step("aborted");
  expect(client.conversation).toHaveLength(1);
  client.step();
  await reaches(message, "acked transcript");

  const other = await send("stopped", "nor me");
  await until(() => client.queue.length === 1, "the other push");
  await reaches(other, "pushed");
  client.settle({ aborted: true });
  client.prompt();
  await until(() => client.queue.length === 1, "the other push again", 30_000);
  expect(client.queue[0]).toContain("nor me");
  expect(client.queue[0]).not.toContain("redelivered");
  client.step("toolUse");
  client.step();
  await reaches(other, "acked transcript");
  expect((await timeline(other)).filter((event) => event === "pushed")).toHaveLength(2);
});

test("a queue that the user has emptied without stopping the model is noticed at the end of the run", async () => {
  await using client = pi("emptied");
  await agentOf(client);
  client.prompt();
  await send("emptied", "still here");
  await until(() => client.queue.length === 1, "the push");
  client.settle({ emptied: true });
  const text = await until(() => client.conversation[0], "the push again", 30_000);
  expect(text).toContain("still here");
});

test("what check_messages has read is not pushed again after it was thrown away", async () => {
  await using client = pi("read-instead");
  await agentOf(client);
  client.prompt();
  const message = await send("read-instead", "read me");
  await until(() => client.queue.length === 1, "the push");
  await reaches(message, "pushed");
  expect(await client.call("agentmesh_check_messages", {})).toContain("read me");
  await reaches(message, "acked read");
  client.settle({ emptied: true });
  const next = await send("read-instead", "and me");
  await until(() => client.conversation[0], "the next push", 30_000);
  expect(client.conversation.join()).not.toContain("read me");
  client.step();
  await reaches(next, "acked transcript");
});

test("a text counts as shown by a step after it; what is left over counts as dropped, after a stop only when it was quiet", () => {
  const sign = (texts: SteeredTexts) => texts.read(["abcdefghij"]).get("abcdefghij");
  const texts = new SteeredTexts();
  texts.given("a text from before a reload (push abcdefghij)");
  expect(sign(texts)).toBeUndefined();
  texts.handed("a message (push abcdefghij)");
  expect(sign(texts)).toBeUndefined();
  texts.began();
  expect(sign(texts)).toBe("taken");
  texts.answered();
  expect(sign(texts)).toBe("taken");
  texts.given("a message (push abcdefghij)");
  texts.settled({ aborted: false });
  expect(sign(texts)).toBe("taken");
  texts.answered();
  expect(sign(texts)).toBe("shown");

  texts.began();
  texts.handed("another (push abcdefghij)");
  texts.settled({ aborted: true });
  expect(sign(texts)).toBe("taken");
  texts.given("another (push abcdefghij)");
  texts.answered();
  expect(sign(texts)).toBe("shown");
  texts.stop();
});

test("the answer to a question is acked when Pi has kept it; what it has not kept comes again, once", async () => {
  await using client = pi("asking");
  await agentOf(client);
  client.prompt();
  const call = (tool: string, args: Record<string, unknown>, kept = true) =>
    client.call(`agentmesh_${tool}`, args, kept);
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

test("check_messages acks what Pi has kept, and shows again what it has not", async () => {
  await using client = pi("reader");
  await agentOf(client);
  client.prompt();
  const message = await send("reader", "read me");
  expect(await client.call("agentmesh_check_messages", {}, false)).toContain("read me");
  expect(await timeline(message)).not.toContain("acked read");
  expect(await client.call("agentmesh_check_messages", {})).toContain("read me");
  await reaches(message, "acked read");
});

test("mail for a session waits for it: another one gets none of it, the resumed one is who it was", async () => {
  const first = pi("daily");
  expect(await agentOf(first)).toBe("daily");
  await first.call("agentmesh_set_summary", { summary: "side pots" });
  await first.end();
  await until(
    async () => (await sender.client.getAgent({ agent: "daily" })).presence === "offline",
    "the session to be gone",
  );
  const message = await send("daily", "for yesterday's session");
  await using today = pi("daily");
  expect(await agentOf(today)).toBe("daily-2");
  expect(await today.call("agentmesh_check_messages", {})).toContain("No message waits for you.");
  await using again = pi("daily", { id: first.id });
  expect(await agentOf(again)).toBe("daily");
  expect(await until(() => again.conversation[0], "the push")).toContain("for yesterday's session");
  expect(today.conversation).toEqual([]);
  await reaches(message, "pushed");
});

test("of a session that Pi does not keep no agent is left, though it was used", async () => {
  const client = pi("fleeting", { unkept: true });
  expect(await agentOf(client)).toBe("fleeting");
  await client.call("agentmesh_set_summary", { summary: "for a moment" });
  await client.end();
  const gone = async () => (await broker.admin.listAgents({})).agents.every(({ name }) => name !== "fleeting");
  expect(await until(gone, "the agent to be gone")).toBe(true);
});

test("every tool is declared to the model with the schema that an MCP client sees", async () => {
  await using client = pi("schemas");
  expect([...client.tools.keys()]).toEqual(tools.map(({ name }) => `agentmesh_${name}`));
  for (const tool of tools) {
    const { parameters, exposure } = client.tools.get(`agentmesh_${tool.name}`) ?? {};
    expect({ parameters, exposure }).toEqual({ parameters: { type: "object", ...tool.schema() }, exposure: "direct" });
  }
});

test("what models write for nothing passes Pi's own check, and what is wrong is told in our words", async () => {
  await using client = pi("lenient");
  await agentOf(client);
  const prepared = (tool: string, args: unknown) => client.tools.get(`agentmesh_${tool}`)?.prepareArguments(args);
  expect(prepared("send_message", { to: "sender", to_id: null, message: "x", thread_id: "", urgency: null })).toEqual({
    to: "sender",
    message: "x",
    urgency: "normal",
  });
  expect(prepared("reply", { message_id: 42, message: "x" })).toEqual({ message_id: "42", message: "x" });
  expect(() => prepared("ask_peer", { to: "sender", wait_seconds: "many" })).toThrow(
    'ask_peer: message is missing; it takes a text; wait_seconds takes a number, not "many"; it takes to,',
  );
});

test("the model is told what the mesh is, in a section of the system prompt where there are any", async () => {
  await using client = pi("told");
  const sections: Record<string, string> = { rules: "be brief" };
  expect(client.prompt({ systemPromptOptions: { sections } })).toBeUndefined();
  expect(sections).toEqual({ rules: "be brief", other_agents: instructions });
  expect(client.prompt({ systemPrompt: "be brief", systemPromptOptions: {} })).toEqual({
    systemPrompt: `be brief\n\n${instructions}`,
  });
});

test("without a broker no listener fails, and a tool says what to do", async () => {
  using home = tempDir();
  const env = { AGENTMESH_HOME: home.path, AGENTMESH_URL: "https://127.0.0.1:2", PI_CODING_AGENT_DIR: home.path };
  await using client = standIn(home.path, env);
  client.prompt();
  client.step();
  await expect(client.call("agentmesh_whoami", {})).rejects.toThrow(/mesh/);
  client.settle();
});

test("the log stays within bounds, and one that cannot be written disturbs nobody", () => {
  using home = tempDir();
  const file = join(home.path, "agent", "agentmesh.log");
  writeLine(file, "first\n");
  writeFileSync(file, "x".repeat(2 * 1024 * 1024));
  writeLine(file, "second\n");
  expect(readFileSync(file, "utf8")).toBe("second\n");
  expect(statSync(`${file}.1`).size).toBe(2 * 1024 * 1024);
  writeFileSync(join(home.path, "no-folder"), "");
  writeLine(join(home.path, "no-folder", "agentmesh.log"), "lost\n");
});
