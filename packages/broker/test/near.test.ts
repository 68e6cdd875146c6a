/** Who works near an agent: its machine, its directory there, its repository on any machine. */
import { startTestBroker, type TestAgent, type TestBroker } from "testkit";
import { afterAll, beforeAll, expect, test } from "vitest";

let broker: TestBroker;
beforeAll(async () => {
  broker = await startTestBroker();
});
afterAll(() => broker[Symbol.asyncDispose]());

const names = async ({ client }: TestAgent, near: "machine" | "directory" | "repo") =>
  (await client.listAgents({ near })).agents.map(({ name }) => name);

test("a machine, a directory and a repository have those in them that an agent works with, and nobody else", async () => {
  const shop = { repo: "/home/ada/shop", repoUrl: "git@git.acme.test:acme/shop.git" };
  const me = await broker.agent("near-me", { host: "desk", directory: "/home/ada/shop/api", ...shop });
  await broker.agent("near-beside", { host: "desk", directory: "/home/ada/shop/api", repo: "/home/ada/shop" });
  await broker.agent("near-clone", {
    ...{ host: "laptop", directory: "/Users/ada/src/shop", repo: "/Users/ada/src/shop" },
    repoUrl: "https://ada:s3cret@GIT.acme.test/acme/shop",
  });
  // The same paths, and another repository.
  await broker.agent("near-fork", {
    ...shop,
    host: "laptop",
    directory: "/home/ada/shop/api",
    repoUrl: "git.acme.test/bob/shop",
  });
  await broker.agent("near-same-path", { host: "laptop", directory: "/home/ada/shop/api", repo: "/home/ada/shop" });
  await broker.agent("near-elsewhere", { host: "desk", directory: "/srv" });
  expect(await names(me, "machine")).toEqual(["near-beside", "near-elsewhere", "near-me"]);
  expect(await names(me, "directory")).toEqual(["near-beside", "near-me"]);
  expect(await names(me, "repo")).toEqual(["near-beside", "near-clone", "near-me"]);
  // Counted, and with who has a session: the same.
  const { client } = await broker.agent("near-clone-2", {
    host: "laptop",
    repoUrl: "ssh://git@git.acme.test/acme/shop",
  });
  await client.openSession({});
  const { total, agents } = await me.client.listAgents({ near: "repo", limit: 2 });
  expect([total, agents[0]?.name]).toEqual([4, "near-clone-2"]);
  expect((await me.client.listAgents({ near: "machine", presence: "live" })).total).toBe(0);
});

test("of a remote URL its repository alone is kept, and nothing where it means nothing elsewhere", async () => {
  const { agent, client } = await broker.agent("kept-url", {
    repoUrl: "https://ada:s3cret@git.acme.test/acme/shop.git",
  });
  expect(agent.repoUrl).toBe("git.acme.test/acme/shop");
  const opened = await client.openSession({ directory: "/srv/x", repoUrl: "/srv/git/shop.git" });
  expect(opened.agent).toMatchObject({ directory: "/srv/x" });
  expect(opened.agent).not.toHaveProperty("repoUrl");
});

test("an agent that works in another directory now is not in the repository it was in", async () => {
  const { client } = await broker.agent("moved", {
    directory: "/r/a",
    repo: "/r",
    repoUrl: "git.acme.test/r",
    branch: "b",
  });
  const said = (await client.openSession({ summary: "still there" })).agent;
  expect(said).toMatchObject({ directory: "/r/a", repo: "/r", repoUrl: "git.acme.test/r", branch: "b" });
  const { agent } = await client.openSession({ directory: "/tmp/notes" });
  expect(agent).toMatchObject({ directory: "/tmp/notes", summary: "still there" });
  for (const gone of ["repo", "repoUrl", "branch"]) expect(agent).not.toHaveProperty(gone);
});

test("the mesh key works nowhere: nobody is near it", async () => {
  await expect(broker.admin.listAgents({ near: "machine" })).rejects.toThrow(/"near" asks from where an agent works/);
});

test("what a machine with a clock ahead says was proven, was so no later than now", async () => {
  const { agent, client } = await broker.agent("ahead");
  const later = new Date(Date.now() + 3_600_000).toISOString();
  const { session } = await client.openSession({ pushPaths: [{ path: "claude-inbox", provenAt: later }] });
  const proven = async () => Date.parse((await client.getAgent({ agent: agent.id })).pushPaths[0]?.provenAt ?? "");
  expect(await proven()).toBeLessThanOrEqual(Date.now() + 1_000);
  await client.heartbeat({ session: session.id, pushPaths: [{ path: "claude-inbox", provenAt: later }] });
  expect(await proven()).toBeLessThanOrEqual(Date.now() + 1_000);
  const before = new Date(0).toISOString();
  await client.heartbeat({ session: session.id, pushPaths: [{ path: "claude-inbox", provenAt: before }] });
  expect(await proven()).toBe(0);
});
