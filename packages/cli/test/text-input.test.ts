/** The text of a message: what is typed, a file and standard input go together, and none of it is lost or waited for in vain. */
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { MeshClient } from "@agentmesh/client";
import {
  cleanEnv,
  programLine,
  type RunningProgram,
  sampleOf,
  startTestBroker,
  type TempDir,
  type TestBroker,
  tempDir,
  thorough,
  until,
  watched,
} from "testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cli, cliWithStdin, type Ended, startCli } from "./run-cli.ts";

let broker: TestBroker;
let reader: MeshClient;
let files: TempDir;
beforeAll(async () => {
  [broker, files] = [await startTestBroker({ env: { AGENTMESH_REPEATS_PER_MINUTE: "0" } }), tempDir()];
  reader = (await broker.agent("reader")).client;
  await reader.subscribe({ topic: "news" });
  writeFileSync(join(files.path, "part.txt"), "from a file\n");
});
afterAll(async () => {
  await broker[Symbol.asyncDispose]();
  files[Symbol.dispose]();
});

/** Every command that takes text, without its text. */
const commands: readonly string[][] = [
  ["send", "reader"],
  ["ask", "reader", "--timeout", "1s"],
  ["publish", "news"],
];

/** Runs a command in a shell, where standard input is what `redirect` makes of it. */
async function inShell(args: readonly string[], before: string, after: string): Promise<Ended> {
  const running = startInShell(args, before, after);
  const { code } = await running.exit;
  return { code, stdout: running.stdout(), stderr: running.stderr() };
}

function startInShell(args: readonly string[], before: string, after: string): RunningProgram {
  const line = programLine("cli", args);
  const env = cleanEnv({ AGENTMESH_HOME: broker.home });
  return watched(spawn("sh", ["-c", `${before} ${line} ${after}`], { env }));
}

async function newest(): Promise<string | undefined> {
  return (await reader.listInbox({ order: "newest", state: "all", limit: 1 })).entries[0]?.message.body;
}

describe.each(commands)("%s", (...command) => {
  const file = () => join(files.path, "part.txt");
  const ways: [string, string[], string, string, string, boolean][] = [
    ["a pipe behind typed text", ["review:"], "printf 'a\\nb\\n' |", "", "review:\na\nb", true],
    ["a pipe alone", [], "printf 'piped' |", "", "piped", false],
    ["a pipe asked for with -", ["review:", "-"], "printf 'piped' |", "", "review:\npiped", false],
    ["a redirected file behind typed text", ["review:"], "", "< FILE", "review:\nfrom a file", true],
    ["--file", ["--file", "FILE", "review:"], "", "< /dev/null", "review:\nfrom a file", false],
    ["--file and a pipe", ["--file", "FILE", "review:"], "printf 'piped' |", "", "review:\nfrom a file\npiped", true],
    ["--file - behind typed text", ["review:", "--file", "-"], "printf 'piped' |", "", "review:\npiped", false],
    ["an empty pipe behind typed text", ["typed"], ": |", "", "typed", false],
    ["/dev/null behind typed text", ["typed"], "", "< /dev/null", "typed", false],
    ["a closed standard input", ["typed"], "", "<&-", "typed", false],
  ];
  test.each(sampleOf(ways, 4))("%s is stored whole", async (_, words, before, after, body, added) => {
    const own = (text: string) => text.replace("FILE", file());
    const ended = await inShell([...command, ...words.map(own)], before, own(after));
    expect([0, 7]).toContain(ended.code);
    expect(await newest()).toBe(body);
    expect(ended.stderr.includes("Standard input was added")).toBe(added);
  });

  test("an open socket that stays silent is left out, and that is said", async () => {
    const running = startCli(broker.home, [...command, "typed over a socket"]);
    await running.exit;
    running.child.stdin?.end();
    expect(running.stderr()).toContain("Standard input is open and silent");
    expect(await newest()).toBe("typed over a socket");
  });

  const refusals: [string, string[], string, string, RegExp][] = [
    ["an empty text", [""], "", "< /dev/null", /is empty\. Nothing was sent/],
    ["a missing file", ["--file", "/no/such/file", "x"], "", "< /dev/null", /--file: .*no\/such\/file/],
    ["a folder", ["--file", "/tmp", "x"], "", "< /dev/null", /--file: .*\/tmp/],
    ["what is no text", ["x"], "printf '\\377\\376' |", "", /not UTF-8/],
  ];
  test.each(sampleOf(refusals, 2))("%s is refused, and nothing is sent", async (_, words, before, after, said) => {
    const held = (await reader.listInbox({ state: "all" })).entries.length;
    const ended = await inShell([...command, ...words], before, after);
    expect([ended.code, ended.stdout]).toEqual([2, ""]);
    expect(ended.stderr).toMatch(said);
    expect((await reader.listInbox({ state: "all" })).entries.length).toBe(held);
  });
});

test("what comes in pieces over a pipe is waited for to its end, and that is said", async () => {
  const running = startInShell(["send", "reader", "slow:"], "cat |", "");
  running.child.stdin?.write("one");
  await until(() => running.stderr().includes("Reading standard input until it ends"));
  running.child.stdin?.end("two");
  expect((await running.exit).code).toBe(0);
  expect(await newest()).toBe("slow:\nonetwo");
});

test.runIf(thorough)(
  "a pipe that falls silent beside typed text is waited for as long after its first byte as before (eleven seconds: in test:thorough)",
  async () => {
    const ended = await inShell(["send", "reader", "slow:"], "(printf one; sleep 11; printf two) |", "");
    expect(ended).toMatchObject({ code: 0, stderr: expect.stringContaining("Standard input was added") });
    expect(await newest()).toBe("slow:\nonetwo");
  },
);

test("a stream without end is refused at its size, from a pipe and from a file", async () => {
  const big = join(files.path, "big.txt");
  writeFileSync(big, "x".repeat(1_000_000));
  for (const ended of [
    await inShell(["send", "reader", "x"], "yes |", ""),
    await inShell(["send", "reader", "--file", big], "", "< /dev/null"),
    await cliWithStdin(broker.home, ["send", "reader"], "x".repeat(500_000)),
  ]) {
    expect(ended).toMatchObject({ code: 5, stdout: "" });
    expect(ended.stderr).toMatch(/bytes or more, the limit is 65536/);
  }
});

test("help of every command that takes text says how it is put together", async () => {
  for (const [name = ""] of commands) {
    const { stdout } = await cli(broker.home, [name, "--help"]);
    expect(stdout).toContain("--file <file>");
    expect(stdout).toContain("< /dev/null");
  }
});
