/** One agent as a thing: added, renamed, removed; whoever is unknown is never made by the way. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { endpoints, type RenameReply } from "@agentmesh/protocol";
import { cleanEnv, sampleOf, startInTerminal, startTestBroker, type TestBroker, until, whyNoTerminals } from "testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { faultyConnection } from "./faulty-connection.ts";
import { cli } from "./run-cli.ts";

let broker: TestBroker;
beforeAll(async () => {
  broker = await startTestBroker();
});
afterAll(() => broker[Symbol.asyncDispose]());

const run = (...args: string[]) => cli(broker.home, args);
const names = async () => (await broker.admin.listAgents()).agents.map(({ name }) => name);
const inboxOf = async (...args: string[]) => {
  const { entries } = endpoints.listInbox.reply.parse(JSON.parse((await run("inbox", ...args, "--json")).stdout));
  return entries.map(({ message }) => message.body);
};

describe("an agent that the command line does not have", () => {
  const acts: readonly string[][] = [
    ["whoami"],
    ["inbox"],
    ["send", "cli", "hello"],
    ["reply", "1", "hello"],
    ["ask", "cli", "hello?"],
    ["publish", "news", "hello"],
    ["subscribe", "news"],
    ["unsubscribe", "news"],
    ["ack", "1"],
    ["ping", "cli"],
    ["cancel", "msg_019ac2f100007000800000000000000a"],
  ];

  test.each(sampleOf(acts, 4))("is made by no %s", async (...args) => {
    const ended = await run(...args, "--as", "tpyo");
    expect(ended).toMatchObject({ code: 4, stdout: "" });
    expect(ended.stderr).toContain("You have no agent named tpyo.");
    expect(ended.stderr).toContain("agentmesh agent add tpyo");
    expect(await names()).not.toContain("tpyo");
  });

  test("is named when one that it has is close, and made with --create", async () => {
    await run("agent", "add", "night-shift");
    expect((await run("whoami", "--as", "nigth-shift")).stderr).toContain("Did you mean night-shift?");
    expect(await run("send", "night-shift", "hello", "--as", "day-shift", "--create")).toMatchObject({ code: 0 });
    expect(await names()).toContain("day-shift");
    expect(await run("send", "night-shift", "again", "--as", "day-shift")).toMatchObject({ code: 0 });
  });

  test("and that another program is cannot be acted as, with --create either", async () => {
    await broker.agent("other-program", { client: "codex" });
    for (const more of [[], ["--create"]]) {
      const ended = await run("send", "cli", "hi", "--as", "other-program", ...more);
      expect(ended).toMatchObject({ code: 5, stdout: "" });
      expect(ended.stderr).toContain("other-program");
    }
  });
});

test("agent add makes one that mail and a webhook can go to, once; --token prints what a program needs", async () => {
  expect(await run("agent", "add", "my-agent")).toMatchObject({ code: 0 });
  expect((await run("agent", "add", "my-agent")).stdout).toContain("was in the mesh before");
  expect(await run("send", "my-agent", "hello")).toMatchObject({ code: 0 });
  expect(await inboxOf("--as", "my-agent")).toEqual(["hello"]);
  const token = (await run("agent", "add", "for-http", "--token")).stdout.trim();
  expect((await broker.client(token).getAgent({ agent: "me" })).name).toBe("for-http");
  expect(await run("agent", "add", "No Name")).toMatchObject({ code: 2, stdout: "" });
  await broker.agent("taken");
  expect(await run("agent", "add", "taken")).toMatchObject({ code: 5, stdout: "" });
  expect((await run("whoami", "--as", "taken")).code).toBe(5);
});

test("who acts by --as is a person, whose answers are no hops; a program that was added with --token is none", async () => {
  const bot = await broker.agent("hop-counter");
  await run("agent", "add", "by-hand");
  const program = broker.client((await run("agent", "add", "by-program", "--token")).stdout.trim());
  const hopsOfAnswer = async (to: string, answer: (deliveryId: string) => Promise<unknown>) => {
    const asked = await bot.client.send({ to, body: "well?" });
    await answer(asked.deliveries[0]?.deliveryId ?? "");
    const { entries } = await bot.client.listInbox({ order: "newest", limit: 1 });
    expect(entries[0]?.message.inReplyTo).toBe(asked.messageId);
    return entries[0]?.message.hops;
  };
  expect(await hopsOfAnswer("by-hand", (id) => run("reply", id, "yes", "--as", "by-hand"))).toBe(0);
  expect(await hopsOfAnswer("by-program", (id) => program.send({ inReplyTo: id, body: "yes" }))).toBe(1);
});

describe("a token that is made for a new agent", () => {
  const kept = () => readdirSync(join(broker.home, "agents")).length;

  test.each([
    ["agent add", ["agent", "add", "half-made"], ["agent", "add", "half-made"]],
    ["--create", ["send", "cli", "hi", "--as", "made-by-the-way", "--create"], ["whoami", "--as", "made-by-the-way"]],
  ])("by %s is kept when the broker's answer is lost", async (_, args, again) => {
    const lost = await cli(broker.home, args, faultyConnection({ path: "/v1/agents", how: "unanswered" }));
    expect(lost).toMatchObject({ code: 3, stdout: "" });
    expect(await run(...again)).toMatchObject({ code: 0 });
  });

  test.each([
    ["agent add", ["agent", "add", "somebody"]],
    ["--create", ["send", "cli", "hi", "--as", "somebody", "--create"]],
  ])("by %s is not when the broker refuses the name", async (_, args) => {
    if (!(await names()).includes("somebody")) await broker.agent("somebody");
    const before = kept();
    expect(await run(...args)).toMatchObject({ code: 5, stdout: "" });
    expect(kept()).toBe(before);
  });
});

describe("a rename", () => {
  test("takes the command line's own agent along: its inbox, and who acts as it", async () => {
    await run("agent", "add", "old-own");
    await run("send", "old-own", "before");
    const renamed: RenameReply = endpoints.renameAgent.reply.parse(
      JSON.parse((await run("agent", "rename", "old-own", "new-own", "--json")).stdout),
    );
    expect(renamed).toMatchObject({ was: "old-own", agent: { name: "new-own" } });
    const sent = await run("send", "old-own", "by the old name");
    expect(sent.stderr).toContain("old-own is called new-own now, and the message went to it.");
    expect(await inboxOf("--as", "new-own")).toEqual(["before", "by the old name"]);
    expect(await run("whoami", "--as", "old-own")).toMatchObject({ code: 4 });
    await run("agent", "add", "old-own");
    await run("send", "old-own", "to the heir");
    expect(await inboxOf("--as", "old-own")).toEqual(["to the heir"]);
    expect((await inboxOf("--as", "new-own")).length).toBe(2);
  });

  test("to the name that it has leaves it the command line's own", async () => {
    await run("agent", "add", "same-name");
    expect((await run("agent", "rename", "same-name", "same-name")).stdout).toContain("has this name already");
    expect(await run("whoami", "--as", "same-name")).toMatchObject({ code: 0 });
  });

  test("by another program is followed, and said", async () => {
    await run("agent", "add", "moved-here");
    await broker.admin.renameAgent({ agent: "moved-here", name: "moved-there" });
    const ended = await run("whoami", "--as", "moved-here");
    expect(ended.stderr).toContain("moved-here is called moved-there by now");
    expect(ended.stdout).toContain("moved-there");
  });

  test("to a name that is taken, or no name, is refused and changes nothing", async () => {
    await run("agent", "add", "stays");
    expect(await run("agent", "rename", "stays", "cli-taken")).toMatchObject({ code: 0 });
    await run("agent", "add", "second");
    expect(await run("agent", "rename", "second", "cli-taken")).toMatchObject({ code: 5 });
    for (const bad of ["Second", "mesh", "msg_019ac2f1"]) {
      expect(await run("agent", "rename", "second", bad)).toMatchObject({ code: 2, stdout: "" });
    }
    expect(await run("agent", "rename", "nobody-here", "x")).toMatchObject({ code: 4 });
    expect(await names()).toContain("second");
  });
});

test("agent remove says what would die, and does it only when told", async () => {
  await run("agent", "add", "leaving");
  await run("send", "leaving", "unread");
  const asked = await run("agent", "remove", "leaving");
  expect(asked).toMatchObject({ code: 2, stdout: "" });
  expect(asked.stderr).toContain("leaving has 1 message that waits and would die");
  expect((await run("agent", "rm", "leaving", "--yes")).stdout).toContain("1 message that waited is a dead letter");
  expect(await run("whoami", "--as", "leaving")).toMatchObject({ code: 4 });
  await run("agent", "add", "empty");
  expect(await run("agent", "remove", "empty")).toMatchObject({ code: 0 });
  expect(await names()).not.toContain("empty");
});

test.skipIf(whyNoTerminals !== undefined)(
  "at a terminal agent remove asks again until it is told, and no is what Enter says (needs script of util-linux)",
  async () => {
    await run("agent", "add", "asked-about");
    await run("send", "asked-about", "unread");
    const env = cleanEnv({ AGENTMESH_HOME: broker.home, TERM: "dumb" });
    let last = "";
    const told = async (...said: readonly string[]) => {
      const terminal = startInTerminal(["agent", "remove", "asked-about"], { env });
      for (const [times, word] of said.entries()) {
        await until(() => terminal.stdout().split("[y]es, [N]o ").length === times + 2, "the question");
        terminal.child.stdin?.write(`${word}\r`);
      }
      const { code } = await terminal.exit;
      last = terminal.stdout();
      return code;
    };
    expect(await told("what", "")).toBe(1);
    expect(last).toContain('"what" is none of the answers: yes, no.');
    expect(await told("n")).toBe(1);
    expect(await names()).toContain("asked-about");
    expect(await told("Yes")).toBe(0);
    expect(await names()).not.toContain("asked-about");
  },
);

test("agent show says what is known of one", async () => {
  await broker.agent("shown-one", { client: "codex", summary: "fixes the build" });
  const { stdout } = await run("agent", "show", "shown-one");
  for (const fact of ["shown-one", "offline", "codex", "fixes the build"]) expect(stdout).toContain(fact);
});

test("agents says when each was heard of and what it has in hand; --live lists live ones alone", async () => {
  const busy = await broker.agent("busy-one");
  await broker.agent("hooked-one");
  await broker.admin.setWebhook({ agent: "hooked-one", url: "http://127.0.0.1:59999/hook" });
  await run("send", "busy-one", "first");
  await run("send", "busy-one", "second");
  const session = await busy.client.join();
  await busy.client.lease({ max: 1 });
  const row = async (name: string, ...more: string[]) =>
    (await run("agents", ...more)).stdout.split("\n").find((line) => line.startsWith(name));
  expect(await row("busy-one")).toMatch(/online +\d+s ago .*1, oldest \d+s; 1 in hand/);
  expect(await row("hooked-one")).toMatch(/offline +never/);
  expect(await row("busy-one", "--live")).toBeDefined();
  expect(await row("hooked-one", "--live")).toBeUndefined();
  expect((await run("agent", "show", "busy-one")).stdout).toContain("1 in hand");
  await session.leave();
});

test.each([
  ["ls", "NAME"],
  ["ps", "NAME"],
  ["peers", "NAME"],
  ["start", "A broker already runs"],
])("%s does what people mean by it", async (word, said) => {
  expect((await run(word)).stdout).toContain(said);
});

test("an agent is shown to programs that speak A2A by a card, when somebody makes one, until it is taken out", async () => {
  await broker.agent("shown");
  const card = (...args: string[]) => cli(broker.home, ["agent", "card", "shown", ...args]);
  expect(await card()).toMatchObject({ code: 4, stderr: expect.stringContaining("shows no card. Make one") });
  const made = await card("--describe", "Runs the build.", "--skill", "build: builds a branch");
  expect(made.code).toBe(0);
  expect(made.stdout).toMatch(/is for +Runs the build\.\n *skill +build: builds a branch/);
  const [, url = ""] = /^ *card +(http:\S+)$/m.exec(made.stdout) ?? [];
  expect(await (await fetch(url)).json()).toMatchObject({ name: "shown", description: "Runs the build." });
  expect((await card()).stdout).toBe(made.stdout);
  for (const [args, said] of [
    [["--skill", "build: builds"], "--skill goes with --describe"],
    [["--describe", "x", "--skill", "build"], "is no skill"],
  ] as const) {
    expect(await card(...args)).toMatchObject({ code: 2, stderr: expect.stringContaining(said) });
  }
  expect((await card("--remove")).stdout).toContain("no longer shown");
  expect((await card("--remove")).stdout).toContain("shows no card");
  expect((await fetch(url)).status).toBe(404);
});
