/** `agentmesh tokens rotate`: an agent's token is exchanged while the agent is at work, and who has the one before is nobody. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { startMcpSession, startTestBroker, type TestBroker, until } from "testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { cli } from "./run-cli.ts";

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
  expect(rotated.stdout).toContain("spinner has a new token");
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

test("the sender of a hook URL has no token, and so it is in no list of them", async () => {
  const { agent } = await broker.agent("ci-watcher");
  expect(await cli(broker.home, ["hook-url", agent.name, "--name", "posts-of-ci"])).toMatchObject({ code: 0 });
  const { stdout } = await cli(broker.home, ["tokens"]);
  expect(stdout).toMatch(/^ci-watcher /m);
  expect(stdout).not.toContain("posts-of-ci");
});
