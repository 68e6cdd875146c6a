/** The self-test: passes on a clean home and leaves nothing, also when it is ended; does not pass when the broker lies. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { VERSION } from "@agentmesh/protocol";
import { assertInTime, cleanEnv, freePort, programPath, startProgram, tempDir, until } from "testkit";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import * as z from "zod";
import { isAlive } from "../src/process-alive.ts";
import { adapterTool } from "../src/selftest/clients.ts";
import { streamPath, waitPath, webhookPath } from "../src/selftest/paths.ts";
import { expiredLease, killedBroker } from "../src/selftest/recovery.ts";
import { forgedSender, fullInbox, tokenInAddress } from "../src/selftest/refusals.ts";
import { tryAll } from "../src/selftest/run.ts";
import type { Trial } from "../src/selftest/trial.ts";
import { Home } from "./home.ts";

// A dozen programs, one after another.
vi.setConfig({ testTimeout: 240_000 });

const WITHIN_MS = 60_000;

const Result = z.object({
  version: z.literal(VERSION),
  passed: z.int(),
  failed: z.int(),
  trials: z.array(z.object({ name: z.string(), passed: z.boolean(), ms: z.number(), says: z.string() })),
});

/** A person's home, with a folder for temporary files in which it is seen what is left. */
class Bench extends Home {
  readonly temporary = join(this.folder.path, "tmp");
  readonly set: Record<string, string>;

  constructor(port: number) {
    super();
    mkdirSync(this.temporary);
    this.set = { TMPDIR: this.temporary, AGENTMESH_PORT: String(port) };
  }

  get left(): string[] {
    return readdirSync(this.temporary).filter((name) => name.startsWith("amst-"));
  }

  /** The broker of a self-test that is under way. */
  async brokerPid(): Promise<number> {
    return until(
      () => {
        const [folder = ""] = this.left;
        const file = join(this.temporary, folder, "m", "broker.json");
        return existsSync(file) ? z.object({ pid: z.int() }).safeParse(jsonIn(file)).data?.pid : undefined;
      },
      "the broker of the self-test",
      60_000,
    );
  }
}

function jsonIn(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}

test("on a clean home passes within a minute, touches no mesh and leaves nothing", async () => {
  using bench = new Bench(await freePort());
  const before = bench.files();
  const began = performance.now();
  const running = startProgram("cli", ["selftest", "--json"], { env: bench.env(bench.set), cwd: bench.path });
  running.child.stdin?.end();
  onTestFinished(() => void running.child.kill("SIGKILL"));
  const pid = await bench.brokerPid();
  const { code } = await running.exit;
  const took = performance.now() - began;
  const { trials, failed } = Result.parse(JSON.parse(running.stdout()));
  expect(trials.filter(({ passed }) => !passed)).toEqual([]);
  expect([code, failed, running.stderr()]).toEqual([0, 0, ""]);
  expect(trials.map(({ name }) => name)).toEqual(
    expect.arrayContaining([
      ...[streamPath, waitPath, webhookPath, adapterTool, killedBroker, expiredLease].map(({ name }) => name),
      ...[forgedSender, fullInbox, tokenInAddress].map(({ name }) => name),
    ]),
  );
  expect([bench.left, isAlive(pid), bench.files()]).toEqual([[], false, before]);
  assertInTime(took, WITHIN_MS);
});

test("of each client that is set up tries the way into it, and says a line each", async () => {
  using bench = new Bench(await freePort());
  for (const folder of [".claude", ".codex", ".gemini", ".copilot", ".qwen", ".cursor"])
    mkdirSync(join(bench.path, folder));
  bench.program("claude", "2.1.330 (Claude Code)");
  expect((await bench.run(["setup", "--yes"], bench.set)).code).toBe(0);
  const { code, stdout } = await bench.run(["selftest"], bench.set);
  const hooked = ["Claude Code", "Codex", "Gemini CLI", "GitHub Copilot CLI", "Qwen Code"].map(
    (name) => `${name}: hooks`,
  );
  for (const way of [...hooked, "Claude Code: waiting hook"]) {
    expect(stdout).toMatch(new RegExp(`^pass  ${way} +\\d+ ms  (?:pushed|woken) after `, "m"));
  }
  expect(stdout).toMatch(/^pass {2}Cursor: check_messages +\d+ ms {2}shown and acked/m);
  expect([stdout.split("\n").at(-2), code]).toEqual([
    `All ${stdout.split("\n").length - 2} passed. Nothing of it is left on this machine.`,
    0,
  ]);
  expect(bench.left).toEqual([]);
});

test.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)("ended by %s leaves nothing and says so", async (signal, code) => {
  using bench = new Bench(await freePort());
  const running = startProgram("cli", ["selftest"], { env: bench.env(bench.set), cwd: bench.path });
  running.child.stdin?.end();
  onTestFinished(() => void running.child.kill("SIGKILL"));
  const pid = await bench.brokerPid();
  running.child.kill(signal);
  expect((await running.exit).code).toBe(code);
  expect(running.stderr()).toContain("Nothing of the self-test is left on this machine.");
  expect([bench.left, isAlive(pid)]).toEqual([[], false]);
});

/** What a broker does instead of what it says, before the real one is loaded in the same process. */
const lies: readonly (readonly [lie: string, code: string, found: Trial])[] = [
  [
    "says that a message is stored and stores nothing",
    answering("^/v1/messages$", 202, JSON.stringify(stored())),
    streamPath,
  ],
  [
    "says that a message is acked and gives it out again",
    answering("/ack$", 200, '{ deliveryId: request.url.split("/")[3], state: "acked", duplicate: false }'),
    waitPath,
  ],
  ["forgets at a start what it had", forgetting(), killedBroker],
  ["has inboxes that take any number", setting("--inbox-max-messages", "100000"), fullInbox],
  [
    "takes a token in the address",
    "onRequest((request) => { request.url = request.url.replace(/\\?token=.*/, ''); });",
    tokenInAddress,
  ],
];

/** Requests that it answers itself, with the value of an expression. */
function answering(path: string, status: number, answer: string): string {
  return `onRequest((request, response) => {
    if (request.method !== "POST" || !new RegExp("${path}").test(request.url)) return;
    request.resume();
    response.writeHead(${status}, { "content-type": "application/json" }).end(JSON.stringify(${answer}));
    return true;
  });`;
}

function stored() {
  const id = `0190000000007000${"8".repeat(16)}`;
  const [acceptedAt, expiresAt] = [new Date(), new Date(Date.now() + 86_400_000)];
  return { messageId: `msg_${id}`, threadId: `thr_${id}`, acceptedAt, expiresAt, duplicate: false, deliveries: [] };
}

function forgetting(): string {
  return `import { readdirSync, rmSync } from "node:fs";
  const home = process.env.AGENTMESH_HOME;
  for (const name of readdirSync(home)) if (name.startsWith("mesh.")) rmSync(home + "/" + name);`;
}

function setting(flag: string, value: string): string {
  return `process.argv[process.argv.indexOf("${flag}") + 1] = "${value}";`;
}

/** The real broker behind a lie. */
function lyingBroker(code: string): string {
  return `import { Server } from "node:http";
const { emit } = Server.prototype;
function onRequest(look) {
  Server.prototype.emit = function (event, ...rest) {
    return event === "request" && look(...rest) === true ? true : emit.call(this, event, ...rest);
  };
}
${code}
await import(${JSON.stringify(new URL(`file://${programPath("broker")}`).href)});
`;
}

describe("does not pass with a broker that", () => {
  test.each(lies)("%s", async (_, code, found) => {
    using folder = tempDir();
    const broker = join(folder.path, "lying-broker.mjs");
    writeFileSync(broker, lyingBroker(code));
    const programs = { broker, adapter: programPath("mcp") };
    const tried = await tryAll({ programs, env: cleanEnv(), json: true, trials: [found, forgedSender] });
    expect(
      tried.map(({ name, passed }) => [name, passed]),
      JSON.stringify(tried),
    ).toContainEqual([found.name, false]);
    expect(tried.find(({ passed }) => !passed)?.says).not.toContain("    at ");
  });

  test("does not start at all", async () => {
    using folder = tempDir();
    const broker = join(folder.path, "no-broker.mjs");
    writeFileSync(broker, "console.error('no room for me'); process.exit(1);\n");
    const [first] = await tryAll({
      programs: { broker, adapter: broker },
      env: cleanEnv(),
      json: true,
      trials: [waitPath],
    });
    expect(first).toMatchObject({ passed: false, says: expect.stringContaining("the broker ended: no room for me") });
  });
});
