/** How an adapter comes and goes: joins only for a client that stays, leaves with it, however it ends. */
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  assertInTime,
  cleanEnv,
  programArgs,
  type RunningProgram,
  startProgram,
  startTestBroker,
  stopwatch,
  type TestBroker,
  until,
} from "testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod";
import { byChannel, directory, endBroker, hook, session } from "./setting.ts";

let broker: TestBroker;
beforeAll(async () => {
  broker = await startTestBroker();
});
afterAll(() => endBroker(broker));

const lines = [
  {
    id: 1,
    method: "initialize",
    params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "raw", version: "0" } },
  },
  { method: "notifications/initialized" },
  { id: 2, method: "tools/call", params: { name: "whoami", arguments: {} } },
]
  .map((line) => `${JSON.stringify({ jsonrpc: "2.0", ...line })}\n`)
  .join("");

function env() {
  return cleanEnv({ AGENTMESH_HOME: broker.home, AGENTMESH_URL: broker.url });
}

async function presence(name: string): Promise<string | undefined> {
  return (await broker.admin.listAgents()).agents.find((agent) => agent.name === name)?.presence;
}

async function joined(name: string, adapter: { stdout(): string }): Promise<void> {
  await until(() => adapter.stdout().includes('"id":2'), `${name} to answer`);
  // On a busy machine the answer may come before the join.
  await until(async () => (await presence(name)) === "online", `${name} to join`);
}

async function msUntilExit(adapter: RunningProgram): Promise<number> {
  const ms = stopwatch();
  expect((await adapter.exit).code).toBe(0);
  return ms();
}

test("a client that only looks is no agent", async () => {
  const looker = await session(broker, "looker");
  await looker.client.listTools();
  await looker.close();
  expect(await presence("looker")).toBeUndefined();
});

test("a client that stays is joined without a tool call", async () => {
  await using stayer = await session(broker, "stayer");
  await until(async () => (await presence("stayer")) === "online", "the join");
  await until(() => stayer.stderr().includes("session.joined"), "the log line");
});

test.each([
  ["stdin ends", (adapter: RunningProgram) => adapter.child.stdin?.end()],
  ["SIGTERM", (adapter: RunningProgram) => adapter.child.kill("SIGTERM")],
  ["SIGINT", (adapter: RunningProgram) => adapter.child.kill("SIGINT")],
  ["SIGHUP", (adapter: RunningProgram) => adapter.child.kill("SIGHUP")],
])("%s: the adapter leaves the mesh and exits within two seconds", async (why, end) => {
  const name = why.toLowerCase().replace(" ", "-");
  const adapter = startProgram("mcp", [], { cwd: directory(broker, name), env: env() });
  adapter.child.stdin?.write(lines);
  await joined(name, adapter);
  end(adapter);
  assertInTime(await msUntilExit(adapter), 2_000);
  expect(await presence(name)).toBe("offline");
});

test("requests on a stdin that ends at once are still answered", async () => {
  const adapter = startProgram("mcp", [], { cwd: directory(broker, "one-shot"), env: env() });
  adapter.child.stdin?.end(lines);
  expect((await adapter.exit).code).toBe(0);
  expect(adapter.stdout()).toContain('"name":"one-shot"');
  expect(await presence("one-shot")).toBe("offline");
});

test("a client that closes its end of stdout does not make the adapter hang or crash", async () => {
  const adapter = startProgram("mcp", [], { cwd: directory(broker, "deaf-client"), env: env() });
  adapter.child.stdin?.write(lines);
  await joined("deaf-client", adapter);
  adapter.child.stdout?.destroy();
  adapter.child.stdin?.write(`{"jsonrpc":"2.0","id":3,"method":"tools/list"}\n`);
  assertInTime(await msUntilExit(adapter), 2_000);
  expect(await presence("deaf-client")).toBe("offline");
});

test("when the parent is killed the adapter is gone within two seconds, although its stdin stays open", async () => {
  const start = `require("node:child_process").spawn(process.execPath, ${JSON.stringify(programArgs("mcp"))}, { stdio: "inherit" })`;
  const parent = spawn(process.execPath, ["-e", start], {
    cwd: directory(broker, "orphan"),
    env: env(),
    stdio: ["pipe", "pipe", "ignore"],
  });
  const out: string[] = [];
  parent.stdout.setEncoding("utf8").on("data", (text: string) => out.push(text));
  // "close" comes when nobody holds the other end of stdout any more: parent and adapter are both gone.
  const gone = new Promise((resolve) => parent.once("close", resolve));
  parent.stdin.write(lines);
  await joined("orphan", { stdout: () => out.join("") });
  const ms = stopwatch();
  parent.kill("SIGKILL");
  await gone;
  assertInTime(ms(), 2_000);
  expect(await presence("orphan")).toBe("offline");
  parent.stdin.destroy();
});

/** Set it to 60 for the full minute: `AGENTMESH_TEST_LISTS=60 vitest … life-cycle`. */
const LISTS = Number(process.env.AGENTMESH_TEST_LISTS ?? 3);

test("a client that lists its servers once a second leaves no process, no agent and no card behind", {
  timeout: LISTS * 2_000 + 20_000,
}, async () => {
  const before = (await broker.admin.listAgents({ presence: "all" })).total;
  const pids: number[] = [];
  const listing = async () => {
    const looker = await session(broker, "lister");
    pids.push(looker.pid);
    expect((await looker.client.listTools()).tools).toHaveLength(10);
    await looker.close();
  };
  const all: Promise<void>[] = [];
  for (let n = 0; n < LISTS; n++) {
    all.push(listing());
    await new Promise((resolve) => setTimeout(resolve, LISTS > 3 ? 1_000 : 100));
  }
  await Promise.all(all);
  expect(pids).toHaveLength(LISTS);
  await until(() => pids.every((pid) => !isRunning(pid)), "every adapter to be gone");
  expect((await broker.admin.listAgents({ presence: "all" })).total).toBe(before);
  expect(cardsOf(pids)).toEqual([]);
});

test("the card of an adapter goes with it, and that of a killed one with the next hook", async () => {
  const claude = { env: { ...byChannel, CLAUDE_CODE_SESSION_ID: "ses-card" } };
  const first = await session(broker, "carded", claude);
  const { pid } = first;
  await first.joined();
  expect(cardsOf([pid])).toHaveLength(1);
  await first.close();
  expect(cardsOf([pid])).toEqual([]);

  const second = await session(broker, "carded", claude);
  const { pid: killed } = second;
  await second.joined();
  process.kill(killed, "SIGKILL");
  await second.close();
  expect(cardsOf([killed])).toHaveLength(1);
  expect(await hook(broker, ["claude"], { hook_event_name: "Stop", session_id: "ses-card" })).toBe("");
  expect(cardsOf([killed])).toEqual([]);
});

function cardsOf(pids: readonly number[]): string[] {
  const folder = join(broker.home, "hooks");
  const names = readdirSync(folder).filter((name) => name.endsWith(".json"));
  return names.filter((name) => pids.includes(Card.parse(JSON.parse(readFileSync(join(folder, name), "utf8"))).pid));
}

const Card = z.object({ pid: z.int() });

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
