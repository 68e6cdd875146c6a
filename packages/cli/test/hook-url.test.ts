/** Hook URLs from the command line: made for a topic or an agent, used, listed, removed; secrets shown once. */
import { createHmac } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { endpoints } from "@agentmesh/protocol";
import { startTestBroker, type TestBroker } from "testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { cli } from "./run-cli.ts";

let broker: TestBroker;
beforeAll(async () => {
  broker = await startTestBroker();
});
afterAll(() => broker[Symbol.asyncDispose]());

function post(url: string, body: string, headers: Record<string, string>): Promise<Response> {
  return fetch(url, { method: "POST", body, headers: { "content-type": "application/json", ...headers } });
}

test("a hook URL is made, posted to, listed and removed; its secret is shown once", async () => {
  const bob = await broker.agent("bob");
  await bob.client.subscribe({ topic: "build.>" });
  const made = await cli(broker.home, ["hook-url", "build.failed", "--kind", "github"]);
  expect(made.code).toBe(0);
  expect(made.stdout).toContain("comes to subscribers of build.failed from github-build.failed, marked unverified");
  const [, url = ""] = /^(http:\S+\/v1\/hooks\/hok_[0-9a-f]{32})$/m.exec(made.stdout) ?? [];
  const [, secret = ""] = /^(amh_[\w-]{43})$/m.exec(made.stdout) ?? [];
  expect(made.stderr).toContain("reached from this machine only");
  const body = JSON.stringify({ ref: "refs/heads/main", commits: [] });
  const signature = createHmac("sha256", secret).update(body).digest("hex");
  const taken = await post(url, body, { "x-github-event": "push", "x-hub-signature-256": `sha256=${signature}` });
  expect(taken.status).toBe(202);
  expect((await cli(broker.home, ["inbox", "bob"])).stdout).toContain("GitHub: push");

  const list = await cli(broker.home, ["hook-url", "--list"]);
  expect(list.stdout).toMatch(/hok_[0-9a-f]{32} +github +build\.failed +github-build\.failed +\d+s ago/);
  expect(list.stdout).not.toContain("amh_");
  const [hook] = endpoints.listHooks.reply.parse(
    JSON.parse((await cli(broker.home, ["hook-url", "--list", "--json"])).stdout),
  ).hooks;
  const remove = ["hook-url", "--remove", hook?.id ?? ""];
  expect((await cli(broker.home, remove)).stdout).toContain("its agent has left");
  expect((await cli(broker.home, remove)).stdout).toContain("There is no such hook");
  expect((await cli(broker.home, ["hook-url", "--list"])).stdout).toContain("There is no hook");
});

test("its target is an agent where one has that name, and else a topic if there are dots in it", async () => {
  await broker.agent("release.bot");
  await broker.agent("plain");
  const target = async (...args: string[]) => {
    const { stdout, code, stderr } = await cli(broker.home, ["hook-url", ...args, "--json"]);
    if (code !== 0) return stderr;
    const { hook } = endpoints.makeHook.reply.parse(JSON.parse(stdout));
    return [hook.topic, hook.recipient?.name];
  };
  expect(await target("release.bot")).toEqual([undefined, "release.bot"]);
  expect(await target("release.bots")).toEqual(["release.bots", undefined]);
  expect(await target("plain")).toEqual([undefined, "plain"]);
  expect(await target("plain", "--topic")).toEqual(["plain", undefined]);
  expect(await target("plian")).toContain("Did you mean plain");
});

test("a secret of the other side comes from a file and is not shown; what cannot be is refused before anything is made", async () => {
  const file = join(broker.home, "secret");
  writeFileSync(file, "a-secret-of-gitlab-here\n");
  const made = await cli(broker.home, ["hook-url", "ci.x", "--kind", "gitlab", "--secret-file", file]);
  const [, url = ""] = /^(http:\S+)$/m.exec(made.stdout) ?? [];
  expect(made.stdout + made.stderr).not.toContain("a-secret-of-gitlab-here");
  expect((await post(url, '{"object_kind":"push"}', { "x-gitlab-token": "a-secret-of-gitlab-here" })).status).toBe(202);
  for (const [args, said] of [
    [[], "Name a topic or an agent"],
    [["ci.x", "--kind", "gitea"], "github, gitlab or json"],
    [["ci.x", "--kind", "github", "--secret-in-url"], "does not go into the URL"],
    [["--remove", "hok_1"], "hok_ and 32 hex digits"],
  ] as const) {
    const { code, stderr } = await cli(broker.home, ["hook-url", ...args]);
    expect([code !== 0, stderr]).toEqual([true, expect.stringContaining(said)]);
  }
});
