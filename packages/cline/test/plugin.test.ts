/** The plugin in a stand-in of Cline, with a real broker: who it is, how it pushes, what counts as evidence. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { MessageRef } from "@agentmesh/protocol";
import { instructions, tools } from "agentmesh-mcp/session";
import { answered, startTestBroker, type TestAgent, type TestBroker, tempDir, until } from "testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { steering } from "../src/cline.ts";
import { lendSteering, type StandIn, standIn } from "./stand-in.ts";

let broker: TestBroker;
let sender: TestAgent;
let lent: Disposable;
beforeAll(async () => {
  broker = await startTestBroker();
  sender = await broker.agent("sender");
  lent = lendSteering();
});
afterAll(async () => {
  lent[Symbol.dispose]();
  await broker[Symbol.asyncDispose]();
});

function cline(name: string, session = true): StandIn {
  const directory = join(broker.home, "work", name);
  mkdirSync(directory, { recursive: true });
  return standIn(directory, { AGENTMESH_HOME: broker.home, AGENTMESH_URL: broker.url }, session);
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

test("a message goes into the agent's own session, and is acked by a step of its model after it, not by a sub-agent's or a failed one", async () => {
  await using client = cline("steered");
  await using other = cline("steered");
  expect(await agentOf(client)).toBe("steered");
  expect(await agentOf(other)).toBe("steered-2");
  const message = await send("steered", "is the parser ready?");
  const { prompt, sessionId } = await until(() => client.steered[0], "the push");
  expect(sessionId).toBe(client.id);
  expect(prompt).toMatch(/^<agentmesh from="sender" message="1" [^>]*>\nis the parser ready\?\n<\/agentmesh>/);
  await reaches(message, "pushed");
  client.run("run-started");
  client.step();
  client.give();
  client.step("stop", "agent_1");
  client.step("error");
  expect(await timeline(message)).not.toContain("acked transcript");
  client.step("tool-calls");
  await reaches(message, "acked transcript");
  expect(other.steered).toEqual([]);
});

test("a text with which Cline begins a run of an idle session is acked by a step of its model after it", async () => {
  await using client = cline("idle");
  await agentOf(client);
  const message = await send("idle", "wake up");
  await until(() => client.steered.length === 1, "the push");
  await reaches(message, "pushed");
  client.begin();
  client.step("error");
  expect(await timeline(message)).not.toContain("acked transcript");
  client.step();
  await reaches(message, "acked transcript");
  expect(client.steered).toHaveLength(1);
});

test("a text that Cline shows only in the next run is pushed once", async () => {
  await using client = cline("queued");
  await agentOf(client);
  client.run("run-started");
  const message = await send("queued", "when you are done");
  await until(() => client.steered.length === 1, "the push");
  client.run("run-finished");
  client.run("run-started");
  client.give();
  client.step();
  await reaches(message, "acked transcript");
  expect(client.steered).toHaveLength(1);
});

test("the answer to a question is acked when Cline has kept it; what it has not kept comes again, once", async () => {
  await using client = cline("asking");
  await agentOf(client);
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

test("check_messages acks what Cline has kept, and shows again what it has not", async () => {
  await using client = cline("reader");
  await agentOf(client);
  const message = await send("reader", "read me");
  expect(await client.call("agentmesh_check_messages", {}, false)).toContain("read me");
  expect(await timeline(message)).not.toContain("acked read");
  expect(await client.call("agentmesh_check_messages", {})).toContain("read me");
  await reaches(message, "acked read");
});

test("the model is told what the mesh is, and has every tool with the schema that an MCP client sees", async () => {
  await using client = cline("schemas");
  expect(client.rules).toEqual([instructions]);
  for (const tool of tools) {
    const { inputSchema } = client.tools.get(`agentmesh_${tool.name}`) ?? {};
    expect(inputSchema).toEqual({ type: "object", ...tool.schema() });
  }
});

test("without a session nothing joins the mesh, and without a broker no hook fails", async () => {
  await using looking = cline("looking", false);
  await expect(looking.call("agentmesh_whoami", {})).rejects.toThrow("no session of Cline");
  using home = tempDir();
  await using alone = standIn(home.path, { AGENTMESH_HOME: home.path, AGENTMESH_URL: "https://127.0.0.1:2" });
  alone.run("run-started");
  alone.step();
  await expect(alone.call("agentmesh_whoami", {})).rejects.toThrow(/mesh/);
});

test("a Cline that lends no way to steer a session has no push path", () => {
  for (const host of [undefined, null, {}, { emitEvent: "later" }]) expect(steering(host)).toBeUndefined();
});
