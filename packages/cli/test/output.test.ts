/** What reaches stdout: whole JSON documents, no secrets, nothing that commands a terminal. */
import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { endpoints, LogEntry } from "@agentmesh/protocol";
import { cleanEnv, programLine, sampleOf, startTestBroker, type TestBroker, watched } from "testkit";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { cli, cliEach } from "./run-cli.ts";

// Programs by the dozen.
vi.setConfig({ testTimeout: 240_000 });

const HOSTILE =
  "\u001b[31mred\u001b[0m \u202eevil\u202c \u001b]52;c;aGk=\u0007 \u009b2J\u200b\ufe0f\u{13430} end\nerror: second line";
// C0 (but tab and line feed), DEL, C1, bidirectional, zero-width and invisible characters.
const COMMANDS_TERMINAL = /(?![\n\t])\p{Cc}|[\p{Cf}\p{Default_Ignorable_Code_Point}]/u;

let broker: TestBroker;
let message: string;
beforeAll(async () => {
  broker = await startTestBroker();
  const mallory = await broker.agent("mallory", { client: "\u001b[5mclient", directory: `/tmp/${HOSTILE}` });
  await mallory.client.setSummary({ summary: HOSTILE });
  await mallory.client.join({ pushPaths: [{ path: "stream", failedWhy: HOSTILE }] });
  await cli(broker.home, ["agent", "add", "cli"]);
  message = (await mallory.client.send({ to: "cli", body: HOSTILE })).messageId;
  const [first] = (await mallory.client.send({ to: "mallory", body: HOSTILE })).deliveries;
  const [leased] = (await mallory.client.lease({ max: 1 })).deliveries;
  await mallory.client.reject({ delivery: String(first?.seq), receipt: leased?.receipt ?? "", reason: HOSTILE });
});
afterAll(() => broker[Symbol.asyncDispose]());

test("with --json every command prints one document, and log one per line", async () => {
  const commands = [
    ["up"],
    ["status"],
    ["agents"],
    ["peers", "--live"],
    ["send", "mallory", "hi"],
    ["inbox"],
    ["inbox", "mallory", "--all"],
    ["inbox", "mallory", "--all", "--newest", "--limit", "1"],
    ["history"],
    ["search", "evil"],
    ["log", "--message", message],
    ["whoami"],
  ];
  for (const { code, stdout, stderr } of await cliEach(
    broker.home,
    sampleOf(commands, 5).map((args) => [...args, "--json"]),
  )) {
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(JSON.parse(stdout)).toBeTypeOf("object");
    expect(stdout).not.toMatch(COMMANDS_TERMINAL);
  }
  const log = await cli(broker.home, ["log", "--json"]);
  for (const line of log.stdout.trimEnd().split("\n")) LogEntry.parse(JSON.parse(line));
});

test("hostile text of other agents never reaches the terminal as a command, and JSON keeps it unchanged", async () => {
  const commands = [
    ["agents"],
    ["inbox", "--full"],
    ["inbox", "mallory", "--all"],
    ["history"],
    ["history", "--full"],
    ["search", "evil"],
    ["log"],
    ["log", "--message", message],
    ["send", "mallory", "hi"],
    ["send", HOSTILE, "hi"],
    ["send", HOSTILE, "hi", "--json"],
  ];
  for (const { stdout, stderr } of await cliEach(broker.home, sampleOf(commands, 5))) {
    expect(stdout + stderr).not.toMatch(COMMANDS_TERMINAL);
    expect(stdout + stderr).toContain("end");
    expect(stdout).not.toMatch(/^error:/m);
  }
  const shown = JSON.parse((await cli(broker.home, ["inbox", "--json"])).stdout);
  expect(endpoints.listInbox.reply.parse(shown).entries[0]?.message.body).toBe(HOSTILE);
});

test("whoami names the agent and never prints a token", async () => {
  const commands = [["whoami"], ["whoami", "--json"], ["agents", "--json"], ["whoami", "--as", "cli"]];
  const ended = await Promise.all(commands.map((args) => cli(broker.home, args)));
  for (const { code, stdout, stderr } of ended) {
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).not.toMatch(/am_|amk_/);
  }
  for (const { stdout } of ended) expect(stdout).toMatch(/\bcli\b/);
});

test("--as cannot become an agent that is not this machine's", async () => {
  const taken = await cli(broker.home, ["send", "cli", "hi", "--as", "mallory"]);
  expect(taken).toMatchObject({ code: 5, stdout: "" });
  expect(taken.stderr).toContain("mallory");
});

test("looking registers nobody and marks the own row", async () => {
  await using empty = await startTestBroker();
  const looks = sampleOf<string[]>(
    [
      ["agents"],
      ["log"],
      ["status"],
      ["whoami"],
      ["inbox"],
      ["inbox", "--ack"],
      ["dead"],
      ["held"],
      ["needs"],
      ["owed"],
    ],
    3,
  );
  const named = looks.map((look) => [...look, "--as", "typo"]);
  await cliEach(empty.home, [...looks, ...named]);
  expect((await empty.admin.listAgents()).total).toBe(0);
  const identities = join(empty.home, "agents");
  expect(existsSync(identities) ? readdirSync(identities) : []).toEqual([]);
  expect((await cli(empty.home, ["whoami"])).stdout).toContain("cli, which is not in the mesh yet");
  await cli(empty.home, ["send", "nobody", "hello"]);
  expect((await cli(empty.home, ["agents"])).stdout).toContain("cli (you)");
});

const followers: [string, string[]][] = [
  ["log -f --json", ["log", "-f", "--json"]],
  ["inbox -f", ["inbox", "-f"]],
  ["inbox NAME -f --json", ["inbox", "mallory", "-f", "--json"]],
  ["logs -f", ["logs", "-f"]],
  ["ask", ["ask", "mallory", "anybody?", "--timeout", "1h"]],
  ["ping", ["ping", "mallory", "--timeout", "1h"]],
];
test.each(sampleOf(followers, 2))(
  "a reader of %s that closes the pipe early ends it at once, without a stack",
  async (_, args) => {
    const line = `${programLine("cli", args)} < /dev/null | true; exit \${PIPESTATUS[0]}`;
    const running = watched(spawn("bash", ["-c", line], { env: cleanEnv({ AGENTMESH_HOME: broker.home }) }));
    expect((await running.exit).code).toBe(141);
    expect(running.stderr()).not.toMatch(/EPIPE|\n\s+at /);
    if (args.includes("--json")) expect(running.stderr()).toBe("");
  },
);
