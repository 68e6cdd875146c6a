/**
 * GitHub Copilot CLI, played by processes that do what the real one was seen to do: it runs the extension that setup writes,
 * runs hooks, and notes in `events.jsonl` what its model is given. `pnpm test:clients` has the real one.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import {
  cleanEnv,
  type McpSession,
  runProgram,
  startMcpSession,
  startTestBroker,
  type TestBroker,
  until,
} from "testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod";

/** Copilot's SDK as its extensions have it: a text that is sent is given to the model, which answers. */
const SDK = `
import { appendFileSync } from "node:fs";
const note = (type, data) =>
  appendFileSync(process.env.EVENTS, JSON.stringify({ type, data, timestamp: new Date().toISOString() }) + "\\n");
export async function joinSession() {
  return {
    sessionId: process.env.SESSION_ID,
    async send({ prompt, mode }) {
      if (process.env.REFUSES) throw new Error(process.env.REFUSES);
      note("user.message", { content: prompt, delivery: mode === "immediate" ? "idle" : "queued" });
      note("assistant.message", { content: "so I see", toolRequests: [] });
    },
  };
}
`;

let broker: TestBroker;
let sender: Awaited<ReturnType<TestBroker["agent"]>>["client"];
let home: string;
let extension: string;
beforeAll(async () => {
  broker = await startTestBroker();
  sender = (await broker.agent("sender")).client;
  home = join(broker.home, "person");
  const sdk = join(home, "node_modules", "@github", "copilot-sdk");
  mkdirSync(sdk, { recursive: true });
  writeFileSync(join(sdk, "package.json"), JSON.stringify({ type: "module", exports: { "./extension": "./sdk.js" } }));
  writeFileSync(join(sdk, "sdk.js"), SDK);
  const env = cleanEnv({ HOME: home, USERPROFILE: home, AGENTMESH_HOME: broker.home });
  const { code, stderr } = await runProgram("cli", ["setup", "--client", "copilot", "--yes"], { env });
  expect({ code, stderr }).toMatchObject({ code: 0 });
  extension = join(home, ".copilot", "extensions", "agentmesh", "extension.mjs");
});
afterAll(() => broker[Symbol.asyncDispose]());

const started = new Set<ChildProcess>();
afterAll(() => {
  for (const child of started) child.kill("SIGKILL");
});

/** The folder in which Copilot keeps what it notes of a session. */
function stateOf(id: string): string {
  const folder = join(home, ".copilot", "session-state", id);
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** The adapter of a Copilot session. */
function adapter(name: string, cwd = join(broker.home, "work", name)): Promise<McpSession> {
  mkdirSync(cwd, { recursive: true });
  const env = { HOME: home, USERPROFILE: home, COPILOT_AGENT_SESSION_ID: `ses-${name}` };
  return startMcpSession({ home: broker.home, url: broker.url, cwd, clientName: "copilot-cli", env });
}

/** Runs the extension in a session, as Copilot does with experimental features on. */
function runExtension(name: string, more: Record<string, string> = {}): ChildProcess {
  const events = join(stateOf(`ses-${name}`), "events.jsonl");
  const env = cleanEnv({ HOME: home, USERPROFILE: home, SESSION_ID: `ses-${name}`, EVENTS: events, ...more });
  const child = spawn(process.execPath, [extension], { env, stdio: "ignore" });
  started.add(child);
  return child;
}

/** Runs the hook that setup writes. */
async function hook(event: string, name: string, more: object = {}): Promise<string> {
  const { spawned, input } = {
    spawned: { env: cleanEnv({ HOME: home, USERPROFILE: home, AGENTMESH_HOME: broker.home }) },
    input: JSON.stringify({ hook_event_name: event, session_id: `ses-${name}`, cwd: "/", ...more }),
  };
  const file = z
    .object({ hooks: z.record(z.string(), z.array(z.object({ hooks: z.array(z.object({ command: z.string() })) }))) })
    .parse(JSON.parse(readFileSync(join(home, ".copilot", "hooks", "agentmesh.json"), "utf8")));
  const command = file.hooks[event]?.[0]?.hooks[0]?.command ?? "";
  const child = spawn("/bin/sh", ["-c", command], { ...spawned, stdio: ["pipe", "pipe", "inherit"] });
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  child.stdin.end(input);
  await once(child, "close");
  return said;
}

const pathsOf = async (name: string) => (await broker.admin.getAgent({ agent: name })).pushPaths;

/** Waits until others are told that the session has its extension. */
const connected = (name: string) =>
  until(async () => (await pathsOf(name)).some(({ path }) => path === "copilot-extension"), "the extension to come");

/** What became of a message, step by step. */
async function timeline(message: `msg_${string}`): Promise<string> {
  const [delivery] = (await broker.admin.getMessage({ message })).deliveries;
  return delivery?.timeline.map(({ event, path, reason }) => [event, path ?? reason].join(" ").trim()).join(", ") ?? "";
}

const ended = (message: `msg_${string}`) =>
  until(async () => {
    const said = await timeline(message);
    return said.includes(", acked") ? said : undefined;
  }, "the ack");

test("an idle session is shown a message by its extension, and what Copilot notes acks it", async () => {
  await using session = await adapter("idle");
  await session.joined();
  runExtension("idle");
  await connected("idle");
  const { messageId } = await sender.send({ to: "idle", body: "which port?" });
  expect(await ended(messageId)).toBe("accepted, leased, pushed copilot-extension, acked transcript");
  expect((await pathsOf("idle"))[0]?.provenAt).toBeDefined();
});

test("a session whose user is asked something is shown so by what Copilot notes, until it notes the answer or the turn is over", async () => {
  await using session = await adapter("asking");
  await session.joined();
  const events = join(stateOf("ses-asking"), "events.jsonl");
  const noted = (type: string, data: object, more: object = {}) =>
    appendFileSync(events, `${JSON.stringify({ type, data, timestamp: new Date().toISOString(), ...more })}\n`);
  const stands = (about: string | undefined) =>
    until(
      async () => (await broker.admin.getAgent({ agent: "asking" })).dialog?.about === about,
      `the session to stand at ${about ?? "nothing"}`,
    );
  await hook("UserPromptSubmit", "asking");
  noted("permission.requested", { requestId: "r0", resolvedByHook: true });
  noted("permission.requested", { requestId: "r1" });
  await stands("permission");
  const { deliveries } = await sender.send({ to: "asking", body: "are you there?", urgency: "fyi" });
  expect(deliveries[0]?.warnings.map(({ code }) => code)).toContain("recipient_at_dialog");
  // A subagent's is its session's, and the next one is told when the first is answered.
  noted("tool.execution_start", { toolCallId: "c0", toolName: "bash" });
  noted("tool.execution_start", { toolCallId: "c1", toolName: "ask_user" }, { agentId: "a1" });
  noted("permission.completed", { requestId: "r1" });
  await stands("question");
  noted("tool.execution_complete", { toolCallId: "c1" });
  await stands(undefined);
  noted("permission.requested", { requestId: "r2" });
  await stands("permission");
  noted("abort", {});
  await stands(undefined);
});

test("what Copilot refuses comes by its hooks, at the top of what they print", async () => {
  await using session = await adapter("refusing");
  await session.joined();
  runExtension("refusing", { REFUSES: "the session is being closed" });
  await connected("refusing");
  // No mail yet; the canary that the extension refuses may come by the hook.
  expect(await hook("PostToolUse", "refusing")).not.toContain("Mail from");
  await sender.send({ to: "refusing", body: "are you there?" });
  const refusal = async () => (await pathsOf("refusing"))[0]?.failedWhy;
  expect(await until(refusal, "the push to fail")).toBe("the session is being closed");

  const printed = await until(async () => {
    const said = await hook("UserPromptSubmit", "refusing");
    return said.includes("Mail from") ? said : undefined;
  }, "the hook's mail");
  const { additionalContext } = z.strictObject({ additionalContext: z.string() }).parse(JSON.parse(printed));
  expect(additionalContext).toMatch(/^Mail from other agents.*are you there\?/s);
  await sender.send({ to: "refusing", body: "and now?" });
  const stopped = await until(async () => (await hook("Stop", "refusing")) || undefined, "the mail at the end");
  expect(JSON.parse(stopped)).toMatchObject({ decision: "block", reason: expect.stringContaining("and now?") });
  await session.tool("check_messages");
});

test("a session has the path for as long as its extension lives, and the extension finds the adapter that comes next", async () => {
  const first = await adapter("again");
  await first.joined();
  const child = runExtension("again");
  await connected("again");
  // Copilot leaves an adapter no time for a farewell.
  process.kill(first.pid, "SIGKILL");
  await first.close();
  await using second = await adapter("again");
  expect(await second.joined()).toBe("again");
  await connected("again");
  const { messageId } = await sender.send({ to: "again", body: "still the same?" });
  expect(await ended(messageId)).toContain("acked transcript");

  child.kill("SIGTERM");
  await until(async () => (await pathsOf("again")).length === 0, "the path to be gone");
});

test("an extension of another session, and one that does not know the key, are hung up on", async () => {
  await using session = await adapter("own");
  await session.joined();
  const Card = z.object({ sessionId: z.string().optional(), socket: z.string(), key: z.string() });
  const cards = readdirSync(join(broker.home, "hooks"))
    .filter((name) => name.endsWith(".json"))
    .map((name) => Card.parse(JSON.parse(readFileSync(join(broker.home, "hooks", name), "utf8"))));
  const card = cards.find(({ sessionId }) => sessionId === "ses-own");
  const greet = async (greeting: object) => {
    const socket = connect(card?.socket ?? "", () => socket.write(`${JSON.stringify(greeting)}\n`));
    await once(socket.resume(), "close");
  };
  await greet({ key: card?.key, extension: { sessionId: "ses-other" } });
  await greet({ key: "guessed", extension: { sessionId: "ses-own" } });
  expect(await pathsOf("own")).toEqual([]);
});

test("an adapter that a plugin's folder hosts works where Copilot notes that its session does", async () => {
  const project = join(broker.home, "work", "noted project");
  mkdirSync(project, { recursive: true });
  writeFileSync(join(stateOf("ses-plugged"), "workspace.yaml"), `id: ses-plugged\ncwd: "${project}"\nbranch: main\n`);
  await using session = await adapter("plugged", join(home, ".copilot", "installed-plugins", "agentmesh"));
  expect(await session.joined()).toBe("noted-project");
  expect((await broker.admin.getAgent({ agent: "noted-project" })).directory).toBe(project);
});
