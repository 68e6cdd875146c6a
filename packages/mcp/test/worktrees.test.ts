/** Adapters in the worktrees of one repository: they find each other, by names that say which is which. */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assertInTime, startMcpSession, startTestBroker, stopwatch, type TestBroker } from "testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { directory, endBroker } from "./setting.ts";

let broker: TestBroker;
beforeAll(async () => {
  broker = await startTestBroker();
});
afterAll(() => endBroker(broker));

const adapter = (cwd: string, env: Record<string, string> = {}) =>
  startMcpSession({ home: broker.home, url: broker.url, cwd, env });

/** A bare repository with worktrees of these names beside it; returns the folder of all. */
function bareWithWorktrees(name: string, ...worktrees: string[]): string {
  const top = directory(broker, name);
  const git = (cwd: string, ...args: string[]) =>
    execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@localhost", ...args], { cwd, stdio: "ignore" });
  const bare = join(top, ".bare");
  git(top, "init", "--bare", "-b", "trunk", bare);
  mkdirSync(join(top, "first"));
  git(top, "clone", bare, join(top, "first"));
  git(join(top, "first"), "commit", "--allow-empty", "-m", "one");
  git(join(top, "first"), "push", "origin", "HEAD:trunk");
  for (const worktree of worktrees) git(bare, "worktree", "add", "-b", worktree, join(top, worktree), "trunk");
  return top;
}

test("scope repo shows who works in the other worktrees of a bare repository, named after it", async () => {
  const top = bareWithWorktrees("proj", "main", "feat");
  await using main = await adapter(join(top, "main"));
  await using feat = await adapter(join(top, "feat"));
  // A clone is another repository.
  await using clone = await adapter(join(top, "first"));
  expect([await main.joined(), await feat.joined(), await clone.joined()]).toEqual(["proj-main", "proj-feat", "first"]);
  const { text } = await main.tool("list_peers", { scope: "repo" });
  expect(text).toMatch(/^1 other\.\n- proj-main \(you\): online; .*\n- proj-feat: online; last heard of .*@feat/);
});

test("clones of one remote repository are one, however each writes its URL, with and without git", async () => {
  const clone = (name: string, url: string) => {
    const at = directory(broker, name);
    execFileSync("git", ["init", "--quiet", at]);
    execFileSync("git", ["-C", at, "remote", "add", "origin", url]);
    return at;
  };
  const [ssh, https, other] = [
    clone("by-ssh", "git@git.acme.test:acme/shop.git"),
    clone("by-https", "https://ada:s3cret@git.acme.test/acme/shop"),
    clone("fork", "https://git.acme.test/bob/shop"),
  ];
  execFileSync("git", ["-C", ssh, "remote", "add", "fork", "https://git.acme.test/bob/shop"]);
  const bin = directory(broker, "no-git");
  writeFileSync(join(bin, "git"), "#!/bin/sh\nexit 1\n");
  chmodSync(join(bin, "git"), 0o755);
  await using one = await adapter(ssh);
  await using two = await adapter(https, { PATH: `${bin}:${process.env.PATH}` });
  await using three = await adapter(other);
  await Promise.all([one, two, three].map((each) => each.joined()));
  expect((await one.tool("list_peers", { scope: "repo" })).text).toMatch(/^1 other\..*- by-ssh \(you\).*- by-https: /s);
  expect((await three.tool("list_peers", { scope: "repo" })).text).toMatch(/^Nobody else is here now\./);
  const { agents } = await broker.admin.listAgents();
  expect(agents.find(({ name }) => name === "by-https")?.repoUrl).toBe("git.acme.test/acme/shop");
});

test("a git that hangs delays no handshake, and no tool beyond its time", async () => {
  const top = bareWithWorktrees("slow", "main");
  const bin = directory(broker, "bin");
  writeFileSync(join(bin, "git"), "#!/bin/sh\nexec sleep 60\n");
  chmodSync(join(bin, "git"), 0o755);
  const ms = stopwatch();
  await using slow = await adapter(join(top, "main"), { PATH: `${bin}:${process.env.PATH}` });
  const handshake = ms();
  await slow.tool("whoami");
  assertInTime(ms() - handshake, 2_000);
  expect(await slow.joined()).toBe("slow-main");
  expect((await slow.tool("whoami")).text).toContain("/slow/.bare@main");
});

test("directories in any script have names that tell them apart", async () => {
  await using one = await adapter(directory(broker, "プロジェクト"));
  await using two = await adapter(directory(broker, "Größe"));
  await using three = await adapter(directory(broker, "—"));
  expect([await one.joined(), await two.joined()]).toEqual(["purojiekuto", "grosse"]);
  expect(await three.joined()).toMatch(/^agent-[0-9a-f]{4}$/);
});
