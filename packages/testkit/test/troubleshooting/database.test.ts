/** docs/troubleshooting/database.md: what is seen where the library that opens the database does not load. */
import { execFile } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import {
  addonTroubles,
  canMount,
  cleanEnv,
  commandScreen,
  freePort,
  linesWith,
  logScreen,
  type McpSession,
  programArgs,
  runProgram,
  startMcpSession,
  tempDir,
  toolScreen,
  troublePage,
  troublePath,
  underMounts,
  until,
} from "testkit";
import { expect, test } from "vitest";

const mountable = canMount();
const fromBroker = createRequire(new URL("../../../broker/package.json", import.meta.url));
const installed = dirname(fromBroker.resolve("better-sqlite3/package.json"));

function run(command: readonly string[], env: NodeJS.ProcessEnv) {
  const [program = "", ...args] = command;
  return new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
    const child = execFile(program, args, { env }, (_, stdout, stderr) =>
      resolve({ code: child.exitCode, stdout, stderr }),
    );
  });
}

/** What a tool says once the broker's start is over: a call does not wait for that long on a machine that is busy. */
function whyNot(session: McpSession, tool: string) {
  return until(async () => {
    const answer = await session.tool(tool);
    return answer.text.includes("exit code") ? answer : undefined;
  }, "the broker to have ended");
}

test.skipIf(!mountable)(
  `docs/troubleshooting/database.md is what the programs say when an addon does not load${mountable ? "" : " (skipped: needs root, or user namespaces with mounts)"}`,
  async () => {
    using home = tempDir();
    using files = tempDir();
    const port = await freePort();
    const env = cleanEnv({ AGENTMESH_HOME: home.path, AGENTMESH_PORT: String(port) });
    const [half, noExec] = ["half of its file", "without exec"].map((part) => {
      const trouble = addonTroubles.find(({ name }) => name.includes(part));
      return underMounts(trouble?.mounts(join(files.path, part.replaceAll(" ", "-"))) ?? "");
    });
    const cli = (under: readonly string[] = [], ...args: string[]) =>
      run([...under, process.execPath, ...programArgs("cli", args)], env);

    await cli(noExec, "up");
    const status = commandScreen("agentmesh status", await cli(noExec, "status"));
    const log = logScreen("broker.log", readFileSync(join(home.path, "broker.log"), "utf8"), ["store.driver"]);
    await runProgram("cli", ["down"], { env });

    await cli(half, "up");
    const damaged = commandScreen("agentmesh status", await cli(half, "status"));
    await runProgram("cli", ["down"], { env });

    writeFileSync(join(home.path, "config.json"), JSON.stringify({ sqliteDriver: "better-sqlite3" }));
    const forced = commandScreen("agentmesh up", await cli(noExec, "up"));
    await using session = await startMcpSession({
      home: home.path,
      cwd: files.path,
      env: { AGENTMESH_PORT: String(port) },
      ...(noExec && { under: noExec }),
    });
    const told = toolScreen("list_peers", await whyNot(session, "list_peers"));

    writeFileSync(join(home.path, "config.json"), "{}");
    rmSync(join(home.path, "addon.loading"));
    const nothing = await run(
      [...(noExec ?? []), process.execPath, "--no-experimental-sqlite", ...programArgs("broker")],
      env,
    );

    const page = troublePage({
      title: "The database",
      about:
        "The broker opens its database with better-sqlite3, whose addon has to fit the system, and where that does not load with the SQLite that is part of Node. Both read the same files, and messages are as safe with the one as with the other.",
      standIns: [
        [home.path, "/home/ada/.agentmesh"],
        [installed, "/app/node_modules/better-sqlite3"],
        [process.execPath, "/usr/bin/node"],
        [port, "7899"],
        [`linux-${process.arch}`, "linux-x64"],
        [/SQLite (3\.\d+\.\d+)/.exec(status.seen)?.[1] ?? "3.50.0", "3.50.0"],
      ],
      troubles: [
        {
          symptom: "The status says that the database is opened by Node's own SQLite",
          about:
            "The libc is older than the addon needs (Debian 11, Ubuntu 20.04, RHEL 8: `GLIBC_2.33' not found`), there is no addon for the platform, or it stands on a mount without exec as here. Nothing needs to be done.",
          screens: [linesWith(status, ["broker ", "database "]), log],
        },
        {
          symptom: "An addon ended the broker each time",
          about:
            "Half a file, after an installation on a full disk for instance, ends the process that loads it without an error. After two such ends in a row the broker leaves it out, until agentmesh is installed anew.",
          screens: [linesWith(damaged, ["database "])],
        },
        {
          symptom: "A library that was asked for does not load",
          about:
            "`AGENTMESH_SQLITE_DRIVER` or `sqliteDriver` in config.json takes away the choice. The adapter tries again when a tool is called, and not by itself.",
          screens: [forced, told],
        },
        {
          symptom: "No SQLite loads at all",
          about: "The addon does not load, and this Node was built without SQLite.",
          screens: [commandScreen("agentmesh-broker", nothing)],
        },
      ],
    });
    await expect(page).toMatchFileSnapshot(troublePath("database"));
  },
);
