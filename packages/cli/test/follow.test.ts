/** Following an inbox or the log while the broker comes and goes: nothing is lost, nothing is shown twice. */
import { copyFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { InboxEntry } from "@agentmesh/protocol";
import { type RunningProgram, startTestBroker, type TestAgent, type TestBroker, tempDir, until } from "testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { faultyConnection } from "./faulty-connection.ts";
import { cli, startCli } from "./run-cli.ts";

let broker: TestBroker;
let alice: TestAgent;
beforeAll(async () => {
  broker = await startTestBroker({ env: { AGENTMESH_REPEATS_PER_MINUTE: "0" } });
  alice = await broker.agent("alice");
  await broker.agent("bob");
  expect(await cli(broker.home, ["send", "bob", "makes cli"])).toMatchObject({ code: 0 });
});
afterAll(() => broker[Symbol.asyncDispose]());

const times = (running: RunningProgram, text: string) => running.stdout().split(text).length - 1;

async function ended(running: RunningProgram): Promise<void> {
  running.child.kill("SIGINT");
  expect((await running.exit).code).toBe(0);
}

/** A copy of the database is put in place while the broker is down: what came since is in no life any more. */
async function restored(meanwhile: () => Promise<unknown>): Promise<void> {
  const database = join(broker.home, "mesh.db");
  await broker.kill("SIGTERM");
  copyFileSync(database, `${database}.copy`);
  await broker.start();
  await meanwhile();
  await broker.kill("SIGTERM");
  for (const end of ["", "-wal", "-shm"]) rmSync(`${database}${end}`, { force: true });
  copyFileSync(`${database}.copy`, database);
  await broker.start();
}

const says = (running: RunningProgram, text: string) =>
  until(() => running.stderr().includes(text), `"${text}"`, 30_000);

const shows = (running: RunningProgram, text: string) =>
  until(() => running.stdout().includes(text), `"${text}"`, 30_000);

describe("a broker that goes away between a page of the log and what is shown of it", () => {
  test.each([
    ["the inbox is asked", "/v1/inbox"],
    ["what was shown is acked", "/ack"],
  ])("when %s costs no arrival, shows none twice, and is said", async (_, words) => {
    const following = startCli(
      broker.home,
      ["inbox", "-f", "--ack"],
      faultyConnection({ path: words, how: "refused", times: 1, onceFollowing: true }),
    );
    await says(following, "Waiting for more");
    const sent = await alice.client.send({ to: "cli", body: `over ${words}` });
    await says(following, "The broker is back");
    const later = await alice.client.send({ to: "cli", body: "a later one" });
    await shows(following, "a later one");
    for (const { messageId } of [sent, later])
      await until(async () => (await broker.admin.getMessage({ message: messageId })).deliveries[0]?.state === "acked");
    await ended(following);
    expect([times(following, `over ${words}`), times(following, "a later one")]).toEqual([1, 1]);
  });
});

describe("a database that is restored under it", () => {
  test.each([
    ["inbox -f", "cli", ["inbox", "-f"], "Waiting for more"],
    ["inbox NAME -f", "bob", ["inbox", "bob", "-f"], "Waiting for more"],
    ["inbox NAME -f --json", "bob", ["inbox", "bob", "-f", "--json"], undefined],
    ["log -f", "bob", ["log", "-f", "--limit", "1"], "Waiting for what happens next"],
  ])("is followed by %s, with what came into it before it was noticed", async (what, to, args, waits) => {
    const send = (body: string) => alice.client.send({ to, body: `${body} (${what})` });
    await send("before");
    const following = startCli(broker.home, args);
    if (waits) await says(following, waits);
    await shows(following, `before (${what})`);
    await restored(async () => {
      await send("lost");
      await shows(following, `lost (${what})`);
      following.child.kill("SIGSTOP");
    });
    await send("came unseen");
    following.child.kill("SIGCONT");
    await shows(following, `came unseen (${what})`);
    await send("came later");
    await shows(following, `came later (${what})`);
    await ended(following);
    const bodies = ["before", "lost", "came unseen", "came later"];
    expect(bodies.map((body) => times(following, `${body} (${what})`))).toEqual([1, 1, 1, 1]);
    expect(following.stderr().split("another database").length - 1).toBe(1);
  });
});

test("inbox -f --json prints a delivery a line from the first on", async () => {
  await alice.client.send({ to: "bob", body: "was there" });
  const following = startCli(broker.home, ["inbox", "bob", "-f", "--json"]);
  await shows(following, "was there");
  await alice.client.send({ to: "bob", body: "comes" });
  await shows(following, "comes");
  await ended(following);
  const lines = following.stdout().trimEnd().split("\n");
  const entries = lines.map((line) => InboxEntry.parse(JSON.parse(line)));
  expect(entries.slice(-2).map(({ message }) => message.body)).toEqual(["was there", "comes"]);
});

test("what goes on when it ends is the same command", async () => {
  await cli(broker.home, ["agent", "add", "night-shift"]);
  const { threadId } = await alice.client.send({ to: "night-shift", body: "hello" });
  for (const [args, again] of [
    [["inbox", "-f", "--ack", "--as", "night-shift"], "agentmesh inbox -f --ack --as night-shift"],
    [["inbox", "bob", "-f"], "agentmesh inbox bob -f"],
    [["log", "-f", "--agent", "bob"], "agentmesh log -f --agent bob"],
    [["log", "-f", "--thread", threadId], `agentmesh log -f --thread ${threadId}`],
  ] as const) {
    const following = startCli(broker.home, args);
    await says(following, "Waiting for");
    await ended(following);
    expect(following.stderr()).toContain(`Go on: ${again}\n`);
  }
});

test("what goes on when it ends names the mesh that its options named, and none that the environment names", async () => {
  using elsewhere = tempDir();
  const { home, url } = broker;
  for (const [args, again] of [
    [["log", "-f", "--home", home], `agentmesh log -f --home ${home}`],
    [["log", "-f", "--url", url, "--home", home], `agentmesh log -f --url ${url} --home ${home}`],
    [["inbox", "bob", "-f", "--home", home], `agentmesh inbox bob -f --home ${home}`],
    [["logs", "-f", "--home", home], `agentmesh logs -f --home ${home}`],
  ] as const) {
    const following = startCli(elsewhere.path, args);
    await says(following, "Waiting for");
    await ended(following);
    expect(following.stderr()).toContain(`Go on: ${again}\n`);
    const there = startCli(
      home,
      args.filter((word) => word !== "--url" && word !== url),
    );
    await says(there, "Waiting for");
    await ended(there);
    expect(there.stderr()).toContain(`Go on: ${again.replace(` --home ${home}`, "").replace(` --url ${url}`, "")}\n`);
  }
});
