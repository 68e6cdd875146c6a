/** `agentmesh tokens` and `audit`: a token is exchanged while its agent is at work, and what was done about tokens is told at once. */
import { readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assertInTime, startMcpSession, startTestBroker, stopwatch, type TestBroker, until } from "testkit";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { cli, startCli } from "./run-cli.ts";

let broker: TestBroker;
beforeAll(async () => {
  broker = await startTestBroker();
});
afterAll(() => broker[Symbol.asyncDispose]());

/** Every token that is kept in the state folder. */
function kept(): string[] {
  const folder = join(broker.home, "agents");
  const files = readdirSync(folder).filter((name) => name.endsWith(".json"));
  return files.flatMap((name) => /am_[\w-]+/.exec(readFileSync(join(folder, name), "utf8")) ?? []);
}

test("the token of a session at work is exchanged: the session goes on, is pushed to, and the one before opens nothing", async () => {
  const env = { AGENTMESH_NAME: "spinner", AGENTMESH_PUSH: "claude-channel" };
  await using session = await startMcpSession({ home: broker.home, cwd: broker.home, env });
  expect(await session.joined()).toBe("spinner");
  const [before = ""] = kept();
  const { agent, client: sender } = await broker.agent("watcher");

  const rotated = await cli(broker.home, ["tokens", "rotate", "spinner", "--overlap", "0s"]);
  expect(rotated).toMatchObject({ code: 0, stderr: "" });
  expect(rotated.stdout).toContain("spinner has a new token. The one before opens nothing any more.");
  expect(rotated.stdout).not.toMatch(/am_[\w-]{20,}/);
  await expect(broker.client(before, { retryForMs: 0 }).getAgent({ agent: "me" })).rejects.toMatchObject({
    status: 401,
  });
  // What it notes of itself puts nothing back.
  expect((await session.tool("set_summary", { summary: "spins on" })).isError).toBe(false);
  expect((await session.tool("send_message", { to: "watcher", message: "still here" })).isError).toBe(false);
  await sender.send({ to: "spinner", body: "so I see" });
  await until(() => session.channel.some(({ content }) => content.includes("so I see")), "the push");
  expect(kept()).not.toContain(before);
  expect((await broker.admin.getAgent({ agent: agent.id })).queued).toBe(1);
  expect(await cli(broker.home, ["audit"])).toMatchObject({
    stdout: expect.stringContaining("spinner: token rotated"),
  });
});

test.each(["0s", "1s"])(
  "an exchange with an overlap of %s that cannot be kept leaves a token in the file that is good",
  async (overlap) => {
    const name = `cut-off-${overlap}`;
    expect(await cli(broker.home, ["agent", "add", name])).toMatchObject({ code: 0 });
    const folder = join(broker.home, "agents");
    const path = readdirSync(folder)
      .map((file) => join(folder, file))
      .find((file) => readFileSync(file, "utf8").includes(name));
    if (path === undefined) throw new Error(`no file has the token of ${name}`);
    const text = readFileSync(path, "utf8");
    const [token = ""] = /am_[\w-]+/.exec(text) ?? [];
    // A program that puts back what it has read, again and again.
    const other = setInterval(() => {
      writeFileSync(join(broker.home, "put-back"), text);
      renameSync(join(broker.home, "put-back"), path);
    }, 1);
    onTestFinished(() => clearInterval(other));
    const refused = await cli(broker.home, ["tokens", "rotate", name, "--overlap", overlap]);
    clearInterval(other);
    expect([refused.code, refused.stderr.replace(/\s+/g, " ")]).toEqual([1, expect.stringContaining("is good still")]);
    writeFileSync(path, text);
    expect((await broker.client(token, { retryForMs: 0 }).getAgent({ agent: "me" })).name).toBe(name);
    // The same command goes on from there.
    expect(await cli(broker.home, ["tokens", "rotate", name, "--overlap", "0s"])).toMatchObject({ code: 0 });
    await expect(broker.client(token, { retryForMs: 0 }).getAgent({ agent: "me" })).rejects.toMatchObject({
      status: 401,
    });
  },
);

test("an agent of the command line goes on with its new token, one that is kept elsewhere is not exchanged", async () => {
  expect(await cli(broker.home, ["agent", "add", "robot"])).toMatchObject({ code: 0 });
  const before = kept();
  expect(await cli(broker.home, ["tokens", "rotate", "robot", "--overlap", "1d"])).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^robot has a new token\. The one before is good until .* \(2[34]h\)/),
  });
  expect(kept().filter((token) => !before.includes(token))).toHaveLength(1);
  expect(await cli(broker.home, ["--as", "robot", "send", "robot", "to myself"])).toMatchObject({ code: 0 });

  await broker.agent("far-away");
  const refused = await cli(broker.home, ["tokens", "rotate", "far-away"]);
  expect(refused).toMatchObject({ code: 5, stdout: "" });
  expect(refused.stderr.replace(/\s+/g, " ")).toContain("agentmesh revoke far-away");
  expect(await cli(broker.home, ["tokens", "rotate"])).toMatchObject({ code: 2, stdout: "" });
});

test("an agent that was renamed while its session is at work gets a new token by its new name", async () => {
  const env = { AGENTMESH_NAME: "before-that" };
  await using session = await startMcpSession({ home: broker.home, cwd: broker.home, env });
  expect(await session.joined()).toBe("before-that");
  expect(await cli(broker.home, ["agent", "rename", "before-that", "after-that"])).toMatchObject({ code: 0 });
  const before = kept();
  expect(await cli(broker.home, ["tokens", "rotate", "after-that"])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("after-that has a new token"),
  });
  expect(kept().filter((token) => !before.includes(token))).toHaveLength(1);
});

test("the sender of a hook URL has no token, and so it is in no list of them", async () => {
  const { agent } = await broker.agent("ci-watcher");
  expect(await cli(broker.home, ["hook-url", agent.name, "--name", "posts-of-ci"])).toMatchObject({ code: 0 });
  const { stdout } = await cli(broker.home, ["tokens"]);
  expect(stdout).toMatch(/^ci-watcher /m);
  expect(stdout).not.toContain("posts-of-ci");
});

test("who follows the audit log is told of an entry when it is written, and of the next ones over a restart of the broker", async () => {
  const { next } = await broker.admin.audit({ limit: 1 });
  const took = stopwatch();
  const waiting = broker.admin.audit({ after: next, waitMs: 60_000 });
  await broker.agent("first-of-two");
  expect((await waiting).entries).toMatchObject([{ act: "agent_registered", about: { name: "first-of-two" } }]);
  assertInTime(took(), 20_000);

  const follow = startCli(broker.home, ["audit", "-f", "--limit", "1"]);
  await until(() => follow.stdout().includes("agent registered first-of-two"), "the newest entry");
  await broker.kill();
  await broker.start();
  await broker.agent("second-of-two");
  await until(() => follow.stdout().includes("agent registered second-of-two"), "the entry after the restart");
  expect(follow.stdout().match(/first-of-two/g)).toHaveLength(1);
  follow.child.kill("SIGINT");
  await follow.exit;
});
