/** What `up` starts, `status` and `down` find: by the state folder and its lock, whatever port they would look at. */
import { readdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { openStateFolder, writeJoinedMesh } from "@agentmesh/client/node";
import { BrokerStatus } from "@agentmesh/protocol";
import { freePort, listening, startTestBroker, tempDir } from "testkit";
import { expect, test } from "vitest";
import { isAlive } from "../src/process-alive.ts";
import { cli } from "./run-cli.ts";

const Pid = BrokerStatus.pick({ pid: true, url: true });

/** The announcement is cleaned away as the look begins: its broker makes it again within seconds. */
function cleaned(home: string): Record<string, string> {
  const code = `process.getBuiltinModule("node:fs").rmSync(${JSON.stringify(join(home, "broker.json"))}, { force: true });`;
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(code)}` };
}

/** What comes between the start and the look; the environment that is looked with. */
const disturbances: readonly (readonly [string, (home: string) => Promise<Record<string, string>>])[] = [
  ["as it is", async () => ({})],
  ["when another port is named in the environment since", async () => ({ AGENTMESH_PORT: String(await freePort()) })],
  ["when the predecessor's variable names another port", async () => ({ CLAUDE_PEERS_PORT: String(await freePort()) })],
  ["when its announcement was cleaned away", async (home) => cleaned(home)],
  [
    "when its announcement was cleaned away and another port is named",
    async (home) => ({ ...cleaned(home), AGENTMESH_PORT: String(await freePort()) }),
  ],
  [
    "when the settings file names another port since",
    async (home) => {
      writeFileSync(join(home, "config.json"), JSON.stringify({ port: await freePort() }));
      return {};
    },
  ],
];

test.each(disturbances)("a broker of up --port is found %s", async (_, disturb) => {
  using home = tempDir();
  const port = await freePort();
  const { pid } = Pid.parse(JSON.parse((await cli(home.path, ["up", "--port", String(port), "--json"])).stdout));
  try {
    const status = await cli(home.path, ["status", "--json"], await disturb(home.path));
    expect(status.stderr).toBe("");
    expect(Pid.parse(JSON.parse(status.stdout))).toEqual({ pid, url: `http://127.0.0.1:${port}` });
  } finally {
    // By itself alone: the next one is disturbed anew.
    const down = await cli(home.path, ["down"], await disturb(home.path));
    expect(down).toMatchObject({ code: 0, stdout: expect.stringContaining(`(pid ${pid}) has stopped`) });
  }
  expect(isAlive(pid)).toBe(false);
});

const strangers: [string, () => Promise<AsyncDisposable & { readonly port: number }>][] = [
  ["another mesh", () => startTestBroker()],
  ["a program that is no broker", () => openStranger("no broker\n")],
  ["a program that never answers", () => openStranger()],
];
test.each(strangers)("up --port is heard where the environment names the port of %s", async (_, open) => {
  await using stranger = await open();
  using home = tempDir();
  const env = { AGENTMESH_PORT: String(stranger.port) };
  const port = await freePort();
  const up = await cli(home.path, ["up", "--port", String(port)], env);
  try {
    expect(up).toMatchObject({ code: 0, stdout: expect.stringContaining(`up at http://127.0.0.1:${port}\n`) });
    expect(await cli(home.path, ["status"], env)).toMatchObject({ code: 0, stderr: "" });
  } finally {
    expect((await cli(home.path, ["down"], env)).code).toBe(0);
  }
});

/** A program on a port of its own that is nobody's broker; left out, it says nothing at all. */
async function openStranger(says?: string): Promise<AsyncDisposable & { readonly port: number }> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    if (says !== undefined) socket.end(says);
  });
  const port = await listening(server);
  return {
    port,
    async [Symbol.asyncDispose]() {
      server.close();
    },
  };
}

test("--port is for one start, which is said with what keeps it; a port in the settings file is kept", async () => {
  using home = tempDir();
  const [once, kept] = [await freePort(), await freePort()];
  const first = await cli(home.path, ["up", "--port", String(once)]);
  expect(first.stdout).toContain(`port     ${once} for this start alone`);
  expect(first.stdout).toContain(`To keep it: { "port": ${once} } in ${join(home.path, "config.json")}`);
  const again = await cli(home.path, ["up", "--port", String(once)]);
  expect(again.stdout).not.toContain("for this start alone");
  await cli(home.path, ["down"]);
  writeFileSync(join(home.path, "config.json"), JSON.stringify({ port: kept }));
  const second = await cli(home.path, ["up"]);
  try {
    expect(second.stdout).toContain(`The broker is up at http://127.0.0.1:${kept}\n`);
    expect(second.stdout).not.toContain("for this start alone");
  } finally {
    expect(await cli(home.path, ["down"])).toMatchObject({ code: 0 });
  }
});

test.each(["", "--port"])("up %s on a machine that has joined a mesh says so and starts nothing", async (flag) => {
  using home = tempDir();
  const url = "https://192.0.2.7:7900";
  const token = `amm_${"t".repeat(43)}`;
  const machine = `mch_${"0".repeat(32)}` as const;
  writeJoinedMesh(openStateFolder(home.path), { version: 1, urls: [url], machine, token, host: "laptop" });
  const ended = await cli(home.path, flag === "" ? ["up"] : ["up", flag, String(await freePort())]);
  expect(ended).toMatchObject({ code: 5, stdout: "" });
  expect(ended.stderr).toContain(`This machine has joined the mesh at ${url}`);
  expect(ended.stderr).toContain("agentmesh leave");
  expect(ended.stderr).not.toContain(token);
  expect(readdirSync(home.path)).not.toContain("mesh.db");
});
