/** The state folder as every program reads it: in the home folder and never in the project, or refused with a sentence. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what no shell has expanded is the subject
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import {
  cleanEnv,
  freePort,
  programArgs,
  runProgram,
  startMcpSession,
  type TempDir,
  tempDir,
  until,
  whyNoOtherUser,
} from "testkit";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ended } from "./ended.ts";

let folder: TempDir;
let project: string;
let env: Record<string, string>;
beforeEach(async () => {
  folder = tempDir();
  project = join(folder.path, "project");
  mkdirSync(project);
  env = { HOME: folder.path, AGENTMESH_PORT: String(await freePort()), AGENTMESH_BALLAST_BYTES: "0" };
});
afterEach(() => folder[Symbol.dispose]());

const cli = (args: readonly string[], more: Record<string, string>) =>
  runProgram("cli", args, { cwd: project, env: cleanEnv({ ...env, ...more }) });

describe.each(["~/mesh", "$HOME/mesh", "${HOME}/mesh\n"])("AGENTMESH_HOME=%j", (AGENTMESH_HOME) => {
  test("is one folder below home for adapter, broker, hook and command line", async () => {
    await using session = await startMcpSession({
      home: AGENTMESH_HOME,
      cwd: project,
      env: { ...env, AGENTMESH_NAME: "homed", AGENTMESH_PUSH: "claude-hooks", CLAUDE_CODE_SESSION_ID: "ses-homed" },
    });
    try {
      expect(await session.joined()).toBe("homed");
      expect(await cli(["send", "homed", "read me"], { AGENTMESH_HOME })).toMatchObject({ code: 0 });
      expect(await cli(["agents"], { AGENTMESH_HOME: join(folder.path, "mesh") })).toMatchObject({ code: 0 });
      const input = { hook_event_name: "UserPromptSubmit", session_id: "ses-homed", cwd: project };
      const hook = (args: string[], more: Record<string, string>) =>
        ended(process.execPath, programArgs("mcp", ["hook", "claude", ...args]), cleanEnv({ ...env, ...more }), input);
      const shown = await until(
        async () => (await hook([], { AGENTMESH_HOME })).stdout || undefined,
        "the hook's mail",
      );
      expect(shown).toContain("read me");
      await cli(["send", "homed", "and me"], { AGENTMESH_HOME });
      const again = async () => (await hook(["--home", AGENTMESH_HOME], {})).stdout || undefined;
      expect(await until(again, "the mail by --home")).toContain("and me");
    } finally {
      await cli(["down"], { AGENTMESH_HOME });
    }
    expect(readdirSync(project)).toEqual([]);
    expect(existsSync(join(folder.path, "mesh", "key"))).toBe(true);
  });
});

describe.each(["mesh", "~grace/mesh", "${workspaceFolder}/.mesh"])("AGENTMESH_HOME=%j", (AGENTMESH_HOME) => {
  test("is refused by every program, and no folder is made", async () => {
    const said = `AGENTMESH_HOME is ${JSON.stringify(AGENTMESH_HOME)}: `;
    const up = await cli(["up"], { AGENTMESH_HOME });
    expect(up).toMatchObject({ code: 1, stdout: "" });
    const broker = await runProgram("broker", [], { cwd: project, env: cleanEnv({ ...env, AGENTMESH_HOME }) });
    expect(broker.code).toBe(2);
    await using session = await startMcpSession({ home: AGENTMESH_HOME, cwd: project, env });
    const answer = await session.tool("whoami");
    for (const text of [up.stderr, broker.stderr, answer.text]) {
      expect(text).toContain(said);
      expect(text).toContain("Write the whole path");
      expect(text).not.toMatch(/^\s+at /m);
    }
    expect(answer.isError).toBe(true);
    expect([readdirSync(project), readdirSync(folder.path)]).toEqual([[], ["project"]]);
  });
});

test("a relative --home is taken from where it is typed, and ~ in it from home", async () => {
  for (const [home, path] of [
    ["typed", join(project, "typed")],
    ["~/tilde", join(folder.path, "tilde")],
  ] as const) {
    expect(await cli(["--home", home, "up"], {})).toMatchObject({ code: 0 });
    expect(await cli(["--home", home, "down"], {})).toMatchObject({ code: 0 });
    expect(existsSync(join(path, "key"))).toBe(true);
  }
});

const noUser = whyNoOtherUser();
const STRANGER = "64321";

test.skipIf(noUser)(
  `a user without a home is told what to set, by every program${noUser === undefined ? "" : ` (skipped: ${noUser})`}`,
  async () => {
    const bare = { PATH: process.env.PATH ?? "" };
    const as = (program: "cli" | "broker" | "mcp", args: string[], more: Record<string, string> = {}) =>
      ended(
        "setpriv",
        ["--reuid", STRANGER, "--regid", STRANGER, "--clear-groups", process.execPath, ...programArgs(program, args)],
        { ...bare, ...more },
      );
    for (const { code, stdout, stderr } of [
      await as("cli", ["status"]),
      await as("broker", []),
      await as("cli", ["setup", "--yes"]),
    ]) {
      expect([1, 2]).toContain(code);
      expect(stderr).toMatch(/This user has no home folder.* Set HOME to one, or AGENTMESH_HOME/s);
      expect(stdout + stderr).not.toMatch(/^\s+at |bug/m);
    }
    // What is advised works.
    const AGENTMESH_HOME = join(folder.path, "given");
    mkdirSync(AGENTMESH_HOME);
    chmodSync(folder.path, 0o755);
    chownSync(AGENTMESH_HOME, Number(STRANGER), Number(STRANGER));
    const given = { AGENTMESH_HOME, AGENTMESH_PORT: env.AGENTMESH_PORT ?? "", AGENTMESH_BALLAST_BYTES: "0" };
    expect(await as("cli", ["up"], given)).toMatchObject({ code: 0 });
    expect(await as("cli", ["down"], given)).toMatchObject({ code: 0 });
  },
);
