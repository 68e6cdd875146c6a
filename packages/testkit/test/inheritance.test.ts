/** What a broker that is started by itself inherits of its starter: what it needs, and nothing that is the starter's own. */
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cleanEnv, freePort, runProgram, startMcpSession, startProgram, tempDir } from "testkit";
import { describe, expect, test } from "vitest";
import * as z from "zod";

const onLinux = process.platform === "linux";

/** A project whose Node is told to load a file of its own, a state folder, and a free port. */
async function scene() {
  const folder = tempDir();
  const [home, project] = [join(folder.path, "home"), join(folder.path, "project")];
  mkdirSync(project);
  writeFileSync(join(project, "instrument.mjs"), "globalThis.instrumented = true;");
  writeFileSync(join(project, "instrument.cjs"), "globalThis.instrumented = true;");
  const env = { AGENTMESH_HOME: home, AGENTMESH_PORT: String(await freePort()), AGENTMESH_BALLAST_BYTES: "0" };
  return {
    ...{ home, project, env },
    broker: () => z.object({ pid: z.int() }).parse(JSON.parse(readFileSync(join(home, "broker.json"), "utf8"))).pid,
    async [Symbol.asyncDispose]() {
      await runProgram("cli", ["down"], { env: cleanEnv(env) });
      folder[Symbol.dispose]();
    },
  };
}

const NODE_OPTIONS = [
  "--import ./instrument.mjs",
  "--require ./instrument.cjs",
  "--inspect=127.0.0.1:0 --max-old-space-size=200",
  "--disable-proto=throw --no-deprecation --trace-uncaught",
];

describe("a project's NODE_OPTIONS", () => {
  test.each(NODE_OPTIONS)("%s keep no adapter's broker from starting", async (options) => {
    await using at = await scene();
    await using session = await startMcpSession({
      home: at.home,
      cwd: at.project,
      env: { ...at.env, AGENTMESH_NAME: "told", NODE_OPTIONS: options },
    });
    expect(await session.joined()).toBe("told");
  });

  test.each(NODE_OPTIONS)("%s do not keep `agentmesh up` from starting one", async (options) => {
    await using at = await scene();
    const env = cleanEnv({ ...at.env, NODE_OPTIONS: options });
    expect(await runProgram("cli", ["up"], { env, cwd: at.project })).toMatchObject({ code: 0 });
  });
});

const SECRETS = {
  NODE_OPTIONS: "--import ./instrument.mjs",
  NODE_TLS_REJECT_UNAUTHORIZED: "0",
  NODE_PATH: "/nowhere",
  NODE_V8_COVERAGE: "",
  VSCODE_INSPECTOR_OPTIONS: "{}",
  ANTHROPIC_API_KEY: "sk-ant",
  CLAUDE_CODE_MESSAGING_TOKEN: "token",
  GITHUB_TOKEN: "ghp",
  AWS_SECRET_ACCESS_KEY: "aws",
  DATABASE_URL: "postgres://secret",
  HTTP_PROXY: "http://127.0.0.1:9",
  GIT_DIR: "/nowhere/.git",
  LD_PRELOAD: "",
  BASH_ENV: "/nowhere",
  AGENTMESH_NAME: "somebody",
  AGENTMESH_PUSH: "none",
  AGENTMESH_SUMMARY_URL: "http://127.0.0.1:9",
};
const KEPT = {
  LC_ALL: "C.UTF-8",
  TZ: "UTC",
  XDG_RUNTIME_DIR: "/tmp",
  NODE_EXTRA_CA_CERTS: "",
  AGENTMESH_MAX_HOPS: "7",
  CLAUDE_PEERS_PORT: "8",
};

test.skipIf(!onLinux)("a broker has of its starter's environment what is allowed (needs /proc)", async () => {
  await using at = await scene();
  const env = cleanEnv({ ...at.env, ...SECRETS, ...KEPT });
  expect(await runProgram("cli", ["up"], { env, cwd: at.project })).toMatchObject({ code: 0 });
  const entries = readFileSync(`/proc/${at.broker()}/environ`, "utf8").split("\0").filter(Boolean);
  const names = entries.map((entry) => entry.slice(0, entry.indexOf("=")));
  expect(entries).toEqual(expect.arrayContaining(Object.entries(KEPT).map(([name, value]) => `${name}=${value}`)));
  expect(entries).toContain(`PATH=${process.env.PATH}`);
  expect(entries).toContain(`AGENTMESH_HOME=${at.home}`);
  expect(names.filter((name) => name in SECRETS)).toEqual([]);
  const known = /^(PATH|HOME|USER|LOGNAME|SHELL|TZ|LANG|LANGUAGE|TMPDIR|TMP|TEMP|(LC|XDG|AGENTMESH|CLAUDE_PEERS)_.*)$/;
  const others = names.filter(
    (name) => !known.test(name) && !/^(LD_LIBRARY_PATH|NODE_EXTRA_CA_CERTS|SSL_CERT_(FILE|DIR)|NIX_LD.*)$/.test(name),
  );
  expect(others).toEqual([]);
});

test.skipIf(!onLinux)(
  "a broker has its own session and folder, and none of its starter's files (needs /proc)",
  async () => {
    await using at = await scene();
    const file = openSync(join(at.project, "held"), "w");
    const starting = startProgram("cli", ["up"], {
      ...{ cwd: at.project, env: cleanEnv(at.env) },
      stdio: ["pipe", "pipe", "pipe", file, file, file],
    });
    expect(await starting.exit).toMatchObject({ code: 0 });
    closeSync(file);
    const pid = at.broker();
    const [, fields = ""] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ");
    const [, , group, session] = fields.split(" ").map(Number);
    expect([group, session]).toEqual([pid, pid]);
    expect(readlinkSync(`/proc/${pid}/cwd`)).toBe(at.home);
    const files = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
    expect(files).toContain(join(at.home, "mesh.db"));
    expect(files.filter((path) => path.startsWith(at.project))).toEqual([]);
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    expect(/^Umask:\s*(\d+)/m.exec(status)?.[1]).toBe("0077");
    expect(/^SigBlk:\s*([0-9a-f]+)/m.exec(status)?.[1]).toBe("0000000000000000");
  },
);
