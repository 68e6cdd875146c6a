/** Questions whose client waits, cancels, or gives up without a word: what the model learns, when the answer is acked, how often it comes. */
import { cleanEnv, sampleOf, startProgram, startTestBroker, type TestBroker, until } from "testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod";
import { longestWaitMs } from "../src/client/patience.ts";
import { byChannel, deliveryOf, directory, endBroker, session } from "./setting.ts";

let broker: TestBroker;
beforeAll(async () => {
  broker = await startTestBroker();
});
afterAll(() => endBroker(broker));

/** What somebody has said that the client waits, in place of the 50 s of one that is not known. */
const CALL_MS = 1_500;
const Answer = z.object({ content: z.array(z.object({ text: z.string() })), structuredContent: z.looseObject({}) });

const Answered = z.object({
  id: z.int(),
  result: z.object({ content: z.array(z.object({ text: z.string() })).optional() }),
});

/** What clients do when a call lasts, and whether they take signs of life meanwhile. */
const clients = [
  { does: "waits", signs: true },
  { does: "waits", signs: false },
  { does: "cancels", signs: true },
  { does: "cancels", signs: false },
  { does: "gives up without a word", signs: true },
  { does: "gives up without a word", signs: false },
] as const;
const rows = clients.flatMap((client) => (["push", "check_messages"] as const).map((by) => ({ ...client, by })));

test.each(sampleOf(rows, 1))(
  "a client that $does (takes signs of life: $signs) is given the answer once, which is acked then and not before; a late one comes by $by",
  { timeout: 60_000 },
  async ({ does, signs, by }) => {
    const name = `${does.slice(0, 5).trim()}-${signs ? "signs" : "none"}-${by.slice(0, 4)}`;
    const oracle = await broker.agent(`oracle-of-${name}`);
    // One that gives up without a word has to be answered before.
    const silent = does === "gives up without a word";
    await using asker = await session(broker, name, {
      env: {
        ...(by === "push" ? byChannel : { AGENTMESH_PUSH: "none" }),
        ...(silent && { AGENTMESH_CALL_MS: String(CALL_MS) }),
      },
    });
    await asker.joined();
    const over = new AbortController();
    const question = { to: oracle.agent.name, message: "which port?", wait_seconds: 100 };
    const call = asker.client
      .callTool({ name: "ask_peer", arguments: question }, undefined, {
        ...{ signal: over.signal, timeout: 120_000 },
        ...(signs && { onprogress: () => undefined }),
      })
      .then(
        (answer) => Answer.parse(answer),
        () => "given up" as const,
      );
    const [asked] = (await oracle.client.lease({ waitMs: 30_000 })).deliveries;
    if (does === "cancels") {
      over.abort();
      expect(await call).toBe("given up");
      // Behind the cancellation: that was heard of.
      await asker.client.ping();
    }
    if (silent) expect(await call).toMatchObject({ structuredContent: { status: "pending" } });
    const { messageId } = await oracle.client.send({ inReplyTo: asked?.id ?? "1", body: "port 4711" });
    const acked = async () => (await deliveryOf(broker, messageId)).state === "acked";

    if (does === "waits") {
      expect(await call).toMatchObject({ structuredContent: { status: "replied", answer: "port 4711" } });
    } else {
      const pushed = async () => (await deliveryOf(broker, messageId)).events.includes("pushed");
      if (by === "push") await until(pushed, "the push", 30_000);
      expect(await acked()).toBe(false);
      expect((await asker.tool("check_messages")).text.split("port 4711")).toHaveLength(2);
    }
    await until(acked, "the ack");
    expect((await asker.tool("check_messages")).text).not.toContain("port 4711");
    const pushes = asker.channel.filter(({ content }) => content.includes("port 4711"));
    expect(pushes).toHaveLength(by === "push" && does !== "waits" ? 1 : 0);
    const { timeline } = await deliveryOf(broker, messageId);
    expect(timeline.filter(({ event }) => event === "acked")).toMatchObject([{ reason: "read" }]);
  },
);

const cancelled = (requestId: number) => ({
  ...{ jsonrpc: "2.0", method: "notifications/cancelled" },
  params: { requestId },
});

/** An adapter whose client reads nothing more behind the handshake; with what ends it. */
async function unread(folder: string) {
  const env = cleanEnv({ AGENTMESH_HOME: broker.home, AGENTMESH_URL: broker.url, AGENTMESH_PUSH: "none" });
  const adapter = startProgram("mcp", [], { cwd: directory(broker, folder), env });
  const { stdin, stdout } = adapter.child;
  let id = 0;
  const write = (method: string, params?: object) =>
    stdin?.write(`${JSON.stringify({ jsonrpc: "2.0", id: ++id, method, ...(params && { params }) })}\n`);
  const clientInfo = { name: "claude-code", version: "0" };
  write("initialize", { protocolVersion: "2025-11-25", capabilities: {}, clientInfo });
  await until(() => adapter.stdout().includes('"protocolVersion"'), "the handshake");
  stdout?.pause();
  // More than the pipe holds: what is written after it stays behind.
  for (let n = 0; n < 200; n++) write("tools/list");
  return {
    call: (name: string, args: object = {}) => write("tools/call", { name, arguments: args }),
    cancelLast: () => stdin?.write(`${JSON.stringify(cancelled(id))}\n`),
    said: () => adapter.stderr(),
    end: async () => {
      stdout?.destroy();
      stdin?.end();
      await adapter.exit;
    },
  };
}

test("an answer that its client ends without reading is not acked, and waits in the inbox (T18)", async () => {
  const oracle = await broker.agent("unread-oracle");
  const client = await unread("unread");
  client.call("ask_peer", { to: "unread-oracle", message: "?", wait_seconds: 100 });
  const [asked] = (await oracle.client.lease({ waitMs: 30_000 })).deliveries;
  const { messageId } = await oracle.client.send({ inReplyTo: asked?.id ?? "1", body: "nobody reads this" });
  await until(async () => (await deliveryOf(broker, messageId)).state === "leased", "the answer to be taken");
  await client.end();
  await until(async () => (await deliveryOf(broker, messageId)).state === "queued", "the answer to be back");
  expect((await deliveryOf(broker, messageId)).events).not.toContain("acked");
});

test("a cancellation that lies in the pipe when the answer is written counts: no ack, and the answer comes once by check_messages", async () => {
  const oracle = await broker.agent("crossed-oracle");
  const env = cleanEnv({ AGENTMESH_HOME: broker.home, AGENTMESH_URL: broker.url, AGENTMESH_PUSH: "none" });
  const adapter = startProgram("mcp", [], { cwd: directory(broker, "crossed"), env });
  const { stdin, pid = 0 } = adapter.child;
  const write = (message: object) =>
    new Promise<void>((resolve) =>
      stdin?.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`, () => resolve()),
    );
  const call = (id: number, name: string, args: object) =>
    write({ id, method: "tools/call", params: { name, arguments: args } });
  const clientInfo = { name: "claude-code", version: "0" };
  const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo };
  await write({ id: 1, method: "initialize", params });
  await call(2, "ask_peer", { to: "crossed-oracle", message: "which port?", wait_seconds: 100 });
  const [asked] = (await oracle.client.lease({ waitMs: 30_000 })).deliveries;
  // Stopped, it finds the broker's answer first when it goes on, and the cancellation behind it.
  process.kill(pid, "SIGSTOP");
  const { messageId } = await oracle.client.send({ inReplyTo: asked?.id ?? "1", body: "port 4711" });
  await until(async () => (await deliveryOf(broker, messageId)).state === "leased", "the answer to be on its way");
  await oracle.client.listAsks({});
  await write(cancelled(2));
  process.kill(pid, "SIGCONT");
  await until(async () => (await deliveryOf(broker, messageId)).state === "queued", "the answer to be back");
  expect((await deliveryOf(broker, messageId)).events).not.toContain("acked");
  await call(3, "check_messages", {});
  await until(async () => (await deliveryOf(broker, messageId)).state === "acked", "the ack");
  stdin?.end();
  await adapter.exit;
  const answers = adapter
    .stdout()
    .trim()
    .split("\n")
    .map((line) => Answered.parse(JSON.parse(line)));
  expect(answers.map(({ id }) => id)).toEqual([1, 3]);
  expect(answers[1]?.result.content?.[0]?.text).toContain("port 4711");
});

test("messages for a call that was given up before its answer was written are given back at once, unacked", async () => {
  const writer = await broker.agent("unread-writer");
  const client = await unread("unread-inbox");
  client.call("whoami");
  const { messageId } = await until(
    () => writer.client.send({ to: "unread-inbox", body: "nobody reads this" }).catch(() => undefined),
    "the agent to be there",
  );
  client.call("check_messages");
  await until(async () => (await deliveryOf(broker, messageId)).state === "leased", "the message to be taken");
  client.cancelLast();
  await until(async () => (await deliveryOf(broker, messageId)).state === "queued", "the message to be back");
  const { timeline } = await deliveryOf(broker, messageId);
  expect(timeline.at(-1)).toMatchObject({ event: "nacked", reason: "the call that it answered was given up" });
  // However much waits for a client that does not read.
  expect(client.said()).not.toContain("MaxListeners");
  await client.end();
});

test("a call waits for as long as its client does: said, seen to wait, seen to go; else 50 s", () => {
  const unknown = { clientName: "some-client", takesSigns: true, isSeenToGo: false, said: undefined };
  expect(longestWaitMs(unknown)).toBe(50_000);
  expect(longestWaitMs({ ...unknown, isSeenToGo: true })).toBeUndefined();
  expect(longestWaitMs({ ...unknown, isSeenToGo: true, takesSigns: false })).toBe(50_000);
  for (const clientName of ["claude-code", "pi", "kilo", "qwen-cli-mcp-client-agentmesh"]) {
    expect(longestWaitMs({ ...unknown, clientName })).toBeUndefined();
    expect(longestWaitMs({ ...unknown, clientName, takesSigns: false })).toBe(50_000);
    expect(longestWaitMs({ ...unknown, clientName, said: 20_000 })).toBe(20_000);
  }
  for (const clientName of ["pirate", "pi-like", "claude-code-wrapper", "toString", "@cline/core", undefined]) {
    expect(longestWaitMs({ ...unknown, clientName })).toBe(50_000);
  }
});
