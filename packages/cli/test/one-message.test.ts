/** One message at a time: answered, acked, dismissed, followed; by its number, its id, or the beginning of one. */
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { endpoints } from "@agentmesh/protocol";
import {
  cleanEnv,
  openWebhookReceiver,
  programLine,
  startTestBroker,
  type TestAgent,
  type TestBroker,
  tempDir,
  until,
  watched,
} from "testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cli, startCli } from "./run-cli.ts";

let broker: TestBroker;
let bob: TestAgent;
beforeAll(async () => {
  broker = await startTestBroker();
  bob = await broker.agent("bob");
  await cli(broker.home, ["send", "bob", "first contact"]);
});
afterAll(() => broker[Symbol.asyncDispose]());

const run = (...args: string[]) => cli(broker.home, args);
const toCli = async (body: string) => {
  const { messageId, deliveries } = await bob.client.send({ to: "cli", body });
  return { msg: messageId, dlv: deliveries[0]?.deliveryId ?? "", seq: String(deliveries[0]?.seq) };
};
const stateOf = async (message: string) => (await broker.admin.getMessage({ message })).deliveries[0]?.state;

/** As many digits of an id as no other id begins with: ids of one moment differ late. */
const cutShort = (id: string) => id.slice(0, 32);

test("ack ends the messages that are named, by number and by id, and no other", async () => {
  const [one, two, three, stays] = [await toCli("1"), await toCli("2"), await toCli("3"), await toCli("4")];
  expect(await run("ack", one.seq, `#${two.seq}`)).toMatchObject({ code: 0 });
  expect((await run("ack", cutShort(three.msg), one.dlv)).stdout).toContain("as it was before");
  expect(await Promise.all([one, two, three, stays].map(({ msg }) => stateOf(msg)))).toEqual([
    "acked",
    "acked",
    "acked",
    "queued",
  ]);
  const sent = await bob.client.send({ to: "bob", body: "to himself" });
  expect(await run("ack", sent.messageId)).toMatchObject({ code: 4 });
  expect(await run("ack", "999")).toMatchObject({ code: 4 });
  expect(await run("ack", "nonsense")).toMatchObject({ code: 2 });
});

test("ack of several acks those that are there, says of each, and ends by what was refused", async () => {
  const [one, two, three] = [await toCli("one"), await toCli("two"), await toCli("three")];
  const refused = await run("ack", one.seq, "9999", two.msg, "8888", three.dlv);
  expect(refused.code).toBe(4);
  expect(refused.stdout).toBe([one.seq, two.msg, three.dlv].map((ref) => `${ref} is acked.\n`).join(""));
  for (const number of ["9999", "8888"]) expect(refused.stderr).toContain(`no delivery ${number} in its inbox`);
  const again = await run("ack", one.seq, "9999", "--json");
  expect([again.code, JSON.parse(again.stdout).acked]).toMatchObject([4, [{ state: "acked", duplicate: true }]]);
  expect(JSON.parse(again.stderr)).toMatchObject({ error: { code: "delivery_not_found" } });
});

test("reply answers to the sender, in the thread, and acks", async () => {
  const question = await toCli("which port?");
  expect(await run("reply", question.seq, "4711,", "I", "think")).toMatchObject({ code: 0 });
  expect(await stateOf(question.msg)).toBe("acked");
  const newest = await bob.client.listInbox({ state: "all", order: "newest", limit: 1 });
  expect(newest.entries[0]?.message).toMatchObject({ body: "4711, I think", inReplyTo: question.msg });
});

test.each([
  ["a pipe behind typed text", ["see:"], "printf 'a\\nb\\n' |", "", "see:\na\nb"],
  ["a pipe alone", [], "printf 'piped' |", "", "piped"],
  ["a file behind typed text", ["see:", "--file", "FILE"], "", "< /dev/null", "see:\nfrom a file"],
  ["a file and what - asks for", ["--file", "FILE", "-"], "printf 'piped' |", "", "from a file\npiped"],
])("a reply is %s, whole", async (what, words, before, after, body) => {
  using files = tempDir();
  const file = join(files.path, "part.txt");
  writeFileSync(file, "from a file\n");
  const question = await toCli(`for ${what}`);
  const line = programLine("cli", ["reply", question.seq, ...words.map((word) => word.replace("FILE", file))]);
  const env = cleanEnv({ AGENTMESH_HOME: broker.home });
  const running = watched(spawn("sh", ["-c", `${before} ${line} ${after}`], { env }));
  expect([(await running.exit).code, await stateOf(question.msg)]).toEqual([0, "acked"]);
  const newest = await bob.client.listInbox({ state: "all", order: "newest", limit: 1 });
  expect(newest.entries[0]?.message).toMatchObject({ body, inReplyTo: question.msg });
});

test("a dismissed dead letter is off the list, and can still be put back", async () => {
  const [leased] = (await bob.client.lease({ max: 1 })).deliveries;
  await bob.client.reject({ delivery: leased?.id ?? "1", receipt: leased?.receipt ?? "", reason: "not mine" });
  const gone = await broker.agent("gone");
  const { deliveries } = await bob.client.send({ to: "gone", body: "too late" });
  await broker.admin.removeAgent({ agent: gone.agent.id });
  const orphan = deliveries[0]?.deliveryId ?? "";
  expect((await run("dead")).stderr).toContain("agentmesh dismiss dlv_");
  expect(await run("dismiss", cutShort(orphan), leased?.id ?? "")).toMatchObject({ code: 0 });
  expect(await run("dismiss", orphan)).toMatchObject({ code: 0 });
  expect((await run("dead")).stdout).toContain("No dead letters.");
  expect((await run("trace", orphan)).stdout).toContain("dismissed");
  expect(await run("redrive", leased?.id ?? "")).toMatchObject({ code: 0 });
  expect(await run("dismiss", leased?.id ?? "")).toMatchObject({ code: 5 });
  expect(await run("dismiss", "dlv_ffffffffffff")).toMatchObject({ code: 4 });
  expect(await run("dismiss", "12")).toMatchObject({ code: 2 });
});

describe("the beginning of an id names what the id names", () => {
  const shown: readonly (readonly [string, (ids: Awaited<ReturnType<typeof toCli>>, thread: string) => string[]])[] = [
    ["trace of a message", ({ msg }) => ["trace", cutShort(msg)]],
    ["trace of a delivery", ({ dlv }) => ["trace", cutShort(dlv)]],
    ["log of a message", ({ msg }) => ["log", "--message", cutShort(msg)]],
    ["log of a thread", (_, thread) => ["log", "--thread", cutShort(thread)]],
    ["history of a thread", (_, thread) => ["history", "--thread", cutShort(thread)]],
    ["history around a message", ({ msg }) => ["history", "--thread", cutShort(msg)]],
  ];

  test.each(shown)("%s", async (what, args) => {
    const ids = await toCli(`found by its beginning: ${what}`);
    const { message } = await broker.admin.getMessage({ message: ids.msg });
    const ended = await run(...args(ids, message.threadId));
    expect(ended).toMatchObject({ code: 0 });
    expect(ended.stdout).toContain("found by its beginning");
  });

  test("an agent, for whoever writes to it", async () => {
    const carol = await broker.agent("carol");
    expect((await run("send", cutShort(carol.agent.id), "hello")).stdout).toContain("for carol");
    expect((await run("agent", "show", cutShort(carol.agent.id))).stdout).toContain("carol");
  });

  test("a thread to send in, and a message to take back", async () => {
    const { messageId, threadId } = endpoints.send.reply.parse(
      JSON.parse((await run("send", "bob", "begins a thread", "--json")).stdout),
    );
    const more = endpoints.send.reply.parse(
      JSON.parse((await run("send", "bob", "in it", "--thread", cutShort(threadId), "--json")).stdout),
    );
    expect(more.threadId).toBe(threadId);
    expect((await run("cancel", cutShort(messageId))).stdout).toContain("is taken back");
  });

  test("and that of several is refused with their ids; too few digits are no id", async () => {
    const [one, two] = await Promise.all([toCli("a"), toCli("b")]);
    const shared = [...one.msg].findIndex((digit, place) => digit !== two.msg[place]);
    const beginning = one.msg.slice(0, Math.min(shared, 16));
    const ended = await run("trace", beginning);
    expect(ended).toMatchObject({ code: 2, stdout: "" });
    expect(ended.stderr).toContain(`Several ids begin with ${beginning}`);
    // Six are named at most: those of messages before, where they begin so too.
    const named = ended.stderr.match(/msg_[0-9a-f]{32}/g) ?? [];
    const sent = (await run("history", "--limit", "100", "--json")).stdout.match(/msg_[0-9a-f]{32}/g) ?? [];
    const alike = [...new Set([...sent, one.msg, two.msg])].filter((id) => id.startsWith(beginning)).sort();
    expect(named).toEqual(alike.slice(0, 6));
    expect(await run("trace", "msg_0")).toMatchObject({ code: 2 });
  });
});

test("what another agent sees is what its beginning of an id can name", async () => {
  const dave = await broker.agent("dave");
  const { msg, dlv } = await toCli("not for dave");
  await expect(dave.client.getMessage({ message: cutShort(msg) })).rejects.toMatchObject({ code: "message_not_found" });
  await expect(dave.client.ack({ delivery: cutShort(dlv) })).rejects.toMatchObject({ code: "delivery_not_found" });
  const mine = await dave.client.send({ to: "bob", body: "dave's own" });
  expect((await dave.client.getMessage({ message: cutShort(mine.messageId) })).message.body).toBe("dave's own");
});

test("inbox -f shows what comes, in the own inbox and in another's, and goes on over a restart of the broker", async () => {
  const own = startCli(broker.home, ["inbox", "-f"]);
  const others = startCli(broker.home, ["inbox", "bob", "-f"]);
  await until(() => own.stderr().includes("Waiting for more") && others.stderr().includes("Waiting for more"));
  await toCli("live one");
  await run("send", "bob", "for bob to see");
  await until(() => own.stdout().includes("live one") && others.stdout().includes("for bob to see"));
  await broker.kill("SIGKILL");
  await broker.start();
  await toCli("after the restart");
  await until(() => own.stdout().includes("after the restart"), "the message after the restart");
  for (const each of [own, others]) {
    each.child.kill("SIGINT");
    expect((await each.exit).code).toBe(0);
  }
  expect(await run("inbox", "-f", "--newest")).toMatchObject({ code: 2 });
});

test("webhook list names every webhook; unsubscribe ends a subscription", async () => {
  expect((await run("webhook", "list")).stdout).toContain("No agent has a webhook");
  await using receiver = await openWebhookReceiver();
  await run("webhook", "set", "bob", receiver.url);
  const { stdout } = await run("webhook", "list");
  expect(stdout).toContain("bob");
  expect(stdout).toContain(new URL(receiver.url).host);
  await run("webhook", "rm", "bob");
  await run("subscribe", "build.done");
  expect((await run("unsubscribe", "build.done")).stdout).toContain("is no longer subscribed");
  expect((await run("unsubscribe", "build.done")).stdout).toContain("was not subscribed");
});
