/** What users get from the registry: the eight packed packages, installed into an empty folder. */
import { type ExecFileOptions, execFile, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { cleanEnv, type TempDir, tempDir, until } from "testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const run = promisify(execFile);
const Announced = z.object({ url: z.string(), pid: z.int() });

const Adapter = z.object({ adapter: z.array(z.string()) });

const PACKAGES = [
  "@agentmesh/protocol",
  "@agentmesh/client",
  "agentmesh-broker",
  "agentmesh-mcp",
  "agentmesh",
  "opencode-agentmesh",
  "pi-agentmesh",
  "cline-agentmesh",
];

let app: TempDir;
let home: TempDir;

const options = (): ExecFileOptions & { encoding: "utf8" } => ({
  cwd: app.path,
  env: cleanEnv({ AGENTMESH_HOME: home.path }),
  encoding: "utf8",
});

const tarballs = () => readdirSync(join(app.path, "tarballs")).map((name) => join(app.path, "tarballs", name));

beforeAll(async () => {
  app = tempDir();
  home = tempDir();
  for (const name of ["protocol", "client", "broker", "mcp", "cli", "opencode", "pi", "cline"]) {
    await run("pnpm", ["pack", "--pack-destination", join(app.path, "tarballs")], {
      cwd: join(root, "packages", name),
    });
  }
  expect(tarballs()).toHaveLength(8);
  writeFileSync(join(app.path, "package.json"), '{ "private": true, "type": "module" }');
  await run("npm", ["install", "--no-audit", "--no-fund", ...tarballs()], { cwd: app.path });
});

afterAll(() => {
  app[Symbol.dispose]();
  home[Symbol.dispose]();
});

describe("the packed packages", () => {
  test("hold what they export, a README and the licence, and no sources", () => {
    for (const name of PACKAGES) {
      const folder = join(app.path, "node_modules", name);
      const manifest = z
        .object({ exports: z.record(z.string(), z.unknown()), bin: z.record(z.string(), z.string()).optional() })
        .parse(JSON.parse(readFileSync(join(folder, "package.json"), "utf8")));
      const named = [...Object.values(manifest.exports), ...Object.values(manifest.bin ?? {})]
        .flatMap((value) =>
          typeof value === "string" ? [value] : Object.values(z.record(z.string(), z.string()).parse(value)),
        )
        .filter((path) => !path.startsWith("./src/"));
      for (const path of [...named, "README.md", "LICENSE"])
        expect(readFileSync(join(folder, path)).length).toBeGreaterThan(0);
      expect(readdirSync(folder)).not.toContain("src");
    }
  });

  test("serve: npx agentmesh-broker, npx agentmesh status, npx agentmesh-mcp, and a strict TypeScript program that sends", async () => {
    const broker = spawn("npx", ["--no-install", "agentmesh-broker", "--port", "0"], { ...options(), stdio: "pipe" });
    const announced = await until(
      () => {
        try {
          return Announced.parse(JSON.parse(readFileSync(join(home.path, "broker.json"), "utf8")));
        } catch {
          return undefined;
        }
      },
      "npx agentmesh-broker to announce itself",
      30_000,
    );
    try {
      const status = await run("npx", ["--no-install", "agentmesh", "status"], options());
      expect(status.stdout).toContain(announced.url);

      const transport = new StdioClientTransport({
        command: "npx",
        args: ["--no-install", "agentmesh-mcp"],
        cwd: app.path,
        env: { ...(options().env as Record<string, string>), AGENTMESH_NAME: "packed" },
        stderr: "ignore",
      });
      const client = new Client({ name: "packed-test", version: "0" });
      await client.connect(transport);
      expect((await client.listTools()).tools.map(({ name }) => name)).toContain("send_message");
      const whoami = await client.callTool({ name: "whoami", arguments: {} });
      expect(JSON.stringify(whoami.content)).toContain("packed");

      writeFileSync(
        join(app.path, "send.ts"),
        `import { MeshClient } from "@agentmesh/client";
const url = ${JSON.stringify(announced.url)};
const admin = new MeshClient({ url, token: ${JSON.stringify(readFileSync(join(home.path, "key"), "utf8").trim())} });
const { token = "" } = await admin.register({ name: "typed" });
const typed = new MeshClient({ url, token });
const reply = await typed.send({ to: "packed", body: "from a strict program" });
const state: string = reply.deliveries[0]?.state ?? "none";
console.log(state, reply.messageId);
`,
      );
      await run(
        join(root, "node_modules", ".bin", "tsc"),
        [
          "--strict",
          "--noEmit",
          "--module",
          "nodenext",
          "--target",
          "es2023",
          "--types",
          "",
          "--exactOptionalPropertyTypes",
          "send.ts",
        ],
        options(),
      );
      const sent = await run(process.execPath, ["send.ts"], options());
      expect(sent.stdout).toMatch(/^queued msg_[0-9a-f]{32}/);
      const mail = await client.callTool({ name: "check_messages", arguments: {} });
      expect(JSON.stringify(mail.content)).toContain("from a strict program");
      await client.close();
    } finally {
      await run("npx", ["--no-install", "agentmesh", "down"], options());
      await new Promise((resolve) => (broker.exitCode === null ? broker.once("close", resolve) : resolve(undefined)));
    }
  });

  test("start the broker by themselves: npx agentmesh up, then down", async () => {
    using other = tempDir();
    const env = cleanEnv({ AGENTMESH_HOME: other.path, AGENTMESH_PORT: "17899" });
    const up = await run("npx", ["--no-install", "agentmesh", "up"], { ...options(), env });
    expect(up.stdout).toContain("17899");
    const down = await run("npx", ["--no-install", "agentmesh", "down"], { ...options(), env });
    expect(down.stdout).toMatch(/stopped/i);
  });

  test("make the plugin work that OpenCode loads, which starts the broker", async () => {
    using other = tempDir();
    const env = cleanEnv({ AGENTMESH_HOME: other.path, AGENTMESH_PORT: "17898" });
    const program = `
import plugin from "opencode-agentmesh";
const client = { app: { log: async () => {} }, session: { promptAsync: async () => ({}) } };
const hooks = await plugin.server({ client, directory: process.cwd() });
const call = { sessionID: "ses_a", messageID: "msg_a", abort: new AbortController().signal };
for (let tries = 0; tries < 20; tries++) {
  const answer = await hooks.tool.agentmesh_whoami.execute({}, call).catch((error) => error.message);
  console.log(answer);
  if (answer.startsWith("You are")) break;
}
await hooks.dispose();
`;
    writeFileSync(join(app.path, "opencode.mjs"), program);
    const plugin = await run(process.execPath, ["opencode.mjs"], { ...options(), env });
    expect(plugin.stdout).toMatch(/^You are .*opencode/m);
    await run("npx", ["--no-install", "agentmesh", "down"], { ...options(), env });
  });

  test("make the extension work that Pi loads, which starts the broker", async () => {
    using other = tempDir();
    const env = cleanEnv({ AGENTMESH_HOME: other.path, AGENTMESH_PORT: "17897", PI_CODING_AGENT_DIR: other.path });
    const program = `
import agentmesh from "pi-agentmesh";
const listeners = {};
const tools = {};
agentmesh({
  on: (event, listener) => { listeners[event] = listener; },
  registerTool: (tool) => { tools[tool.name] = tool; },
  sendMessage: () => {},
});
const sessionManager = { getSessionId: () => "one", getSessionFile: () => "one.jsonl" };
await listeners.session_start({}, { cwd: process.cwd(), sessionManager });
const { prepareArguments, execute } = tools.agentmesh_whoami;
for (let tries = 0; tries < 20; tries++) {
  const answer = await execute("call", prepareArguments({})).then(({ content }) => content[0].text, (error) => error.message);
  console.log(answer);
  if (answer.startsWith("You are")) break;
}
await listeners.session_shutdown();
`;
    writeFileSync(join(app.path, "pi.mjs"), program);
    const extension = await run(process.execPath, ["pi.mjs"], { ...options(), env });
    expect(extension.stdout).toMatch(/^You are .*\bpi\b/m);
    await run("npx", ["--no-install", "agentmesh", "down"], { ...options(), env });
  });

  test("set clients up with a command that works: npx from a project, Node and the file when installed globally", async () => {
    const setup = async (program: string, args: readonly string[], path: string | undefined) => {
      using person = tempDir();
      const env = cleanEnv({ HOME: person.path, PATH: path });
      const { stdout } = await run(program, [...args, "setup", "--yes", "--json", "--client", "gemini"], {
        ...options(),
        env,
      });
      const settings = readFileSync(join(person.path, ".gemini/settings.json"), "utf8");
      return { adapter: Adapter.parse(JSON.parse(stdout)).adapter, settings };
    };
    const passing = await setup("npx", ["--no-install", "agentmesh"], process.env.PATH);
    // A client's own PATH may have no npx.
    const path = expect.stringMatching(/^PATH=\/.*:\/usr\/bin/);
    const published = expect.stringMatching(/^agentmesh-mcp@\d/);
    expect(passing.adapter).toEqual(["/usr/bin/env", path, "npx", "-y", published]);
    expect(passing.settings).not.toContain("hook gemini");

    const prefix = join(app.path, "global");
    await run("npm", ["install", "-g", "--prefix", prefix, "--no-audit", "--no-fund", ...tarballs()], options());
    const found = `${join(prefix, "bin")}:${process.env.PATH}`;
    const installed = await setup(join(prefix, "bin/agentmesh"), [], found);
    expect(installed.adapter.every((word) => existsSync(word))).toBe(true);
    expect(installed.adapter.at(-1)).toContain("agentmesh-mcp");
    const [, written = ""] = /"command": "((?:[^"\\]|\\.)* hook gemini --by-setup)"/.exec(installed.settings) ?? [];
    const command = z.string().parse(JSON.parse(`"${written}"`));
    const hook = execFile("sh", ["-c", command], { env: { PATH: "/usr/bin:/bin" } });
    hook.stdin?.end("{}");
    expect(await new Promise((resolve) => hook.once("close", resolve))).toBe(0);
  });
});
