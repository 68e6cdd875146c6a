/** Messages again: listed, as a conversation, searched, and followed by thread. */
import { endpoints } from "@agentmesh/protocol";
import { startTestBroker, type TestBroker, until } from "testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { cli, startCli } from "./run-cli.ts";

let broker: TestBroker;
let question: { messageId: string; threadId: string };
beforeAll(async () => {
  broker = await startTestBroker();
  const [alice, bob] = [await broker.agent("alice"), await broker.agent("bob")];
  question = await alice.client.send({ to: "bob", body: "Are the side pots rounded?\nThree players." });
  const [leased] = (await bob.client.lease()).deliveries;
  await bob.client.send({ inReplyTo: leased?.id ?? "1", body: "No, that is a bug.", urgency: "fyi" });
  await bob.client.subscribe({ topic: "build.>" });
  await alice.client.publish({ topic: "build.failed", body: "the side of the pots is red" });
});
afterAll(() => broker[Symbol.asyncDispose]());

const run = (...args: string[]) => cli(broker.home, args);
const bodies = async (...args: string[]) =>
  endpoints.listMessages.reply
    .parse(JSON.parse((await run(...args, "--json")).stdout))
    .entries.map(({ message }) => message.body.split("\n")[0]);

test("history lists a line per message, newest last, and a thread as the conversation it was", async () => {
  expect((await run("history")).stdout.replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, "TIME")).toBe(
    [
      "TIME  alice → bob           acked     “Are the side pots rounded? Three players.”",
      "TIME  bob → alice           queued    “No, that is a bug.”",
      "TIME  alice → build.failed  1 queued  “the side of the pots is red”",
      "",
    ].join("\n"),
  );
  const talk = await run("history", "--thread", question.messageId);
  expect(talk.stdout.replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, "TIME").replaceAll(/msg_\w+/g, "ID")).toBe(
    `${question.threadId}  2 messages
TIME  alice → bob  acked · replied  ID
    Are the side pots rounded?
    Three players.

TIME  bob → alice  queued · fyi  ID
    No, that is a bug.
`,
  );
  expect((await run("history", "--thread", "1", "--agent", "bob")).stdout).toBe(talk.stdout);
  const last = await run("history", "--thread", question.messageId, "--limit", "1");
  expect(last.stdout).toMatch(new RegExp(`^${question.threadId}  the newest 1 message\n`));
});

test("history is narrowed by agent, topic and limit, and goes on behind a page", async () => {
  expect(await bodies("history", "--with", "bob", "--agent", "alice")).toHaveLength(3);
  expect(await bodies("history", "--topic", "build.failed")).toEqual(["the side of the pots is red"]);
  const newest = await run("history", "--limit", "2");
  expect(newest.stdout).not.toContain("rounded");
  const before = /--before (\S+),/.exec(newest.stderr)?.[1] ?? "";
  expect(await bodies("history", "--before", before)).toEqual(["Are the side pots rounded?"]);
  expect((await run("history", "--before", "foo")).stderr).toContain('"foo" is no cursor of this listing');
  expect((await run("history", "--topic", "nothing.there")).stdout).toContain("No such message is kept.");
});

test("search finds words in any order, an argument with a space as a phrase, and shows where they stand", async () => {
  expect(await bodies("search", "pots", "side")).toEqual(["the side of the pots is red", "Are the side pots rounded?"]);
  expect(await bodies("search", "side pots")).toEqual(["Are the side pots rounded?"]);
  expect(await bodies("search", "rou*")).toEqual(["Are the side pots rounded?"]);
  expect((await run("search", "bug")).stdout).toMatch(
    /bob → alice {2}queued · fyi {2}msg_\w+\n {4}No, that is a bug\.\n$/,
  );
  expect(await run("search", "unheard-of")).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("Nothing found"),
  });
  expect((await run("search", '"(')).stdout).toContain("Only letters and digits are searched.");
  expect(await run("search")).toMatchObject({ code: 2 });
});

test("a thread or topic that cannot be one is wrong use, one that is not there is not found", async () => {
  const ended = async (...args: string[]) => {
    const { code, stdout } = await run(...args);
    return `${code}${stdout}`;
  };
  const codes = await Promise.all([
    ended("history", "--thread", "about pots"),
    ended("log", "--thread", "1"),
    ended("history", "--topic", "No Topic"),
    ended("log", "--thread", question.threadId, "--message", question.messageId),
    ended("log", "--thread", "9", "--agent", "bob"),
    ended("history", "--thread", `msg_${"0".repeat(32)}`),
    ended("history", "--with", "nobody-here"),
  ]);
  expect(codes).toEqual(["2", "2", "2", "2", "4", "4", "4"]);
});

test("log --thread shows and follows one conversation alone", async () => {
  const shown = await run("log", "--thread", question.messageId);
  expect(
    shown.stdout
      .trimEnd()
      .split("\n")
      .map((line) => /(accepted|leased|acked) +#1 +(\w+)/.exec(line)?.slice(1)),
  ).toEqual([
    ["accepted", "alice"],
    ["leased", "alice"],
    ["accepted", "bob"],
    ["acked", "alice"],
  ]);
  const following = startCli(broker.home, ["log", "--follow", "--json", "--thread", question.threadId]);
  await until(() => following.stdout().includes("that is a bug"));
  const carol = await broker.agent("carol");
  await carol.client.send({ to: "alice", body: "something else" });
  await carol.client.send({
    to: "alice",
    body: "about the pots",
    threadId: endpoints.send.reply.shape.threadId.parse(question.threadId),
  });
  await until(() => following.stdout().includes("about the pots"));
  expect(following.stdout()).not.toContain("something else");
  following.child.kill("SIGINT");
  expect((await following.exit).code).toBe(0);
});

test("inbox --newest begins at the newest end and goes on before a number", async () => {
  const dave = await broker.agent("dave");
  for (let i = 1; i <= 30; i++) await dave.client.send({ to: "dave", body: `note ${i}` });
  const page = await run("inbox", "dave", "--newest", "--limit", "27");
  expect(page.stdout.match(/#\d+/g)?.slice(0, 2)).toEqual(["#30", "#29"]);
  expect(page.stderr).toContain("add --before 4");
  const rest = await run("inbox", "dave", "--newest", "--before", "4");
  expect(rest.stdout.match(/^#\d+/gm)).toEqual(["#3", "#2", "#1"]);
});
