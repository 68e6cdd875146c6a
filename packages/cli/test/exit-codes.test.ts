/** The table of exit codes: shown in three places, and every code of it produced for real. */
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  cleanEnv,
  programLine,
  startTestBroker,
  type TempDir,
  type TestBroker,
  tempDir,
  until,
  watched,
} from "testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { cli, startWait } from "./run-cli.ts";

const readme = fileURLToPath(new URL("../README.md", import.meta.url));

const ExitCodes = z.object({
  exitCodes: z.array(z.object({ code: z.int(), name: z.string(), meaning: z.string(), again: z.string() })),
});

let broker: TestBroker;
let empty: TempDir;
let exitCodes: z.infer<typeof ExitCodes>["exitCodes"];
beforeAll(async () => {
  [broker, empty] = [await startTestBroker({ args: ["--inbox-max-messages", "1"] }), tempDir()];
  for (const name of ["idle", "full", "strict"]) await broker.agent(name);
  await cli(broker.home, ["send", "full", "the only one that fits"]);
  await broker.admin.setPolicy({ agent: "strict", otherwise: "refuse" });
  ({ exitCodes } = ExitCodes.parse(JSON.parse((await cli(broker.home, ["exit-codes", "--json"])).stdout)));
});
afterAll(async () => {
  await broker[Symbol.asyncDispose]();
  empty[Symbol.dispose]();
});

const code = async (...args: string[]) => (await cli(broker.home, args)).code;

async function signalled(signal: NodeJS.Signals): Promise<number | null> {
  const to = `idle-${signal.toLowerCase()}`;
  await broker.agent(to);
  const running = startWait(broker.home, ["send", to, "please", "--wait", "1m"]);
  await until(() => running.stderr().includes("Waiting for"), "the wait", 30_000);
  running.child.kill(signal);
  return (await running.exit).code;
}

/** Ways to each code, by its name: several where several kinds of cause come to it. */
const ways: Record<string, readonly (() => Promise<number | null>)[]> = {
  ok: [() => code("status"), () => code("exit-codes"), () => code("help", "exit-codes"), () => code("setup", "--help")],
  failure: [
    // A state folder that is a file, and a client's file that setup cannot read.
    async () => {
      writeFileSync(join(empty.path, "file"), "");
      return (await cli(join(empty.path, "file"), ["up"])).code;
    },
    async () => {
      const home = join(empty.path, "broken");
      mkdirSync(join(home, ".cursor"), { recursive: true });
      writeFileSync(join(home, ".cursor", "mcp.json"), "{ no JSON");
      const env = { HOME: home, USERPROFILE: home };
      return (await cli(broker.home, ["setup", "--client", "cursor", "--yes"], env)).code;
    },
  ],
  usage: [
    () => code("send"),
    () => code("no-such-command"),
    () => code("send", "idle", ""),
    () => code("ask", "idle", "x", "--timeout", "soon"),
  ],
  unreachable: [
    async () => (await cli(join(empty.path, "none"), ["agents"])).code,
    () => code("agents", "--url", "http://127.0.0.1:8"),
  ],
  notFound: [
    () => code("send", "nobody-here", "x"),
    () => code("trace", `msg_${"0".repeat(32)}`),
    () => code("webhook", "show", "idle"),
  ],
  refused: [
    () => code("send", "strict", "x"),
    () => code("send", "idle", "x".repeat(70_000)),
    () => code("whoami", "--as", "idle"),
  ],
  wouldChange: [
    async () => {
      const home = join(empty.path, "person");
      mkdirSync(home);
      const env = { HOME: home, USERPROFILE: home };
      return (await cli(broker.home, ["setup", "--client", "cursor", "--dry-run", "--exit-code"], env)).code;
    },
  ],
  pending: [() => code("ask", "idle", "anybody?", "--timeout", "1s")],
  ended: [
    async () => {
      await cli(broker.home, ["cancel", await openMessage("idle")]);
      return code("ping", "idle", "--timeout", "1s");
    },
  ],
  faulty: [
    // A state folder that others may read.
    async () => {
      const home = join(empty.path, "open");
      mkdirSync(home, { mode: 0o755 });
      return (await cli(home, ["doctor"], { HOME: empty.path, USERPROFILE: empty.path })).code;
    },
  ],
  internal: [
    // What no line of ours expects to throw.
    async () => {
      const broken = "data:text/javascript,Number.prototype.toLocaleString=()=>{throw new Error('broken')}";
      return (await cli(broker.home, ["status"], { NODE_OPTIONS: `--import="${broken}"` })).code;
    },
  ],
  later: [() => code("send", "full", "one more")],
  hungUp: [() => signalled("SIGHUP")],
  interrupted: [() => signalled("SIGINT")],
  terminated: [() => signalled("SIGTERM")],
  outputGone: [() => unread(["log", "-f"]), () => unread(["exit-codes"])],
};

async function openMessage(agent: string): Promise<string> {
  return (await broker.admin.listInbox({ agent })).entries[0]?.message.id ?? "none";
}

/** Runs a command whose reader is gone before it says anything. */
async function unread(args: readonly string[]): Promise<number | null> {
  const line = programLine("cli", args);
  const env = cleanEnv({ AGENTMESH_HOME: broker.home });
  const running = watched(spawn("bash", ["-c", `${line} < /dev/null | true; exit \${PIPESTATUS[0]}`], { env }));
  return (await running.exit).code;
}

describe("the table of exit codes", () => {
  test("is what agentmesh exit-codes, its help and the README show, with no number twice", async () => {
    expect(new Set(exitCodes.map((row) => row.code)).size).toBe(exitCodes.length);
    const help = (await cli(broker.home, ["help", "exit-codes"])).stdout.replace(/\s+/g, " ");
    const page = readFileSync(readme, "utf8");
    for (const { code: number, meaning, again } of exitCodes) {
      expect(help).toContain(` ${number} ${meaning}. Again: ${again}.`);
      expect(page).toContain(`| ${number} | ${meaning} | ${again} |\n`);
      expect(meaning + again, "a cell of a table").not.toContain("|");
    }
    expect(Object.keys(ways).sort()).toEqual(exitCodes.map(({ name }) => name).sort());
  });

  test.each(Object.keys(ways))("%s is what really comes of its causes", async (name) => {
    const wanted = exitCodes.find((row) => row.name === name)?.code;
    for (const [index, way] of (ways[name] ?? []).entries()) expect([index, await way()]).toEqual([index, wanted]);
  });
});
