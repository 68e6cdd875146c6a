/** Where an agent works, read from real git folders by git and without it, what it is called there, and the settings. */
import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assertInTime, stopwatch, tempDir } from "testkit";
import { describe, expect, test } from "vitest";
import { resolveConfig } from "../src/config/config.ts";
import { nameAfter } from "../src/place/agent-name.ts";
import { placeOf } from "../src/place/place.ts";
import { gitState } from "../src/summary/git-state.ts";

const env = { PATH: process.env.PATH, HOME: "/nonexistent", GIT_CONFIG_NOSYSTEM: "1" };
/** A machine without git. */
const withoutGit = { ...env, PATH: "/nonexistent" };

const gitVersion = execFileSync("git", ["--version"], { encoding: "utf8" });
const [major = 0, minor = 0] = (/\d+\.\d+/.exec(gitVersion)?.[0] ?? "").split(".").map(Number);
const knowsReftables = major > 2 || minor >= 45;

function git(cwd: string, ...args: string[]): void {
  const settings = ["user.name=t", "user.email=t@localhost", "protocol.file.allow=always", "init.defaultBranch=main"];
  execFileSync("git", [...settings.flatMap((each) => ["-c", each]), ...args], { cwd, env, stdio: "ignore" });
}

/** A repository with a commit. */
function repository(path: string, branch = "main"): string {
  mkdirSync(path, { recursive: true });
  git(path, "init", "-b", branch);
  git(path, "commit", "--allow-empty", "-m", "one");
  return path;
}

interface Seen {
  readonly repo: string | undefined;
  readonly branch: string | undefined;
  readonly name: string;
}

/** How each layout is made, and what is seen from each of its directories. */
const layouts: Record<string, (top: string) => Record<string, Seen>> = {
  "a repository, a folder in it and its own folder"(top) {
    const main = repository(join(top, "Poker Engine"), "feature/deal");
    mkdirSync(join(main, "src"));
    const seen = { repo: main, branch: "feature/deal", name: "poker-engine" };
    return { [main]: seen, [join(main, "src")]: seen, [join(main, ".git")]: seen };
  },
  "linked worktrees, beside it and inside it"(top) {
    const main = repository(join(top, "poker"));
    git(main, "worktree", "add", "-b", "fix", join(top, "poker-fix"));
    git(main, "worktree", "add", "-b", "b", join(main, ".trees", "Curie"));
    git(main, "worktree", "add", "--detach", join(top, "elsewhere", "poker"));
    return {
      [main]: { repo: main, branch: "main", name: "poker" },
      [join(top, "poker-fix")]: { repo: main, branch: "fix", name: "poker-fix" },
      [join(main, ".trees", "Curie")]: { repo: main, branch: "b", name: "poker-curie" },
      [join(top, "elsewhere", "poker")]: { repo: main, branch: undefined, name: "poker" },
    };
  },
  "worktrees of a bare repository in a hidden folder"(top) {
    repository(join(top, "source"));
    const bare = join(top, "proj", ".bare");
    git(top, "clone", "--bare", "source", bare);
    git(bare, "worktree", "add", join(top, "proj", "main"), "main");
    git(bare, "worktree", "add", "-b", "feat", join(top, "proj", "feat"));
    return {
      [bare]: { repo: bare, branch: "main", name: "proj" },
      [join(top, "proj", "main")]: { repo: bare, branch: "main", name: "proj-main" },
      [join(top, "proj", "feat")]: { repo: bare, branch: "feat", name: "proj-feat" },
    };
  },
  "the same with a .git file beside it, as git worktrees are often kept"(top) {
    repository(join(top, "source"));
    const proj = join(top, "proj");
    git(top, "clone", "--bare", "source", join(proj, ".bare"));
    writeFileSync(join(proj, ".git"), "gitdir: ./.bare\n");
    git(proj, "worktree", "add", join(proj, "main"), "main");
    return {
      [proj]: { repo: proj, branch: "main", name: "proj" },
      [join(proj, "main")]: { repo: proj, branch: "main", name: "proj-main" },
    };
  },
  "worktrees of proj.git, and of a bare proj/.git"(top) {
    repository(join(top, "source"));
    git(top, "clone", "--bare", "source", "one.git");
    git(join(top, "one.git"), "worktree", "add", "-b", "a", join(top, "trees", "a"));
    git(top, "clone", "--bare", "source", "two/.git");
    git(join(top, "two"), "worktree", "add", "-b", "b", join(top, "two", "b"));
    return {
      [join(top, "one.git")]: { repo: join(top, "one.git"), branch: "main", name: "one" },
      [join(top, "trees", "a")]: { repo: join(top, "one.git"), branch: "a", name: "one-a" },
      [join(top, "two", "b")]: { repo: join(top, "two"), branch: "b", name: "two-b" },
    };
  },
  "a submodule and a worktree of it"(top) {
    repository(join(top, "library"));
    const app = repository(join(top, "app"));
    git(app, "submodule", "add", "-b", "main", join(top, "library"), "lib/cards");
    const sub = join(app, "lib", "cards");
    git(sub, "worktree", "add", "-b", "new", join(top, "cards-new"));
    return {
      [app]: { repo: app, branch: "main", name: "app" },
      [sub]: { repo: sub, branch: "main", name: "cards" },
      [join(top, "cards-new")]: { repo: sub, branch: "new", name: "cards-new" },
    };
  },
  "a repository whose folder lies elsewhere, and a worktree of it"(top) {
    mkdirSync(join(top, "work"));
    const folder = join(top, "folders", "engine.git");
    mkdirSync(join(top, "folders"));
    git(join(top, "work"), "init", "-b", "main", "--separate-git-dir", folder);
    git(join(top, "work"), "commit", "--allow-empty", "-m", "one");
    git(join(top, "work"), "worktree", "add", "-b", "x", join(top, "x"));
    return {
      [join(top, "work")]: { repo: folder, branch: "main", name: "work" },
      [join(top, "x")]: { repo: folder, branch: "x", name: "engine-x" },
    };
  },
  "a branch without a commit, and a head that is on none"(top) {
    const unborn = join(top, "unborn");
    mkdirSync(unborn);
    git(unborn, "init", "-b", "first");
    const detached = repository(join(top, "detached"));
    git(detached, "checkout", "--detach");
    return {
      [unborn]: { repo: unborn, branch: "first", name: "unborn" },
      [detached]: { repo: detached, branch: undefined, name: "detached" },
    };
  },
  "a way to it through a symbolic link"(top) {
    const main = repository(join(top, "real"));
    symlinkSync(main, join(top, "link"));
    git(main, "worktree", "add", "-b", "w", join(top, "w"));
    return {
      [join(top, "link")]: { repo: main, branch: "main", name: "real" },
      [join(top, "w")]: { repo: main, branch: "w", name: "real-w" },
    };
  },
  "no repository, and something called .git that is none"(top) {
    mkdirSync(join(top, "notes"));
    mkdirSync(join(top, "odd", ".git"), { recursive: true });
    mkdirSync(join(top, "broken"));
    writeFileSync(join(top, "broken", ".git"), "gitdir: /nowhere/at/all\n");
    const seen = { repo: undefined, branch: undefined };
    return {
      [join(top, "notes")]: { ...seen, name: "notes" },
      [join(top, "odd")]: { ...seen, name: "odd" },
      [join(top, "broken")]: { ...seen, name: "broken" },
    };
  },
};

describe("a place", () => {
  test.each(Object.keys(layouts))("%s, by git and by its files alone", async (name) => {
    using temp = tempDir();
    const seen = layouts[name]?.(temp.path) ?? {};
    for (const [directory, expected] of Object.entries(seen)) {
      const byGit = await placeOf(directory, env);
      expect(byGit, directory).toMatchObject({ directory, ...expected });
      expect(await placeOf(directory, withoutGit), `${directory} without git`).toEqual(byGit);
    }
  });

  test.skipIf(!knowsReftables)(
    `of a repository of reftables has its branch${knowsReftables ? "" : " (skipped: this git is older than 2.45)"}`,
    async () => {
      using temp = tempDir();
      git(temp.path, "init", "--ref-format=reftable", "-b", "topic", "tables");
      expect(await placeOf(join(temp.path, "tables"), env)).toMatchObject({ branch: "topic", name: "tables" });
    },
  );

  test("of a repository of reftables that git cannot read has no branch rather than one that is none", async () => {
    using temp = tempDir();
    const main = repository(join(temp.path, "tables"));
    writeFileSync(join(main, ".git", "HEAD"), "ref: refs/heads/.invalid\n");
    writeFileSync(
      join(main, ".git", "config"),
      "[core]\n\trepositoryformatversion = 1\n[extensions]\n\trefStorage = unheard-of\n",
    );
    expect(await placeOf(main, env)).toMatchObject({ repo: main, branch: undefined, summary: "tables" });
  });

  test("is not the one that a hook of git has named in the environment", async () => {
    using temp = tempDir();
    const here = repository(join(temp.path, "here"), "mine");
    const other = repository(join(temp.path, "other"), "theirs");
    const hook = {
      GIT_DIR: join(other, ".git"),
      GIT_WORK_TREE: other,
      GIT_COMMON_DIR: join(other, ".git"),
      GIT_INDEX_FILE: join(other, ".git", "index"),
      GIT_PREFIX: "",
      GIT_CONFIG_COUNT: "1",
      GIT_CONFIG_KEY_0: "core.worktree",
      GIT_CONFIG_VALUE_0: other,
    };
    expect(await placeOf(here, { ...env, ...hook })).toMatchObject({ repo: here, branch: "mine", name: "here" });
    writeFileSync(join(here, "only-here"), "");
    const signal = new AbortController().signal;
    const state = await gitState({ directory: here, environment: { ...env, ...hook }, signal });
    expect(state.changed).toEqual(["only-here"]);
  });

  test("is seen in time, whatever git does", async () => {
    using temp = tempDir();
    const here = repository(join(temp.path, "here"), "mine");
    const bin = join(temp.path, "bin");
    mkdirSync(bin);
    const ways = {
      hangs: "sleep 60",
      "hangs and cannot be asked to end": "trap '' TERM INT HUP; sleep 60 & wait",
      fails: "exit 128",
      "is killed": "kill -9 $$",
      "says much": "yes",
      "says something else": "echo hello; echo world; echo again",
    };
    for (const [way, script] of Object.entries(ways)) {
      writeFileSync(join(bin, "git"), `#!/bin/sh\n${script}\n`);
      chmodSync(join(bin, "git"), 0o755);
      const ms = stopwatch();
      const place = await placeOf(here, { ...env, PATH: `${bin}:${env.PATH}` });
      expect(place, way).toMatchObject({ repo: here, branch: "mine", name: "here" });
      assertInTime(ms(), 2_000);
    }
  });

  test("that is gone, or the root, is still one", async () => {
    using temp = tempDir();
    const gone = join(temp.path, "gone");
    mkdirSync(gone);
    rmSync(gone, { recursive: true });
    expect(await placeOf(gone, env)).toMatchObject({ directory: gone, name: "gone", title: "gone", summary: "gone" });
    if (!existsSync("/.git")) expect((await placeOf("/", env)).name).toBe("agent");
  });

  const root = process.getuid?.() === 0;
  test.skipIf(!root)(
    `of another user's repository, which git refuses, is read from its files${root ? "" : " (skipped: needs root)"}`,
    async () => {
      using temp = tempDir();
      const theirs = repository(join(temp.path, "theirs"), "secret");
      for (const path of [temp.path, theirs, join(theirs, ".git")]) chownSync(path, 65_534, 65_534);
      expect(() => git(theirs, "rev-parse")).toThrow();
      expect(await placeOf(theirs, env)).toMatchObject({ repo: theirs, branch: "secret", name: "theirs" });
    },
  );
});

describe("a name", () => {
  // What these are called is a promise: another version of the library that changes one changes who is who.
  test.each([
    ["Müller", "muller"],
    ["Mu\u0308ller", "muller"],
    ["Größe", "grosse"],
    ["Überraschung", "uberraschung"],
    ["İstanbul Ølstykke Łódź Đà Nẵng", "istanbul-olstykke-lodz-da-nang"],
    ["Покер-движок", "poker-dvizhok"],
    ["Київ", "kiiv"],
    ["Αθήνα", "athina"],
    ["北京", "beijing"],
    ["機械学習", "jixiexuexi"],
    ["とうきょう", "toukiyou"],
    ["トウキョウ", "toukiyou"],
    ["서울", "seoul"],
    ["서울".normalize("NFD"), "seoul"],
    ["مشروع", "mshrw"],
    ["משחק", "mshk"],
    ["प्रोजेक्ट", "projekt"],
    ["ไทย", "aithy"],
    ["ქართული", "kartuli"],
    ["🚀", "rocket"],
    ["👩\u200d👧 family", "woman-girl-family"],
    ["北京 api (v2)", "beijing-api-v2"],
    ["Ａｐｉ", "api"],
    ["人", "ren"],
    ["…", "agent-c217"],
    ["\ue000", "agent-4335"],
    ["", "agent"],
    ["human", "human-agent"],
  ])("after %j is %s", (text, name) => {
    expect(nameAfter(text)).toBe(name);
  });

  test("without a letter in it is another for another text", () => {
    const names = ["…", "—", "\ue000", "\ue001", "((()))", "___"].map(nameAfter);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^agent-[0-9a-f]{4}$/);
  });
});

test("settings come from the environment, and a wrong value is corrected with a sentence", () => {
  expect(resolveConfig({ HOME: "/home/ada" }, "/here")).toEqual({
    config: {
      home: "/home/ada/.agentmesh",
      url: undefined,
      name: undefined,
      push: "auto",
      canary: "on",
      summary: "git",
      model: undefined,
      logLevel: "info",
      claudeProject: undefined,
      workspaceFolders: undefined,
      claudeSocket: undefined,
      claudeToken: undefined,
      claudeHome: undefined,
      codexHome: undefined,
      signWithinMs: 20_000,
      directory: "/here",
      environment: { HOME: "/home/ada" },
    },
    warnings: [],
  });
  const { config, warnings } = resolveConfig(
    { AGENTMESH_HOME: "/state", AGENTMESH_PUSH: "tmux", AGENTMESH_NAME: "root", CLAUDE_PROJECT_DIR: "/project" },
    "/here",
  );
  expect(config).toMatchObject({
    home: "/state",
    push: "auto",
    name: "root-agent",
    directory: "/here",
    claudeProject: "/project",
  });
  expect(warnings).toEqual([
    "AGENTMESH_NAME is refused: this name is reserved, choose another. root-agent is used.",
    'AGENTMESH_PUSH takes auto, none, or of claude-inbox, claude-channel, claude-hooks, codex-queue, codex-hooks, gemini-hooks, copilot-extension, copilot-hooks, qwen-inbox, qwen-hooks some, separated by commas, not "tmux". auto is used.',
  ]);
  expect(resolveConfig({ AGENTMESH_PUSH: "claude-inbox" }, "/here").warnings).toHaveLength(1);
  expect(resolveConfig({ AGENTMESH_PUSH: "codex-hooks, codex-queue" }, "/here")).toMatchObject({
    config: { push: ["codex-hooks", "codex-queue"] },
    warnings: [],
  });
  expect(resolveConfig({ AGENTMESH_SIGN_MS: "soon" }, "/here").config.signWithinMs).toBe(20_000);
});
