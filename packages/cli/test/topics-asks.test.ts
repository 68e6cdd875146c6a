/** Topics, asks, focus and policy from the command line. */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { endpoints } from "@agentmesh/protocol";
import { startTestBroker, type TestBroker } from "testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { cli } from "./run-cli.ts";

let broker: TestBroker;
beforeAll(async () => {
  broker = await startTestBroker();
});
afterAll(() => broker[Symbol.asyncDispose]());

test("ask prints the answer or says that it is pending, and owed names who owes whom", async () => {
  const seer = await broker.agent("seer");
  const asking = cli(broker.home, ["ask", "seer", "which port?", "--timeout", "1m"]);
  const [question] = (await seer.client.lease({ waitMs: 60_000 })).deliveries;
  expect((await cli(broker.home, ["owed"])).stdout).toMatch(/seer\s+#1\s+cli\s+.*which port\?/);
  await seer.client.send({ inReplyTo: question?.id ?? "1", body: "4711" });
  expect(await asking).toMatchObject({ code: 0, stdout: expect.stringMatching(/seer answered:\n\s+4711/) });
  const pending = await cli(broker.home, ["ask", "seer", "and now?", "--timeout", "1s"]);
  expect([pending.code, pending.stderr]).toEqual([7, expect.stringContaining("No answer yet")]);
  await seer.client.ack({ delivery: "2" });
});

test("waive has nobody owe an answer any more, ends who waits for it, and says what is no question", async () => {
  const owing = await broker.agent("owing");
  const asking = cli(broker.home, ["ask", "owing", "which port?", "--timeout", "1m"]);
  await owing.client.lease({ waitMs: 60_000 });
  const owed = await cli(broker.home, ["owed", "owing"]);
  const [messageId = "none"] = /msg_[0-9a-f]{32}/.exec(owed.stdout) ?? [];
  expect(await cli(broker.home, ["waive", messageId])).toMatchObject({
    ...{ code: 0, stdout: `owing owes cli no answer to ${messageId} any more.\n` },
  });
  const ended = await asking;
  expect([ended.code, ended.stderr.replaceAll(/\s+/g, " ")]).toEqual([
    8,
    expect.stringContaining(
      "owing owes no answer any more: waived with the mesh key. A late one would still come into the inbox.",
    ),
  ]);
  expect((await cli(broker.home, ["owed", "owing"])).stdout).toBe("No question is without an answer.\n");
  const traced = (await cli(broker.home, ["trace", messageId])).stdout.replaceAll(/\s+/g, " ");
  expect(traced).toContain("waived with the mesh key");
  expect(traced).toContain("No answer of owing is owed any more: waived with the mesh key.");
  expect(JSON.parse((await cli(broker.home, ["waive", messageId, "--json"])).stdout)).toMatchObject({
    waived: [{ messageId, from: { name: "cli" }, to: { name: "owing" } }],
  });
  const { messageId: plain } = await owing.client.send({ to: "seer", body: "no question" });
  const refused = await cli(broker.home, ["waive", plain]);
  expect([refused.code, refused.stderr]).toEqual([5, expect.stringContaining("is no question")]);
});

test("publish says who got it and who did not; subscribe gets what was published before; topics lists both", async () => {
  const bob = await broker.agent("bob");
  await bob.client.subscribe({ topic: "build.>" });
  const published = await cli(broker.home, ["publish", "build.api.failed", "api", "is", "red"]);
  expect(published.stdout).toMatch(
    /^published on build\.api\.failed: stored for 1 of 1 subscribers\n {2}#1 for bob \(offline\)\nmsg_/,
  );
  expect((await bob.client.lease()).deliveries[0]?.message).toMatchObject({
    topic: "build.api.failed",
    body: "api is red",
  });
  await bob.client.ack({ delivery: "1" });

  const late = await cli(broker.home, ["subscribe", "build.*.failed", "--retained", "5", "--as", "late", "--create"]);
  expect(late.stdout).toBe("late is now subscribed to build.*.failed; 1 earlier message was put into the inbox\n");
  const listed = endpoints.listTopics.reply.parse(JSON.parse((await cli(broker.home, ["topics", "--json"])).stdout));
  expect(listed.topics).toMatchObject([{ topic: "build.api.failed", subscribers: 2, messages: 1 }]);
  const gone = await cli(broker.home, ["subscribe", "build.*.failed", "--unsubscribe", "--as", "late", "--create"]);
  expect(gone.stdout).toContain("late is no longer subscribed");
  expect(await cli(broker.home, ["publish", "Build", "x"])).toMatchObject({ code: 2 });
  expect((await cli(broker.home, ["inbox", "late"])).stdout).toContain("api is red");
});

test("publish and subscribe say what a policy holds, and one warning a kind however many it is about", async () => {
  for (const name of ["guarded", "plain", "plainer"]) {
    await broker.agent(name).then(({ client }) => client.subscribe({ topic: "news.a" }));
  }
  await broker.admin.setPolicy({ agent: "guarded", otherwise: "hold" });
  const published = await cli(broker.home, ["publish", "news.a", "hello"]);
  expect(published.stdout).toContain("#1 for guarded (offline): held\n");
  expect(published.stdout).toContain("guarded holds messages of this sender");
  expect(published.stderr).toMatch(/^warning: plain has no live session\..* Likewise plainer\.\n$/);

  await cli(broker.home, ["subscribe", "other", "--as", "wary", "--create"]);
  await broker.admin.setPolicy({ agent: "wary", otherwise: "hold" });
  expect(
    (await cli(broker.home, ["subscribe", "news.>", "--retained", "3", "--as", "wary", "--create"])).stdout,
  ).toMatch(
    /; 1 earlier message was put into the inbox, where its policy holds 1 until you decide: agentmesh held wary\n$/,
  );
});

test("focus and policy show what there is, and help shows durations as they are typed", async () => {
  await broker.agent("calm");
  expect((await cli(broker.home, ["focus", "calm"])).stdout).toBe("calm is not in focus (offline).\n");
  expect((await cli(broker.home, ["focus", "calm", "--for", "30m"])).stdout).toMatch(/^calm is in focus for 30m/);
  const id = (await broker.admin.getAgent({ agent: "plain" })).id;
  await cli(broker.home, ["policy", "calm", "--hold", "plain"]);
  const unknown = await cli(broker.home, ["policy", "calm", "--forget", "nobody"]);
  expect(unknown).toMatchObject({ code: 0, stdout: expect.stringMatching(/^hold +plain\n/) });
  expect(unknown.stderr).toBe("warning: There was no rule for nobody.\n");
  const forgotten = await cli(broker.home, ["policy", "calm", "--forget", id]);
  expect([forgotten.stdout, forgotten.stderr]).toEqual(["accept  everybody\n", ""]);
  expect((await cli(broker.home, ["ask", "--help"])).stdout).toMatch(
    /--timeout <duration> +how long to wait \(default: 2m\)/,
  );
});

test("a policy forgets a sender by whatever the mesh knows it by", async () => {
  await broker.agent("forgetful");
  const ways: [string, (id: string) => string][] = [
    ["named", () => "named"],
    ["whole", (id) => id],
    ["short", (id) => id.slice(0, 16)],
    ["before", () => "before"],
  ];
  for (const [name, by] of ways) {
    const { agent } = await broker.agent(name);
    await broker.admin.setPolicy({
      agent: "forgetful",
      otherwise: "accept",
      senders: [{ agent: name, action: "hold" }],
    });
    if (name === "before") await broker.admin.renameAgent({ agent: name, name: "after" });
    const { stdout, stderr } = await cli(broker.home, ["policy", "forgetful", "--forget", by(agent.id)]);
    expect([name, stdout, stderr]).toEqual([name, "accept  everybody\n", ""]);
  }
});

test("held shows what is held for an agent in the archive too", async () => {
  await using own = await startTestBroker();
  const { client } = await own.agent("gone-quiet");
  const news = await own.agent("news");
  await client.subscribe({ topic: "news" });
  await own.admin.setPolicy({ agent: "gone-quiet", otherwise: "hold" });
  await news.client.publish({ topic: "news", body: "decide on this" });
  await own.kill("SIGTERM");
  // Thirty days without a sign of life, which no test waits for.
  const database = new DatabaseSync(join(own.home, "mesh.db"));
  database.exec("UPDATE agent SET archived_at = registered_at WHERE name = 'gone-quiet'");
  database.close();
  await own.start();
  expect((await own.admin.listAgents()).agents.map(({ name }) => name)).toEqual(["news"]);
  expect((await cli(own.home, ["held"])).stdout).toContain("decide on this");
});
