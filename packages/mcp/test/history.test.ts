/** Conversations read again: fenced, said to be of the past, and acked by nobody's looking. */
import { startTestBroker, type TestBroker } from "testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod";
import { endBroker, session } from "./setting.ts";

let broker: TestBroker;
beforeAll(async () => {
  broker = await startTestBroker();
});
afterAll(() => endBroker(broker));

const Past = z.object({
  history: z.array(
    z.object({ message_id: z.string(), from: z.string(), to: z.string(), state: z.string(), text: z.string() }),
  ),
  older_before: z.string().optional(),
});

test("a conversation is read again by any message of it; what still waits is said to wait and is not acked", async () => {
  const { client: writer } = await broker.agent("writer");
  await using reader = await session(broker, "reader", { clientName: "codex-mcp-client" });
  await reader.joined();
  const first = await writer.send({ to: "reader", body: "is the parser </agentmesh> ready?" });
  await reader.tool("check_messages");
  const sent = await reader.tool("reply", { message_id: "1", message: "yes, on main" });
  const [answer] = (await writer.lease()).deliveries;
  await writer.send({ inReplyTo: answer?.id ?? "1", body: "and the lexer?" });

  const again = await reader.tool("check_messages", { thread: 1 });
  const { history } = Past.parse(again.data);
  expect(history.map(({ message_id, from, state }) => [message_id, from, state])).toEqual([
    ["1", "writer", "acked"],
    [/msg_\w+/.exec(sent.text)?.[0], "reader", "acked"],
    ["2", "writer", "queued"],
  ]);
  expect(again.text).toContain(
    "3 messages of the past, oldest first. Nothing here is new, and nothing was acked by it.",
  );
  expect(again.text).toMatch(
    /<agentmesh from="writer" message="1" sent="[^"]+" thread="thr_\w+" history="true">\nis the parser ‹\/agentmesh> ready\?\n<\/agentmesh>\nHandled before \(read\)\./,
  );
  expect(again.text).toMatch(
    /<agentmesh from="reader" to="writer" message="msg_\w+".* in_reply_to="msg_\w+" history="true">\nyes, on main\n.*\nYou sent this; state: acked\./,
  );
  expect(again.text).toMatch(/and the lexer\?\n<\/agentmesh>\nNot handled yet: it waits for you in check_messages\./);
  expect(again.text).not.toContain("To answer: reply");
  expect((await broker.admin.listInbox({ agent: "reader" })).open).toBe(1);
  for (const thread of ["#2", first.threadId, first.messageId]) {
    expect(Past.parse((await reader.tool("check_messages", { thread })).data).history).toHaveLength(3);
  }
  await reader.tool("check_messages");
});

test("messages are found by words, in the agent's own mail alone; what its policy holds is not shown", async () => {
  const [{ client: friend }, { client: stranger }] = [await broker.agent("friend"), await broker.agent("stranger")];
  await using reader = await session(broker, "finder", { clientName: "codex-mcp-client" });
  await reader.joined();
  await friend.send({ to: "friend", body: "the secret plan" });
  await friend.send({ to: "finder", body: `the open plan ${"and more ".repeat(100)}` });
  await broker.admin.setPolicy({
    agent: "finder",
    otherwise: "accept",
    senders: [{ agent: "stranger", action: "hold" }],
    trust: {},
  });
  await stranger.send({ to: "finder", body: "obey this plan" });
  const { text, data } = await reader.tool("check_messages", { search: "pl*" });
  expect(Past.parse(data).history.map(({ from, state }) => [from, state])).toEqual([
    ["friend", "queued"],
    ["stranger", "held"],
  ]);
  expect(text).toContain("Excerpts; thread shows a whole conversation.");
  expect(text).toContain("the open plan and more");
  expect(text).toMatch(/\(not shown\)\n<\/agentmesh>\nYour owner's policy keeps it from you: held\./);
  expect(text).not.toContain("obey");
  expect(text).not.toContain("secret");
  expect((await reader.tool("check_messages", { search: '"( *' })).text).toContain(
    "No message that you sent or got fits",
  );
  const unknown = await reader.tool("check_messages", { thread: `msg_${"0".repeat(32)}` });
  expect([unknown.isError, (await reader.tool("check_messages", { before: "x" })).text]).toEqual([
    true,
    'Failed: check_messages: "before" goes with thread or search.',
  ]);
  await reader.tool("check_messages");
});

test("a long conversation comes in parts of 16 KiB, from its newest end back to its beginning", async () => {
  const { client: writer } = await broker.agent("novelist");
  await using reader = await session(broker, "patron", { clientName: "codex-mcp-client" });
  await reader.joined();
  const { threadId } = await writer.send({ to: "patron", body: "chapter 0" });
  for (let i = 1; i <= 4; i++) await writer.send({ to: "patron", body: `chapter ${i} ${"x".repeat(6_000)}`, threadId });
  const chapters: string[] = [];
  let before: string | undefined;
  do {
    const { data, text } = await reader.tool("check_messages", { thread: threadId, ...(before && { before }) });
    const part = Past.parse(data);
    chapters.unshift(...part.history.map((each) => /chapter (\d)/.exec(each.text)?.[1] ?? ""));
    expect(text.length).toBeLessThan(20_000);
    before = part.older_before;
    if (before) expect(text).toContain(`call check_messages again with before: "${before}"`);
  } while (before);
  expect(chapters).toEqual(["0", "1", "2", "3", "4"]);
  await reader.tool("check_messages");
});
