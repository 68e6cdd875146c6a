/** Two agents in two adapters over one broker: find, write, be pushed, answer. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { openClaudeInbox, startMcpSession, startTestBroker, type TestBroker, until } from "testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";

let broker: TestBroker;
beforeAll(async () => {
  broker = await startTestBroker();
});
afterAll(() => broker[Symbol.asyncDispose]());

function directory(name: string): string {
  const path = join(broker.home, "work", name);
  mkdirSync(path, { recursive: true });
  return path;
}

const Sent = z.object({
  message_id: z.templateLiteral(["msg_", z.string()]),
  deliveries: z.array(z.object({ to: z.string(), seq: z.int(), state: z.string() })),
});

test("a message is queued, pushed and held, and acked by the answer", async () => {
  await using inbox = await openClaudeInbox();
  await using alice = await startMcpSession({ home: broker.home, url: broker.url, cwd: directory("alice") });
  await using bob = await startMcpSession({
    home: broker.home,
    url: broker.url,
    cwd: directory("bob"),
    env: { CLAUDE_CODE_MESSAGING_SOCKET: inbox.path },
  });
  expect(await alice.joined()).toBe("alice");
  expect(await bob.joined()).toBe("bob");

  const peers = await alice.tool("list_peers");
  expect(peers.text).toMatch(
    /1 other\.\n- alice \(you\): online; claude-code; .*\n- bob: online; claude-code; in .*bob; push: claude-inbox \(not proven yet\), claude-channel \(not proven yet\)/,
  );
  expect(peers.data.agents).toMatchObject([
    { name: "alice", you: true },
    { name: "bob", presence: "online" },
  ]);

  const sent = await alice.tool("send_message", { to: "bob", message: "is the parser ready?" });
  expect(sent.isError).toBe(false);
  const { message_id, deliveries } = Sent.parse(sent.data);
  expect(deliveries).toMatchObject([{ to: "bob", state: "queued" }]);
  expect(sent.text).not.toMatch(/delivered|sent to/i);
  const state = async () => (await broker.admin.getMessage({ message: message_id })).deliveries[0];

  await until(() => inbox.texts.length > 0, "the push");
  expect(inbox.texts[0]).toMatchObject({ from: "agentmesh:alice" });
  expect(inbox.texts[0]?.text).toContain('is the parser ready?\n</agentmesh>\nTo answer: reply(message_id: "1"');
  const pushed = await until(async () => {
    const now = await state();
    return now?.timeline.some((entry) => entry.event === "pushed") ? now : undefined;
  });
  expect(pushed).toMatchObject({ state: "leased", attempt: 1 });
  expect(pushed.timeline.map((entry) => [entry.event, entry.path])).toEqual([
    ["accepted", undefined],
    ["leased", undefined],
    ["pushed", "claude-inbox"],
  ]);

  const answer = await bob.tool("reply", { message_id: 1, message: "yes, on main" });
  expect(answer.data.deliveries).toMatchObject([{ to: "alice", state: "queued" }]);
  expect(await state()).toMatchObject({
    state: "acked",
    timeline: [{}, {}, {}, { event: "acked", reason: "replied" }],
  });

  await until(() => alice.channel.length > 0, "the answer in alice's channel");
  expect(alice.channel[0]).toMatchObject({ meta: { from: "bob", message_id: "1" } });
  expect(alice.channel[0]?.content).toContain("yes, on main");
  const me = await until(async () => {
    const { data } = await bob.tool("whoami");
    return JSON.stringify(data.push).includes("proven_at") ? data : undefined;
  }, "the proof of bob's push path");
  expect(me).toMatchObject({ push: [{ path: "claude-inbox" }, { path: "claude-channel" }], waiting: 0 });
  expect((await bob.tool("check_messages")).text).toBe("No message waits for you.");
});
