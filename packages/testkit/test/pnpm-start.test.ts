/** `pnpm start`: leads to the first own message, leaves no trace of its demonstration, and takes its echo with it. */
import { execFile, spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify, stripVTControlCharacters } from "node:util";
import { announced, isServed, openStateFolder } from "@agentmesh/client/node";
import { shellWord } from "@agentmesh/protocol";
import {
  cleanEnv,
  freePort,
  sourcesEnv,
  startTestBroker,
  tempDir,
  terminalCommand,
  until,
  watched,
  whyNoTerminals,
} from "testkit";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { givenSettings, shellCommand } from "../src/start/given-settings.ts";

const MAIN = fileURLToPath(new URL("../src/start/main.ts", import.meta.url));
const STARTS_WITHIN_MS = 60_000;

function start(env: Record<string, string>, ...args: string[]) {
  const running = watched(
    spawn(process.execPath, ["--conditions=@agentmesh/source", MAIN, ...args], {
      env: sourcesEnv(env),
      detached: true,
    }),
  );
  return {
    ...running,
    says: (text: string) => until(() => running.stdout().includes(text) || failed(), text, STARTS_WITHIN_MS),
    // It comes to all that the terminal runs.
    ctrlC: () => void process.kill(-(running.child.pid ?? 0), "SIGINT"),
    async [Symbol.asyncDispose]() {
      running.child.kill("SIGTERM");
      await running.exit;
    },
  };
  function failed(): false {
    if (running.child.exitCode === null) return false;
    throw new Error(`start ended with ${running.child.exitCode}: ${running.stdout()}${running.stderr()}`);
  }
}

/** Lines of a second terminal, whose directory is another one and which knows no setting. */
async function terminal(cwd: string, ...lines: string[]): Promise<string> {
  // An alias counts from the next text that is read: each line is one.
  const script = lines.map((line) => `eval ${shellWord(line)}`).join("\n");
  return (await promisify(execFile)("sh", ["-c", script], { cwd, env: cleanEnv() })).stdout;
}

const aliasIn = (screen: string) => /^ +(alias agentmesh=.*)$/m.exec(screen)?.[1] ?? "";
const Servers = z.object({ mcpServers: z.object({ agentmesh: z.object({ env: z.record(z.string(), z.string()) }) }) });
const jsonIn = (screen: string) => Servers.parse(JSON.parse(/^ +(\{"mcpServers".*)$/m.exec(screen)?.[1] ?? ""));

test("a newcomer's lines work as they are printed: the echo answers, and nothing of the demonstration or the echo is left", async () => {
  using place = tempDir();
  const home = join(place.path, "it's my mesh");
  mkdirSync(home);
  const settings = { AGENTMESH_HOME: home, AGENTMESH_PORT: String(await freePort()) };
  await using running = start(settings);
  await running.says("Serving until Ctrl-C.");
  expect(jsonIn(running.stdout()).mcpServers.agentmesh.env).toEqual(settings);
  const alias = aliasIn(running.stdout());
  expect(await terminal(place.path, alias, "agentmesh send echo hello")).toContain("for echo");
  await until(async () => (await terminal(place.path, alias, "agentmesh inbox")).includes("hello"), "the answer");
  expect(await terminal(place.path, alias, "agentmesh ask echo 'and again?'")).toContain("and again?");

  running.child.kill("SIGINT");
  expect([(await running.exit).code, running.stdout()]).toEqual([
    0,
    expect.stringContaining("echo has left the mesh."),
  ]);
  expect(isServed(openStateFolder(home))).toBe(false);
  await using broker = await startTestBroker({ home });
  expect((await broker.admin.listAgents()).agents.map(({ name }) => name)).toEqual(["cli"]);
  expect((await broker.admin.listDead()).entries).toEqual([]);
  const { entries } = await broker.admin.listMessages();
  expect(entries.map(({ message }) => message.body).sort()).toEqual(["and again?", "and again?", "hello", "hello"]);
}, 120_000);

describe("on a mesh whose broker runs", () => {
  test("says so, answers beside an agent that has the name, lets a second start lead on, and leaves the broker running", async () => {
    await using broker = await startTestBroker();
    const own = await broker.agent("echo");
    const env = { AGENTMESH_HOME: broker.home };
    await using first = start(env);
    await first.says("echo-2 answers until Ctrl-C.");
    expect(first.stdout()).toContain(`A broker already runs at ${broker.url}`);
    const writer = await broker.agent("writer");
    expect((await writer.client.ask({ to: "echo-2", body: "there?" })).reply?.body).toBe("there?");

    await using second = start(env);
    expect([(await second.exit).code, second.stdout()]).toEqual([0, expect.stringContaining("Another start serves")]);
    expect(aliasIn(second.stdout())).toContain(broker.home);

    first.child.kill("SIGTERM");
    expect([(await first.exit).code, first.stdout()]).toEqual([0, expect.stringContaining("goes on running")]);
    const { agents } = await broker.admin.listAgents();
    expect(agents.map(({ name }) => name).sort()).toEqual(["echo", "writer"]);
    expect((await own.client.listInbox()).entries).toEqual([]);
    expect((await broker.admin.listDead()).entries).toEqual([]);
  }, 120_000);

  test("takes up the echo of a start that was killed, with what was sent to it meanwhile", async () => {
    await using broker = await startTestBroker();
    const env = { AGENTMESH_HOME: broker.home };
    await using killed = start(env);
    await killed.says("echo answers until Ctrl-C.");
    killed.child.kill("SIGKILL");
    await killed.exit;
    const writer = await broker.agent("writer");
    await writer.client.send({ to: "echo", body: "meanwhile" });
    await using next = start(env);
    await next.says("echo answers until Ctrl-C.");
    await until(async () => (await writer.client.listInbox()).entries.at(0)?.message.body, "the answer");
    next.child.kill("SIGHUP");
    expect((await next.exit).code).toBe(0);
    expect((await broker.admin.listAgents()).agents.map(({ name }) => name)).toEqual(["writer"]);
  }, 120_000);

  test("with --once shows the demonstration and leaves nothing there", async () => {
    await using broker = await startTestBroker();
    await using running = start({ AGENTMESH_HOME: broker.home }, "--once");
    expect([(await running.exit).code, running.stdout()]).toEqual([0, expect.stringContaining("acked (replied)")]);
    expect((await broker.admin.listAgents()).agents).toEqual([]);
    expect((await broker.admin.listMessages()).entries).toEqual([]);
  }, 120_000);
});

test("ended with Ctrl-C in its demonstration it says so and exits 130, with its broker stopped and no stack", async () => {
  for (const at of ["in a mesh of its own", "demo-engine  process started", "list_peers: sees"]) {
    using place = tempDir();
    await using running = start({ AGENTMESH_HOME: place.path, AGENTMESH_PORT: String(await freePort()) });
    await running.says(at);
    running.ctrlC();
    const { code } = await running.exit;
    expect([at, code, running.stderr()]).toEqual([at, 130, ""]);
    expect(running.stdout()).toContain("Ended before it served");
    expect(isServed(openStateFolder(place.path))).toBe(false);
  }
});

test.skipIf(whyNoTerminals)(
  `its sentences fit a terminal of 60 columns, and only what is to be copied does not${whyNoTerminals === undefined ? "" : ` (${whyNoTerminals})`}`,
  async () => {
    using place = tempDir();
    const env = sourcesEnv({ AGENTMESH_HOME: place.path, AGENTMESH_PORT: String(await freePort()), NO_COLOR: "1" });
    const line = [process.execPath, "--conditions=@agentmesh/source", MAIN].map(shellWord).join(" ");
    const [program, ...words] = terminalCommand(line, 60);
    const running = watched(spawn(program, words, { env }));
    await until(() => running.stdout().includes("Serving until Ctrl-C."), "the end of the screen", STARTS_WITHIN_MS);
    running.child.stdin?.write("\u0003");
    expect((await running.exit).code).toBe(0);
    const lines = stripVTControlCharacters(running.stdout()).split(/\r?\n/);
    const long = lines.filter((each) => each.length > 60).map((each) => each.trim());
    expect(long).toEqual([expect.stringMatching(/^alias agentmesh=/), expect.stringMatching(/^\{"mcpServers"/)]);
  },
);

test("with --once stops the broker that it started and ends with 0", async () => {
  using home = tempDir();
  await using running = start({ AGENTMESH_HOME: home.path, AGENTMESH_PORT: String(await freePort()) }, "--once");
  expect([(await running.exit).code, running.stdout()]).toEqual([0, expect.stringContaining("--once")]);
  expect(isServed(openStateFolder(home.path))).toBe(false);
}, 120_000);

test("ends with 0 when the broker is stopped from the second terminal, and says what becomes of the echo", async () => {
  using home = tempDir();
  await using running = start({ AGENTMESH_HOME: home.path, AGENTMESH_PORT: String(await freePort()) });
  await running.says("Serving until Ctrl-C.");
  await terminal(home.path, aliasIn(running.stdout()), "agentmesh down");
  expect([(await running.exit).code, running.stdout()]).toEqual([0, expect.stringContaining("echo is offline now")]);
}, 120_000);

test("ends with 1 when the broker is killed, and says where it is seen why, what stands and how to start again", async () => {
  using home = tempDir();
  await using running = start({ AGENTMESH_HOME: home.path, AGENTMESH_PORT: String(await freePort()) });
  await running.says("Serving until Ctrl-C.");
  const pid = announced(openStateFolder(home.path))?.pid;
  process.kill(pid ?? Number.NaN, "SIGKILL");
  const { code } = await running.exit;
  expect([code, running.stdout().replace(/\s+/g, " ")]).toEqual([
    1,
    expect.stringMatching(/The broker is gone: .*broker\.log.* is on disk\. Start again: npx -y pnpm@12 start/),
  ]);
}, 120_000);

test("refuses a broker elsewhere and words that it does not know, with 2", async () => {
  using home = tempDir();
  await using elsewhere = start({ AGENTMESH_HOME: home.path, AGENTMESH_URL: "https://mesh.example" });
  expect([(await elsewhere.exit).code, elsewhere.stderr()]).toEqual([
    2,
    expect.stringContaining("AGENTMESH_URL names"),
  ]);
  await using unknown = start({ AGENTMESH_HOME: home.path }, "--twice");
  expect([(await unknown.exit).code, unknown.stderr()]).toEqual([2, expect.stringContaining("--twice")]);
});

describe("what is printed carries", () => {
  test.each<[string, Record<string, string>, Record<string, string>]>([
    ["nothing where nothing was set", { PATH: "/bin", AGENTMESH_HOME: "" }, {}],
    ["an address", { AGENTMESH_URL: "http://[::1]:8000" }, { AGENTMESH_URL: "http://[::1]:8000" }],
    ["a folder below the user's, whole", { AGENTMESH_HOME: "~/a b" }, { AGENTMESH_HOME: "/home/u/a b" }],
    [
      "the folder beside a predecessor's database",
      { CLAUDE_PEERS_DB: "/p/peers.db" },
      { AGENTMESH_HOME: "/p/peers.db.agentmesh" },
    ],
    ["a predecessor's port", { CLAUDE_PEERS_PORT: "8001" }, { CLAUDE_PEERS_PORT: "8001" }],
    ["a limit of the broker", { AGENTMESH_INBOX_MAX_MESSAGES: "5" }, { AGENTMESH_INBOX_MAX_MESSAGES: "5" }],
    ["no name, which is one session's", { AGENTMESH_NAME: "me" }, {}],
  ])("%s", (_, env, expected) => {
    expect(givenSettings({ HOME: "/home/u", ...env })).toEqual(expected);
  });

  test.each(["a b", "it's", '"$HOME"', "a;b", "back\\slash", "`x`", "~", "ü", ""])(
    "%j through two shells unchanged",
    async (value) => {
      using place = tempDir();
      const command = shellCommand({ AGENTMESH_X: value }, [
        process.execPath,
        "-p",
        "JSON.stringify(process.env.AGENTMESH_X)",
      ]);
      expect(JSON.parse(await terminal(place.path, `alias shown=${shellWord(command)}`, "shown"))).toBe(value);
    },
  );
});
