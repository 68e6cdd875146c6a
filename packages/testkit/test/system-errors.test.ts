/** What the operating system refuses, as people and models see it: file, cause and remedy, never a stack. */
import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, copyFileSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  cleanEnv,
  lastingAnswer,
  programArgs,
  runProgram,
  startMcpSession,
  tempDir,
  until,
  whyNoOtherUser,
  withoutWaits,
} from "testkit";
import { describe, expect, test } from "vitest";

/** Runs the rest of a command line in a directory that was removed under it. */
const removed = (directory: string) => [
  "sh",
  "-c",
  `mkdir "${directory}" && cd "${directory}" && rmdir "${directory}" && exec "$@"`,
  "sh",
];

/** One of our programs after `prefix`, to its end. */
function ended(
  prefix: readonly string[],
  name: "cli" | "broker" | "mcp",
  args: readonly string[],
  home: string,
  input = "",
) {
  const [command = "", ...rest] = [...prefix, process.execPath, ...programArgs(name, args)];
  const env = cleanEnv({ AGENTMESH_HOME: home, AGENTMESH_PORT: "0", HOME: home });
  const { status, stdout, stderr } = spawnSync(command, rest, {
    env,
    input,
    encoding: "utf8",
    timeout: 30_000,
    cwd: "/",
  });
  return { code: status, stdout, stderr: withoutWaits(stderr) };
}

const SENTENCES = / \(E[A-Z0-9]+\)\. [A-Z].*\./;
const NO_STACK = /\n\s+at |node:internal|\bE[A-Z]{3,}: /;

describe("a working directory that was removed", () => {
  test("keeps no adapter from serving: the agent says where it was, once, and hears what to do", async () => {
    using home = tempDir();
    const gone = join(home.path, "worktree");
    const mesh = join(home.path, "mesh");
    await using session = await startMcpSession({
      home: mesh,
      cwd: "/",
      under: removed(gone),
      env: { AGENTMESH_PORT: "0" },
    });
    await session.joined();
    expect(session.stderr()).toContain(`${gone}, where this agent works, does not exist any more`);
    const { data } = await session.tool("whoami");
    expect(JSON.stringify(data)).toContain(gone);
    expect(existsSync(gone)).toBe(false);
    await session.close();
    expect(await runProgram("cli", ["down"], { env: cleanEnv({ AGENTMESH_HOME: mesh }) })).toMatchObject({ code: 0 });
  });

  test("keeps no command, broker or hook from working", () => {
    using home = tempDir();
    const [gone, mesh] = [removed(join(home.path, "gone")), join(home.path, "mesh")];
    for (const args of [
      ["up"],
      ["status"],
      ["send", "cli", "hello"],
      ["agents"],
      ["inbox", "cli"],
      ["uninstall", "--dry-run"],
      ["down"],
    ]) {
      const { code, stderr } = ended(gone, "cli", args, mesh);
      expect({ args, code, stderr: stderr.replace(/^warning: .*\n/, "") }).toMatchObject({ code: 0, stderr: "" });
    }
    expect(ended(gone, "broker", ["config"], mesh)).toMatchObject({ code: 0, stderr: "" });
    const hook = ended(gone, "mcp", ["hook", "claude"], mesh, '{"session_id":"s","hook_event_name":"Stop"}');
    expect(hook).toMatchObject({ code: 0, stderr: "" });
    for (const args of [
      ["setup", "--project", "--dry-run"],
      ["status", "--home", "relative"],
    ]) {
      const refused = ended(gone, "cli", args, mesh);
      expect(refused.code).not.toBe(70);
      expect(refused.stderr).toMatch(
        /^error: The working directory cannot be found: it was removed .* \(ENOENT\)\. Change into/,
      );
    }
  });
});

const USER = 4_201;
const asUser = ["setpriv", `--reuid=${USER}`, `--regid=${USER}`, "--clear-groups"];
const noUser = whyNoOtherUser();

/** A way to break the state folder `mesh` in `dir`, and what is said then. `mend` undoes it. */
interface Breakage {
  readonly code: string;
  break(mesh: string, dir: string): void;
  mend(mesh: string, dir: string): void;
}

const folderInPlaceOf = (name: string): Breakage => ({
  code: "EISDIR",
  break: (mesh) => mkdirSync(join(mesh, name, "x"), { recursive: true }),
  mend: (mesh) => rmSync(join(mesh, name), { recursive: true }),
});

const breakages: Readonly<Record<string, Breakage>> = {
  "belongs to another user": {
    code: "EACCES",
    break: (mesh) => chmodSync(mesh, 0o755),
    mend: (mesh) => chownSync(mesh, USER, USER),
  },
  "is in a folder that may not be entered": {
    code: "EACCES",
    break: (_, dir) => chmodSync(dir, 0o700),
    mend(mesh, dir) {
      chmodSync(dir, 0o755);
      chownSync(mesh, USER, USER);
    },
  },
  "is below a file": {
    code: "ENOTDIR",
    break(mesh) {
      rmSync(mesh, { recursive: true });
      writeFileSync(mesh, "");
    },
    mend(mesh) {
      rmSync(mesh);
      mkdirSync(mesh);
      chownSync(mesh, USER, USER);
    },
  },
  "is a link to itself": {
    code: "ELOOP",
    break(mesh) {
      rmSync(mesh, { recursive: true });
      symlinkSync(mesh, mesh);
    },
    mend(mesh) {
      rmSync(mesh);
      mkdirSync(mesh);
      chownSync(mesh, USER, USER);
    },
  },
  "is on a disk mounted read-only": {
    code: "EROFS",
    break: (mesh) => expect(spawnSync("mount", ["-t", "tmpfs", "-o", "ro", "tmpfs", mesh]).status).toBe(0),
    mend(mesh) {
      spawnSync("umount", [mesh]);
      chownSync(mesh, USER, USER);
    },
  },
  // Many files at once, and other ways to be wrong: refusals.test.ts.
  "has a folder in place of the key": folderInPlaceOf("key"),
  "has a folder in place of the database": folderInPlaceOf("mesh.db"),
  "has a folder in place of the broker's lock": folderInPlaceOf("broker.lock"),
  "has a folder in place of the starter's lock": folderInPlaceOf("start.lock"),
  "has a folder in place of the log": folderInPlaceOf("broker.log"),
  "has a folder in place of the announcement": folderInPlaceOf("broker.json"),
};

describe.skipIf(noUser)(
  `a state folder${noUser === undefined ? "" : ` (skipped: ${noUser})`}`,
  { timeout: 180_000 },
  () => {
    test.each(Object.entries(breakages))(
      "that %s is said with file, cause and remedy, and works when that is mended",
      async (_, breakage) => {
        using home = tempDir();
        chmodSync(home.path, 0o755);
        const dir = join(home.path, "parent");
        const mesh = join(dir, "mesh");
        mkdirSync(mesh, { recursive: true });
        if (breakage.code === "EISDIR") chownSync(mesh, USER, USER);
        breakage.break(mesh, dir);
        spawnSync("chown", ["-R", `${USER}:${USER}`, ...(breakage.code === "EISDIR" ? [mesh] : [])]);
        try {
          const up = ended(asUser, "cli", ["up"], mesh);
          expect(up.code).toBeGreaterThan(0);
          expect(up.code).toBeLessThan(70);
          expect(up.stderr).toContain(`(${breakage.code})`);
          expect(up.stderr).toMatch(SENTENCES);
          expect(up.stderr).toContain(mesh);
          expect(up.stderr).not.toMatch(NO_STACK);
          expect(up.stderr).not.toContain("{");

          const inside = [...asUser];
          await using session = await startMcpSession({
            home: mesh,
            cwd: "/",
            under: inside,
            env: { HOME: "/", AGENTMESH_PORT: "0" },
          });
          const answer = await lastingAnswer(session, "list_peers");
          expect(answer.isError).toBe(true);
          expect(answer.text).toContain(`(${breakage.code})`);
          expect(answer.text).toContain("Tell the person you work for; when that is mended");
          expect(answer.text).not.toMatch(NO_STACK);
          expect(session.stderr()).not.toMatch(/\n\s+at |node:internal/);

          breakage.mend(mesh, dir);
          await session.joined();
          await session.close();
          expect(ended(asUser, "cli", ["down"], mesh)).toMatchObject({ code: 0 });
        } finally {
          spawnSync("umount", ["-q", mesh]);
        }
      },
    );

    test("whose disk has no room for a first start says so, and how much that needs is no riddle", () => {
      using home = tempDir();
      chmodSync(home.path, 0o755);
      const mesh = join(home.path, "mesh");
      mkdirSync(mesh);
      expect(
        spawnSync("mount", ["-t", "tmpfs", "-o", `size=16k,uid=${USER},gid=${USER},mode=700`, "tmpfs", mesh]).status,
      ).toBe(0);
      try {
        const up = ended(asUser, "cli", ["up"], mesh);
        expect(up.code).toBeLessThan(70);
        expect(up.stderr).toMatch(/is full|\(ENOSPC\)/);
        expect(up.stderr).toMatch(/[Ff]ree space/);
        expect(up.stderr).not.toMatch(NO_STACK);
      } finally {
        spawnSync("umount", [mesh]);
      }
    });
  },
);

describe("a program", () => {
  test("that cannot write its output or read its input says so, and is no bug", () => {
    using home = tempDir();
    const full = ended(["sh", "-c", 'exec "$@" >/dev/full', "sh"], "cli", ["--help"], home.path);
    expect(full.code).toBe(1);
    expect(full.stderr).toMatch(/^error: The output cannot be written: the disk is full.* \(ENOSPC\)/);
    const send = ended(["sh", "-c", 'exec "$@" 0>/dev/null', "sh"], "cli", ["send", "x"], home.path);
    expect(send.code).toBe(2);
    expect(send.stderr).toMatch(/^error: Standard input cannot be read: it is not open for that \(EBADF\)/);
  });

  test.each([24, 25, 26, 28])(
    "that may open %i files says that it is too few, not that the database is damaged",
    (files) => {
      using home = tempDir();
      const prefix = ["sh", "-c", `ulimit -n ${files}; exec "$@"`, "sh"];
      const { code, stderr } = ended(prefix, "broker", ["--port", "0"], home.path);
      expect(code).toBe(75);
      expect(stderr).toMatch(/\((EMFILE|SQLITE_CANTOPEN)\)\. If it stays so, .*\(ulimit -n\)/);
      expect(stderr).not.toMatch(NO_STACK);
    },
  );
});

test("an adapter whose own Node was updated away says that, not that the broker is missing", async () => {
  using home = tempDir();
  const node = join(home.path, "node");
  copyFileSync(process.execPath, node);
  chmodSync(node, 0o755);
  const mesh = join(home.path, "mesh");
  const inside = ["sh", "-c", `shift; exec "${node}" "$@"`, "sh"];
  await using session = await startMcpSession({
    home: mesh,
    cwd: home.path,
    under: inside,
    env: { AGENTMESH_PORT: "0" },
  });
  rmSync(node);
  const answer = await lastingAnswer(session, "list_peers");
  expect(answer.text).toMatch(/The Node that runs this program, .*, is gone: it was updated or removed/);
  expect(answer.text).toContain("Tell the person you work for; when that is mended");
});

test("an adapter joins by itself, without a tool call, once a person has done what it said", async () => {
  using home = tempDir();
  const mesh = join(home.path, "mesh");
  writeFileSync(mesh, "");
  await using session = await startMcpSession({ home: mesh, cwd: home.path, env: { AGENTMESH_PORT: "0" } });
  expect((await lastingAnswer(session, "list_peers")).text).toContain("(ENOTDIR)");
  rmSync(mesh);
  await until(() => session.stderr().includes("session.joined"), "the adapter to join", 40_000);
  await session.close();
  expect(await runProgram("cli", ["down"], { env: cleanEnv({ AGENTMESH_HOME: mesh }) })).toMatchObject({ code: 0 });
});
