/** Where an agent works, read from real git folders, and the settings. */
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { tempDir } from "testkit";
import { expect, test } from "vitest";
import { resolveConfig } from "../src/config.ts";
import { placeOf } from "../src/place.ts";

test("a repository, a folder in it, a linked worktree and a detached head", () => {
  using temp = tempDir();
  const main = join(temp.path, "Poker Engine");
  const git = (...args: string[]) =>
    execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@localhost", ...args], { cwd: main, stdio: "ignore" });
  mkdirSync(join(main, "src"), { recursive: true });
  git("init", "-b", "feature/deal");
  git("commit", "--allow-empty", "-m", "one");
  git("worktree", "add", "-b", "fix", join(temp.path, "poker-fix"));

  const inMain = {
    repo: main,
    branch: "feature/deal",
    name: "poker-engine",
    title: "Poker Engine",
    summary: "Poker Engine@feature/deal",
  };
  expect(placeOf(main)).toEqual({ directory: main, ...inMain });
  expect(placeOf(join(main, "src"))).toEqual({ directory: join(main, "src"), ...inMain });
  expect(placeOf(join(temp.path, "poker-fix"))).toMatchObject({ repo: main, branch: "fix", name: "poker-fix" });

  git("checkout", "--detach");
  expect(placeOf(main)).toMatchObject({ repo: main, branch: undefined, summary: "Poker Engine" });
});

test("a directory outside any repository", () => {
  using temp = tempDir();
  const here = join(temp.path, "notes");
  mkdirSync(here);
  expect(placeOf(here)).toEqual({
    directory: here,
    repo: undefined,
    branch: undefined,
    name: "notes",
    title: "notes",
    summary: "notes",
  });
  expect(placeOf("/").name).toBe("agent");
});

test("settings come from the environment, and a wrong value is corrected with a sentence", () => {
  expect(resolveConfig({}, "/here")).toEqual({
    config: {
      home: undefined,
      url: undefined,
      name: undefined,
      push: "auto",
      canary: "on",
      summary: "git",
      model: undefined,
      logLevel: "info",
      claudeSocket: undefined,
      claudeToken: undefined,
      claudeSession: undefined,
      claudeHome: undefined,
      codexHome: undefined,
      signWithinMs: 20_000,
      directory: "/here",
      environment: {},
    },
    warnings: [],
  });
  const { config, warnings } = resolveConfig(
    { AGENTMESH_HOME: "state", AGENTMESH_PUSH: "tmux", AGENTMESH_NAME: "root", CLAUDE_PROJECT_DIR: "/project" },
    "/here",
  );
  expect(config).toMatchObject({ home: "/here/state", push: "auto", name: "root-agent", directory: "/project" });
  expect(warnings).toEqual([
    'AGENTMESH_NAME is "root", which cannot be an agent\'s name (a-z 0-9 . _ -, none reserved): "root-agent" is used.',
    'AGENTMESH_PUSH is "tmux"; it takes auto, none, or of claude-inbox, claude-channel, claude-hooks, codex-queue, codex-hooks, gemini-hooks some, separated by commas: auto is used.',
  ]);
  expect(resolveConfig({ AGENTMESH_PUSH: "claude-inbox" }, "/here").warnings).toHaveLength(1);
  expect(resolveConfig({ AGENTMESH_PUSH: "codex-hooks, codex-queue" }, "/here")).toMatchObject({
    config: { push: ["codex-hooks", "codex-queue"] },
    warnings: [],
  });
  expect(resolveConfig({ AGENTMESH_SIGN_MS: "soon" }, "/here").config.signWithinMs).toBe(20_000);
});
