/** Starting, finding and stopping the broker from the command line. */
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { BrokerStatus } from "@agentmesh/protocol";
import { freePort, listening, tempDir, until } from "testkit";
import { expect, test } from "vitest";
import { isAlive } from "../src/process-alive.ts";
import { cli } from "./run-cli.ts";

const Pid = BrokerStatus.pick({ pid: true });

test("without a broker every other command exits 3 at once and says how to start one", async () => {
  using home = tempDir();
  const env = { AGENTMESH_PORT: String(await freePort()) };
  const commands = [["status"], ["agents"], ["send", "a", "b"], ["inbox"], ["inbox", "a"], ["log", "-f"], ["whoami"]];
  for (const ended of await Promise.all(commands.map((args) => cli(home.path, args, env)))) {
    expect(ended).toMatchObject({ code: 3, stdout: "" });
    expect(ended.stderr).toMatch(
      /^error: No broker runs at http:\/\/127\.0\.0\.1:\d+\. Start it with: agentmesh up\n$/,
    );
  }
  expect(await cli(home.path, ["down"], env)).toMatchObject({ code: 0 });
});

test("of three ups at once one starts the broker, which puts aside a log that is too large, and down waits until it is gone", async () => {
  using home = tempDir();
  const log = join(home.path, "broker.log");
  writeFileSync(log, Buffer.alloc(16 * 1_048_576 + 1, "\n"), { mode: 0o600 });
  const port = await freePort();
  const env = { AGENTMESH_PORT: String(port) };
  const run = (...args: string[]) => cli(home.path, args, env);
  const ups = await Promise.all([1, 2, 3].map(() => run("up", "--port", String(port), "--json")));
  const pids = ups.map(({ stdout }) => Pid.parse(JSON.parse(stdout)).pid);
  try {
    expect(ups.filter(({ stdout }) => stdout.includes('"started": true'))).toHaveLength(1);
    const size = (file: string) => statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    await until(() => size(`${log}.1`) > 16 * 1_048_576 && size(log) < 1_048_576, "the log to be put aside");
    expect(readFileSync(`${log}.1`, "utf8") + readFileSync(log, "utf8")).toContain("broker.started");
    expect(new Set(pids).size).toBe(1);
    const [again, elsewhere, status] = await Promise.all([run("up"), run("up", "--port", "2"), run("status")]);
    expect(again.stdout).toContain(`A broker already runs at http://127.0.0.1:${port}\n`);
    expect(again).toMatchObject({ code: 0, stderr: "" });
    expect(elsewhere).toMatchObject({ code: 1, stdout: "" });
    expect(elsewhere.stderr).toContain("agentmesh down, then agentmesh up --port 2");
    expect(status.stdout).toContain(`pid ${pids[0]}`);
  } finally {
    expect(await run("down")).toMatchObject({ code: 0 });
  }
  expect(pids.some(isAlive)).toBe(false);
  expect(await run("status")).toMatchObject({ code: 3 });
});

test("up says that nothing new is accepted, of a broker that it starts, of one that runs, and to programs", async () => {
  using home = tempDir();
  const tooMuch = { minFreeDiskBytes: 2 ** 50 };
  writeFileSync(join(home.path, "config.json"), JSON.stringify(tooMuch), { mode: 0o600 });
  const env = { AGENTMESH_PORT: String(await freePort()) };
  const up = (...more: string[]) => cli(home.path, ["up", ...more], env);
  try {
    const [starts, runs] = [await up(), await up()];
    expect([starts.stdout, runs.stdout].map((text) => /^.*?(?= at )/.exec(text)?.[0])).toEqual([
      ...["The broker is up", "A broker already runs"],
    ]);
    for (const { code, stderr } of [starts, runs]) {
      expect(code).toBe(0);
      expect(stderr).toMatch(/^warning: it accepts nothing new\. The broker's disk has .* left; .*Free space/);
    }
    const json = await up("--json");
    expect(JSON.parse(json.stdout).intakeClosedWhy).toContain("Free space");
    expect(json.stderr).toBe("");
  } finally {
    // As people type it too.
    const stopped = await cli(home.path, ["stop"], env);
    expect(stopped).toMatchObject({ code: 0, stdout: expect.stringContaining("has stopped") });
  }
});

test("a port that another program has exits 3, and nothing is sent to it", async () => {
  using home = tempDir();
  const seen: string[] = [];
  const other = createServer((request, response) => {
    seen.push(JSON.stringify(request.headers));
    response.end("hello");
  });
  const port = String(await listening(other));
  const commands = [["up", "--port", port], ["status"], ["down"]];
  for (const ended of await Promise.all(commands.map((args) => cli(home.path, args, { AGENTMESH_PORT: port })))) {
    expect(ended).toMatchObject({ code: 3, stdout: "" });
    expect(ended.stderr).toContain("not an agentmesh broker");
  }
  expect(seen.join()).not.toContain("authorization");
  await new Promise((resolve) => other.close(resolve));
});
