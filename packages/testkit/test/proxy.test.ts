/** Proxies: not one byte of what stays on this machine goes through one, whatever the environment and modules say. */
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import {
  cleanEnv,
  freePort,
  listening,
  openRecordingProxy,
  programArgs,
  type RecordingProxy,
  runProgram,
  sourcesEnv,
  startMcpSession,
  startTestBroker,
  type TestBroker,
  tempDir,
  until,
} from "testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ended } from "./ended.ts";

let broker: TestBroker;
let proxy: RecordingProxy;
beforeAll(async () => {
  broker = await startTestBroker();
  proxy = await openRecordingProxy();
});
afterAll(async () => {
  await broker[Symbol.asyncDispose]();
  await proxy[Symbol.asyncDispose]();
});

const SOURCES = "--conditions=@agentmesh/source";
const inProgram = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const port = () => String(broker.port);

/** Runs a program of the tests under Node with every proxy setting there is. */
function underNode(flags: readonly string[], path: string, args: readonly string[], env: Record<string, string>) {
  return ended(process.execPath, [SOURCES, ...flags, inProgram(path), ...args], sourcesEnv({ ...proxy.env, ...env }));
}

/** What modules do that send all of a process through a proxy. */
const TAKES_ALL = `data:text/javascript,${encodeURIComponent(`
  import http from "node:http"; import https from "node:https"; import { syncBuiltinESMExports } from "node:module";
  const agent = new http.Agent({ proxyEnv: process.env });
  for (const module of [http, https]) {
    for (const name of ["request", "get"]) {
      const own = module[name];
      module[name] = (options, ...rest) => own.call(module, { ...options, agent }, ...rest);
    }
    module.globalAgent = agent;
  }
  syncBuiltinESMExports();
  globalThis[Symbol.for("undici.globalDispatcher.1")] = { dispatch() { throw new Error("dispatched elsewhere"); } };
`)}`;

test("these settings do send a call to loopback through the proxy, where nobody prevents it", async () => {
  await using other = await openRecordingProxy();
  const script = `await fetch("${broker.url}/health").catch(() => {})`;
  await ended(process.execPath, ["--input-type=module", "-e", script], cleanEnv(other.env));
  expect(other.seen()).toContain(`127.0.0.1:${broker.port}`);
});

test.each([
  ["the environment", []],
  ["a flag of Node", ["--use-env-proxy"]],
  ["modules that take over every call", ["--import", TAKES_ALL]],
])("the client talks to the broker past a proxy that is set by %s", async (_, flags) => {
  const hosts = ["127.0.0.1", "LOCALHOST", "localhost.", "0x7f.1", "[::ffff:127.0.0.1]"];
  const env = { TALKER_URL: hosts.map((host) => `http://${host}:${broker.port}`).join(" "), TALKER_KEY: broker.key };
  const ended = await underNode(flags, "../src/talker.ts", [], env);
  expect(ended).toEqual({ code: 0, stdout: "größer? ja TimeoutError\n".repeat(hosts.length), stderr: "" });
  expect(proxy.seen()).toBe("");
});

test("the command line starts, asks and stops a broker past the proxy", async () => {
  using home = tempDir();
  const env = cleanEnv({ ...proxy.env, AGENTMESH_HOME: home.path });
  const cli = (...args: string[]) => runProgram("cli", args, { env });
  expect(await cli("up", "--port", String(await freePort()))).toMatchObject({ code: 0, stderr: "" });
  try {
    expect(await cli("status")).toMatchObject({ code: 0, stderr: "" });
  } finally {
    expect(await cli("down")).toMatchObject({ code: 0 });
  }
  const elsewhere = { ...env, AGENTMESH_HOME: broker.home, AGENTMESH_URL: `http://localhost.:${port()}` };
  expect(await runProgram("cli", ["agents"], { env: elsewhere })).toMatchObject({ code: 0, stderr: "" });
  expect(proxy.seen()).toBe("");
});

test("the adapter sends, is pushed to, has its hooks and asks a model of this machine past the proxy", async () => {
  await using model = await openModel();
  using work = tempDir();
  const env = {
    ...proxy.env,
    AGENTMESH_NAME: "proxied",
    AGENTMESH_PUSH: "claude-channel",
    AGENTMESH_LOG_LEVEL: "debug",
    AGENTMESH_SUMMARY: "llm",
    AGENTMESH_SUMMARY_URL: `http://0x7f.1:${model.port}/v1`,
    OPENAI_API_KEY: "sk-local",
  };
  const git = await ended("git", ["init", "-q", work.path], cleanEnv());
  expect(git).toMatchObject({ code: 0 });
  await using session = await startMcpSession({ home: broker.home, cwd: work.path, env });
  expect(await session.joined()).toBe("proxied");
  const { client } = await broker.agent("listener");
  expect((await session.tool("send_message", { to: "listener", message: "past it" })).isError).toBe(false);
  expect((await client.lease({ waitMs: 5_000 })).deliveries).toHaveLength(1);
  await client.send({ to: "proxied", body: "into the session" });
  await until(() => session.channel.some(({ content }) => content.includes("into the session")), "the push");
  // Hooks bring mail where no other way is left.
  const byHooks = {
    ...env,
    AGENTMESH_NAME: "hooked",
    AGENTMESH_PUSH: "claude-hooks",
    CLAUDE_CODE_SESSION_ID: "ses-hooked",
  };
  await using hooked = await startMcpSession({ home: broker.home, cwd: work.path, env: byHooks });
  expect(await hooked.joined()).toBe("hooked");
  await client.send({ to: "hooked", body: "by a hook" });
  const input = { hook_event_name: "UserPromptSubmit", session_id: "ses-hooked", cwd: work.path };
  const hook = await until(async () => {
    const env = cleanEnv({ ...proxy.env, AGENTMESH_HOME: broker.home, CLAUDE_CODE_SESSION_ID: "ses-hooked" });
    const { stdout } = await ended(process.execPath, programArgs("mcp", ["hook", "claude"]), env, input);
    return stdout || undefined;
  }, "the hook to have the mail");
  expect(hook).toContain("by a hook");
  await until(() => model.asked() === "Bearer sk-local", "the model to be asked");
  expect(proxy.seen()).toBe("");
});

test("the plugin of OpenCode joins, sends and is pushed to past the proxy", async () => {
  using work = tempDir();
  const { client } = await broker.agent("plugin-friend");
  const listening = (async () => {
    const [heard] = (await client.lease({ waitMs: 60_000 })).deliveries;
    await client.send({ inReplyTo: heard?.id ?? "", body: "heard you" });
  })();
  const env = { AGENTMESH_HOME: broker.home, AGENTMESH_NAME: "plugged" };
  const program = "../../opencode/test/plugin-program.ts";
  const { code, stdout, stderr } = await underNode([], program, [work.path, "plugin-friend"], env);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toContain("heard you");
  await listening;
  expect(proxy.seen()).toBe("");
});

test("an address that is not this machine's goes through the proxy, as the runtime has it", async () => {
  await using other = await openRecordingProxy();
  const env = { ...other.env, TALKER_URL: "http://mesh.example:7899", TALKER_KEY: "amk_none" };
  expect((await underNode([], "../src/talker.ts", [], env)).code).toBe(1);
  expect(other.seen()).toContain("mesh.example:7899");
});

/** A language model of the outside world, on this machine. */
async function openModel(): Promise<{ port: number; asked(): string } & AsyncDisposable> {
  let asked = "";
  const server = createServer((request, response) => {
    asked = request.headers.authorization ?? "";
    response.end(JSON.stringify({ choices: [{ message: { content: "a proxy" } }] }));
  });
  const port = await listening(server);
  return {
    port,
    asked: () => asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
