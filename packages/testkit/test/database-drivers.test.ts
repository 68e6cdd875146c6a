/** A broker where better-sqlite3 does not load, or nothing does: it serves by Node's own SQLite, or says once what is missing. */
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect, ensureBroker, openStateFolder, readMeshKey } from "@agentmesh/client/node";
import {
  addonTroubles,
  canMount,
  cleanEnv,
  freePort,
  type McpSession,
  programArgs,
  programPath,
  runProgram,
  startMcpSession,
  startTestBroker,
  tempDir,
  underMounts,
  until,
  withoutWaits,
} from "testkit";
import { describe, expect, test } from "vitest";

const mountable = canMount();
const unless = mountable ? "" : " (skipped: needs root, or user namespaces with mounts)";

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end; what it leaves behind keeps no pipe of it open. */
function run(command: readonly string[], env: NodeJS.ProcessEnv): Promise<Ended> {
  const [program = "", ...args] = command;
  return new Promise((resolve) => {
    const child = execFile(program, args, { env }, (_, stdout, stderr) =>
      resolve({ code: child.exitCode, stdout, stderr: withoutWaits(stderr) }),
    );
  });
}

/** What a tool says once the broker's start is over: a call does not wait for that long on a machine that is busy. */
function whyNot(session: McpSession) {
  return until(async () => {
    const answer = await session.tool("whoami");
    return answer.text.includes("exit code") ? answer : undefined;
  }, "the broker to have ended");
}

/** A state folder, a port, and the command line there under mounts. */
async function site(mounts: string) {
  const home = tempDir();
  const port = await freePort();
  const env = cleanEnv({ AGENTMESH_HOME: home.path, AGENTMESH_PORT: String(port) });
  const folder = openStateFolder(home.path);
  const url = `http://127.0.0.1:${port}`;
  return {
    home: home.path,
    port,
    env,
    folder,
    url,
    under: underMounts(mounts),
    cli: (...args: string[]) => run([...underMounts(mounts), process.execPath, ...programArgs("cli", args)], env),
    admin: () => connect({ folder, token: readMeshKey(folder) ?? "", url }),
    async [Symbol.asyncDispose]() {
      await runProgram("cli", ["down"], { env });
      home[Symbol.dispose]();
    },
  };
}

describe.skipIf(!mountable)(`where the addon of better-sqlite3 does not load${unless}`, () => {
  test.each(addonTroubles)(
    "because $name: the broker serves by Node's own SQLite, and says why",
    async ({ mounts, why }) => {
      using files = tempDir();
      await using at = await site(mounts(files.path));
      const up = await at.cli("up");
      expect(up).toMatchObject({ code: 0, stderr: "" });
      const { storage } = await at.admin().status();
      expect(storage.driver).toEqual({
        name: "node-sqlite",
        sqlite: expect.stringMatching(/^3\./),
        why: expect.stringMatching(why),
      });
      expect((await at.cli("status")).stdout).toMatch(/^database +opened by Node's own SQLite 3\..*, because/m);
      const told = readFileSync(at.folder.logFile, "utf8").match(/"msg":"store.driver"/g);
      expect(told).toHaveLength(1);
    },
  );

  test("messages that were accepted there are read by the next broker, whose addon loads again, to and fro", async () => {
    using files = tempDir();
    const half = addonTroubles[0]?.mounts(files.path) ?? "";
    await using at = await site(half);
    expect((await at.cli("up")).code).toBe(0);
    const names = ["ann", "ben"];
    const tokens = await Promise.all(names.map(async (name) => (await at.admin().register({ name })).token ?? ""));
    const [ann, ben] = tokens.map((token) => connect({ folder: at.folder, token, url: at.url }));
    await ann?.send({ to: "ben", body: "under the substitute" });
    await runProgram("cli", ["down"], { env: at.env });

    const mended = await ensureBroker({
      folder: at.folder,
      address: { url: at.url, local: true },
      brokerBin: programPath("broker"),
      byPerson: true,
    });
    expect(mended.started).toBe(true);
    // What died over the damaged file is remembered as long as that file is there: it is the same one, whole again.
    expect((await at.admin().status()).storage.driver?.why).toContain(join(at.home, "addon.loading"));
    await runProgram("cli", ["down"], { env: at.env });
    await run(["rm", join(at.home, "addon.loading")], at.env);
    expect((await runProgram("cli", ["up"], { env: at.env })).code).toBe(0);
    expect((await at.admin().status()).storage.driver).toEqual({
      name: "better-sqlite3",
      sqlite: expect.stringMatching(/^3\./),
    });
    const { deliveries } = (await ben?.lease({ max: 5 })) ?? { deliveries: [] };
    expect(deliveries.map(({ message }) => message.body)).toEqual(["under the substitute"]);
    expect(existsSync(join(at.home, "addon.loading"))).toBe(false);
  });

  test("and one broker serves a state folder, whichever library each of two would use", async () => {
    await using broker = await startTestBroker();
    const env = cleanEnv({ AGENTMESH_HOME: broker.home, AGENTMESH_SQLITE_DRIVER: "node-sqlite" });
    expect(await runProgram("broker", ["--port", "0"], { env })).toMatchObject({ code: 3 });
    await broker.kill("SIGTERM");
    await using other = await startTestBroker({
      home: broker.home,
      env: { AGENTMESH_SQLITE_DRIVER: "node-sqlite" },
    });
    const first = cleanEnv({ AGENTMESH_HOME: other.home });
    expect(await runProgram("broker", ["--port", "0"], { env: first })).toMatchObject({ code: 3 });
  });

  test("and Node has no SQLite either: one sentence that names both and what to do, exit code 72, no stack", async () => {
    using files = tempDir();
    using home = tempDir();
    const mounts = addonTroubles.find(({ name }) => name.includes("without exec"))?.mounts(files.path) ?? "";
    const ended = await run(
      [...underMounts(mounts), process.execPath, "--no-experimental-sqlite", ...programArgs("broker", ["--port", "0"])],
      cleanEnv({ AGENTMESH_HOME: home.path }),
    );
    expect(ended.code).toBe(72);
    expect(ended.stderr).toMatch(
      /^agentmesh-broker: The broker cannot open a database here\. .*failed to map segment.*built without SQLite.*Install agentmesh again.*\n$/,
    );
    expect(ended.stdout + ended.stderr).not.toContain("    at ");
  });

  test("and it alone was asked for: command line and adapter say so in the broker's words, and the adapter waits for a call", async () => {
    using files = tempDir();
    const mounts = addonTroubles.find(({ name }) => name.includes("without exec"))?.mounts(files.path) ?? "";
    await using at = await site(mounts);
    mkdirSync(at.home, { recursive: true });
    writeFileSync(join(at.home, "config.json"), JSON.stringify({ sqliteDriver: "better-sqlite3" }));
    const up = await at.cli("up");
    expect(up.code).toBe(3);
    expect(up.stderr).toContain("better-sqlite3 was asked for");
    expect(up.stderr).not.toContain('{"');
    await using session = await startMcpSession({
      home: at.home,
      cwd: files.path,
      under: at.under,
      env: { AGENTMESH_PORT: String(at.port) },
    });
    const { text, isError } = await whyNot(session);
    expect(isError).toBe(true);
    expect(text).toContain("better-sqlite3 was asked for");
    expect(text).not.toMatch(/goes on trying|\{"/);
  });
});

const lasting: [what: string, code: number, spoil: (home: string) => void][] = [
  ["a setting that is none", 2, (home) => writeFileSync(join(home, "config.json"), '{ "sqliteDriver": "mysql" }')],
  ["a database that is damaged", 74, (home) => writeFileSync(join(home, "mesh.db"), Buffer.alloc(20_000, 7))],
];
test.each(lasting)(
  "an adapter whose broker cannot start over %s (exit code %i) tries it with each tool call and not by itself",
  async (_, code, spoil) => {
    using home = tempDir();
    using cwd = tempDir();
    spoil(home.path);
    const port = await freePort();
    await using session = await startMcpSession({
      home: home.path,
      cwd: cwd.path,
      env: { AGENTMESH_PORT: String(port) },
    });
    const starts = () =>
      readFileSync(join(home.path, "broker.log"), "utf8").split(/"broker\.refused"|agentmesh-broker: /).length - 1;
    const first = await whyNot(session);
    expect(first.text).toContain(`exit code ${code}`);
    expect(first.text).toMatch(/call the tool again\.$/);
    expect(first.text).not.toContain("goes on trying");
    const before = starts();
    const second = await whyNot(session);
    expect(second.text).toBe(first.text);
    expect(starts()).toBeGreaterThan(before);
    expect(session.stderr()).toContain("with the next tool call");
    expect(session.stderr()).not.toContain("by itself");
  },
);

test("a command line in a Node without SQLite says so in a sentence, and is no bug", async () => {
  using home = tempDir();
  const ended = await run(
    [process.execPath, "--no-experimental-sqlite", ...programArgs("cli", ["up"])],
    cleanEnv({ AGENTMESH_HOME: home.path, AGENTMESH_PORT: String(await freePort()) }),
  );
  expect(ended.code).toBe(1);
  expect(ended.stderr).toMatch(/^error: The Node at .* was built without SQLite.*Use a Node 22\.18 or newer.*\n$/);
});
