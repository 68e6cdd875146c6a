/** Without a broker, or with a wrong one: a sentence in time, and work as soon as there is one. */

import { readFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:net";
import { join } from "node:path";
import { MeshClient } from "@agentmesh/client";
import {
  assertInTime,
  freePort,
  listening,
  openClaudeInbox,
  startMcpSession,
  startTestBroker,
  stopwatch,
  type TestBroker,
  tempDir,
  until,
} from "testkit";
import { expect, test } from "vitest";
import { byChannel, deliveryOf, fences, session } from "./setting.ts";

interface Where {
  readonly url?: string;
  readonly env?: Record<string, string>;
  readonly close: () => void;
}

test.each<[string, () => Promise<Partial<Where>>, RegExp]>([
  [
    "a dead address that is not this machine's",
    async () => ({ url: `http://elsewhere.localhost:${await freePort()}` }),
    /holds no credential for the broker at .* Run agentmesh invite on that broker's machine/,
  ],
  [
    "an address of the predecessor's name for it",
    async () => ({ env: { CLAUDE_PEERS_BROKER_URL: `http://elsewhere.localhost:${await freePort()}` } }),
    /holds no credential for the broker at .* Run agentmesh invite on that broker's machine, and here what it prints/,
  ],
  ["a port that never answers", async () => silentServer(), /does not answer within 2 s|check AGENTMESH_URL/],
  ["a port of another program", async () => foreignServer(), /taken by a program that is not an agentmesh broker/],
])("%s: the handshake is quick, and each tool says in time what to do", async (_, open, remedy) => {
  using home = tempDir();
  const { close, ...where }: Where = { close: () => undefined, ...(await open()) };
  try {
    await using one = await startMcpSession({ home: home.path, cwd: home.path, ...where });
    const calls: [string, Record<string, string>][] = [
      ["list_peers", {}],
      ["send_message", { to: "x", message: "y" }],
      ["check_messages", {}],
    ];
    const ms = stopwatch();
    for (const answer of await Promise.all(calls.map(([name, args]) => one.toolOnce(name, args)))) {
      expect(answer.isError).toBe(true);
      expect(answer.text).toMatch(remedy);
    }
    assertInTime(ms(), 2_500);
  } finally {
    close();
  }
});

async function silentServer() {
  const server = createServer(() => undefined);
  return { url: `http://127.0.0.1:${await listening(server)}`, close: () => void server.close() };
}

async function foreignServer() {
  const server = createHttpServer((_, response) => response.end("<html>hello</html>"));
  return { url: `http://127.0.0.1:${await listening(server)}`, close: () => void server.close() };
}

test("a missing broker is started by the first tool call, and the mesh works at once", {
  timeout: 15_000,
}, async () => {
  using home = tempDir();
  await using broker = new StartedByAdapter(`http://127.0.0.1:${await freePort()}`, home.path);
  await using one = await startMcpSession({ home: home.path, cwd: home.path, url: broker.url, env: byChannel });
  const name = await one.joined();
  expect((await one.tool("send_message", { to: name, message: "to myself" })).isError).toBe(false);
  await until(() => one.channel.length === 1, "the push");
});

test("when the broker dies under a live adapter it is started again, and messages flow", {
  timeout: 20_000,
}, async () => {
  await using broker = await startTestBroker();
  const { client: sender } = await broker.agent("sender");
  await using _again = new StartedByAdapter(broker.url, broker.home);
  await using inbox = await openClaudeInbox();
  await using bob = await session(broker, "survivor", { env: { CLAUDE_CODE_MESSAGING_SOCKET: inbox.path } });
  await bob.joined();
  await bob.tool("set_summary", { summary: "still here" });
  const before = await sender.send({ to: "survivor", body: "before the crash" });
  await until(async () => (await deliveryOf(broker, before.messageId)).events.includes("pushed"), "the push");

  await broker.kill("SIGKILL");
  const after = await sender.send({ to: "survivor", body: "after the crash" });
  await until(() => inbox.texts.some(({ text }) => text.includes("after the crash")), "the push after it");
  expect((await bob.tool("reply", { message_id: "2", message: "back" })).isError).toBe(false);
  expect((await deliveryOf(broker, after.messageId)).state).toBe("acked");
  // The first message lost its lease, not its place: it is in hand again and was not pushed a second time.
  expect(inbox.texts.map(({ text }) => fences(text))).toEqual([1, 1]);
  expect((await bob.tool("check_messages")).text).toContain("before the crash");
  expect((await broker.admin.getAgent({ agent: "survivor" })).summary).toBe("still here");
});

test("of a question that no broker hears it is said in time, however long it was to wait, and asked again it is one question", {
  timeout: 60_000,
}, async () => {
  await using broker = await startTestBroker();
  await broker.agent("oracle");
  await using asker = await session(broker, "asker");
  await asker.joined();
  {
    using _silent = silenced(broker);
    const ms = stopwatch();
    const unheard = await asker.toolOnce("ask_peer", { to: "oracle", message: "which port?", wait_seconds: 60 });
    assertInTime(ms(), 2_500);
    expect(unheard).toMatchObject({ isError: true, text: expect.stringContaining("stores the message only once") });
  }
  const asked = async () => (await broker.admin.listInbox({ agent: "oracle", state: "all" })).entries;
  const waiting = asker.toolOnce("ask_peer", { to: "oracle", message: "which port?", wait_seconds: 6 });
  await until(async () => (await asked()).length === 1, "the question");
  // What was asked beside it is answered by then: the broker is known to be there.
  await asker.tool("whoami");
  {
    using _silent = silenced(broker);
    expect(await waiting).toMatchObject({
      isError: true,
      text: expect.stringMatching(/within \d+ ms.*message only once/),
    });
  }
  const again = await asker.tool("ask_peer", { to: "oracle", message: "which port?", wait_seconds: 1 });
  expect(again.text).toContain("pending, not failed");
  // Asked three times, it is one question.
  expect(await asked()).toHaveLength(1);
});

/** Has the broker take everything and answer nothing until the end, as a network does that drops what it is sent. */
function silenced({ pid }: TestBroker): Disposable {
  process.kill(pid, "SIGSTOP");
  return { [Symbol.dispose]: () => void process.kill(pid, "SIGCONT") };
}

/** A broker that an adapter starts: stopped on dispose, after the adapters above it have left. */
class StartedByAdapter implements AsyncDisposable {
  readonly url: string;
  readonly #home: string;

  constructor(url: string, home: string) {
    this.url = url;
    this.#home = home;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const token = readFileSync(join(this.#home, "key"), "utf8").trim();
    const { pid } = await new MeshClient({ url: this.url, token }).shutdown();
    await until(() => !isAlive(pid), "the broker to stop");
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
