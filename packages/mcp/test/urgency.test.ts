/** Urgency and focus in a session: what is pushed, what rests, and what a read shows first. */
import { openClaudeInbox, startTestBroker, type TestBroker, until } from "testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { endBroker, session, Waiting } from "./setting.ts";

let broker: TestBroker;
beforeAll(async () => {
  broker = await startTestBroker();
});
afterAll(() => endBroker(broker));

test("in focus only an interrupt is pushed, and fyi never; check_messages shows the rest, interrupts first", async () => {
  await using inbox = await openClaudeInbox();
  await using bob = await session(broker, "focused", { env: { CLAUDE_CODE_MESSAGING_SOCKET: inbox.path } });
  await using alice = await session(broker, "writer");
  await Promise.all([bob.joined(), alice.joined()]);
  const focus = await bob.tool("set_summary", { summary: "migrating", focus_minutes: 10 });
  expect(focus.text).toMatch(/Until 2.+Z only interrupts are pushed to you/);
  const send = async (message: string, urgency: string) =>
    (await alice.tool("send_message", { to: "focused", message, urgency })).text;
  expect(await send("rest", "fyi")).toContain("Rule (fyi)");
  expect(await send("wait", "normal")).toMatch(/Rule \(focus\): focused is in focus until/);
  expect(await send("stop", "interrupt")).toContain("Rule (interrupt)");
  await until(() => inbox.texts.length > 0, "the interrupt");
  expect(inbox.texts[0]?.text).toMatch(
    /^<agentmesh from="writer" message="3" sent="[^"]+" urgency="interrupt">\nstop\n/,
  );
  const { messages } = Waiting.parse((await bob.tool("check_messages")).data);
  expect(messages.map(({ message_id }) => message_id)).toEqual(["3", "1", "2"]);
  expect(inbox.texts).toHaveLength(1);
  expect((await bob.tool("set_summary", { focus_minutes: 0 })).text).toContain(
    "You are not in focus: messages are pushed to you.",
  );
  await send("again", "normal");
  await until(() => inbox.texts.length === 2, "the push after the focus");
});
