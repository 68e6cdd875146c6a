/** The broker's own log for people: its last lines, those to come, over a log that is put aside; as they are for programs. */
import { appendFileSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startTestBroker, tempDir, until } from "testkit";
import { expect, test } from "vitest";
import { cli, startCli } from "./run-cli.ts";

const at = Date.UTC(2026, 0, 31, 12, 0, 1);
const entry = (msg: string, more: object = {}) => `${JSON.stringify({ level: 30, time: at, msg, ...more })}\n`;

/** A state folder with a log; nothing runs there. */
function folderWith(log: string) {
  const home = tempDir();
  const file = join(home.path, "broker.log");
  writeFileSync(file, log, { mode: 0o600 });
  return { home: home.path, file, [Symbol.dispose]: () => home[Symbol.dispose]() };
}

test.each<[string, string, RegExp]>([
  [
    "an entry",
    entry("broker.started", { port: 7899 }),
    /^2026-01-31 17:45:01 {2}info {3}broker\.started {2}port=7899$/,
  ],
  ["a warning", entry("disk.low", { level: 40 }), /^2026-01-31 17:45:01 {2}warn {3}disk\.low$/],
  ["an error", entry("disk.full", { level: 50 }), /^2026-01-31 17:45:01 {2}error {2}disk\.full$/],
  [
    "times among its facts",
    entry("x", { until: "2026-01-31T12:00:00.500Z", of: { rest: "2026-01-31T12:00:02.000Z" } }),
    /^.* x {2}until=2026-01-31 17:45:00 of=\{"rest":"2026-01-31 17:45:02"\}$/,
  ],
  ["more than text", entry("x", { ids: ["a", "b"] }), /^.* info {3}x {2}ids=\["a","b"\]$/],
  ["what is no entry", "Segmentation fault\n", /^Segmentation fault$/],
  ["what commands a terminal", entry("x", { why: "\u001b[31mred\u202e" }), /^.* x {2}why=\[31mred$/],
])("shows %s in a line, in local time", async (_, line, shown) => {
  using folder = folderWith(line);
  const ended = await cli(folder.home, ["logs"], { TZ: "Asia/Kathmandu" });
  expect(ended).toMatchObject({ code: 0, stderr: "" });
  expect(ended.stdout.trimEnd()).toMatch(shown);
});

test("shows the last lines, as many as were asked for, and one document a line with --json", async () => {
  using folder = folderWith(Array.from({ length: 60 }, (_, n) => entry(`line.${n}`)).join(""));
  const names = ({ stdout }: { stdout: string }) => [...stdout.matchAll(/line\.(\d+)/g)].map(([, n]) => Number(n));
  expect(names(await cli(folder.home, ["logs"]))).toEqual(Array.from({ length: 50 }, (_, n) => n + 10));
  expect(names(await cli(folder.home, ["logs", "-n", "2"]))).toEqual([58, 59]);
  const json = await cli(folder.home, ["logs", "--limit", "3", "--json"]);
  expect(
    json.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line).msg),
  ).toEqual(["line.57", "line.58", "line.59"]);
});

test("without a log says where one would be, and exits as for what is not found", async () => {
  using home = tempDir();
  mkdirSync(join(home.path, "mesh"));
  const ended = await cli(join(home.path, "mesh"), ["logs"]);
  expect(ended).toMatchObject({ code: 4, stdout: "" });
  expect(ended.stderr).toContain("There is no log at");
});

test("-f shows each line once, also when the log is put aside, or a line is written in two pieces", async () => {
  using folder = folderWith(entry("was.there"));
  const following = startCli(folder.home, ["logs", "-f"]);
  const shows = (text: string) => until(() => following.stdout().includes(text), text, 30_000);
  await shows("was.there");
  appendFileSync(folder.file, entry("comes.whole"));
  await shows("comes.whole");
  const halved = entry("comes.in.two");
  appendFileSync(folder.file, halved.slice(0, 20));
  appendFileSync(folder.file, halved.slice(20));
  await shows("comes.in.two");
  renameSync(folder.file, `${folder.file}.1`);
  writeFileSync(folder.file, entry("new.file"));
  await shows("new.file");
  following.child.kill("SIGINT");
  expect((await following.exit).code).toBe(0);
  expect(following.stdout().match(/\w+\.(there|whole|in\.two|file)/g)).toEqual([
    ...["was.there", "comes.whole", "comes.in.two", "new.file"],
  ]);
  expect(following.stderr()).toContain("Go on: agentmesh logs -f");
});

test.each([
  ["is killed", "SIGKILL", []],
  ["is stopped", "SIGTERM", []],
  ["is killed, and a program reads", "SIGKILL", ["--json"]],
] as const)(
  "-f says that the broker is gone when it %s, how to start one, and when one runs again",
  async (_, signal, more) => {
    await using broker = await startTestBroker();
    const file = join(broker.home, "broker.log");
    writeFileSync(file, entry("was.there"), { mode: 0o600 });
    const following = startCli(broker.home, ["logs", "-f", ...more]);
    const says = (text: string) => until(() => following.stderr().includes(text), text, 30_000);
    await until(() => following.stdout().includes("was.there"), "the beginning", 30_000);
    await broker.kill(signal);
    await says("No broker runs for ");
    expect(following.stderr()).toContain("Start one: agentmesh up");
    await broker.start();
    await says("A broker runs again.");
    following.child.kill("SIGINT");
    expect((await following.exit).code).toBe(0);
    expect(following.stderr().match(/No broker runs|runs again/g)).toHaveLength(2);
    expect(following.stdout().match(/was\.there/g)).toHaveLength(1);
  },
);
