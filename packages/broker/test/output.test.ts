/** A broker and whoever reads its output: gone, stuck, or a full disk; it goes on, and ends when it is told to. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { assertInTime, cleanEnv, programArgs, stopwatch, tempDir, until } from "testkit";
import { describe, expect, test } from "vitest";

/** Longest time from SIGTERM to the end. */
const ENDS_WITHIN_MS = 2_000;

type Stdio = "pipe" | number;

/** Starts a broker in the foreground; `starter` puts a process of its own between. */
async function started(home: string, format: string, stdout: Stdio = "pipe", starter = false) {
  const args = programArgs("broker", ["--port", "0", "--log-level", "trace", "--log-format", format]);
  const script = `require("node:child_process").spawn(process.execPath, ${JSON.stringify(args)}, { stdio: ["ignore", "pipe", "pipe"] });`;
  const child = spawn(process.execPath, starter ? ["-e", script] : args, {
    env: cleanEnv({ AGENTMESH_HOME: home }),
    stdio: ["ignore", stdout, "pipe"],
  });
  const file = join(home, "broker.json");
  await until(() => existsSync(file), "the broker to start", 15_000);
  const { url, pid } = JSON.parse(readFileSync(file, "utf8")) as { url: string; pid: number };
  /** Asks often enough that its log fills every buffer between. */
  const answers = async (rounds = 4) => {
    for (let i = 0; i < rounds; i++) {
      await Promise.all(Array.from({ length: 50 }, () => fetch(`${url}/v1/nothing`).then((reply) => reply.text())));
    }
    return (await fetch(`${url}/livez`)).status;
  };
  return { child, pid, answers };
}

async function ended(child: ChildProcess): Promise<{ code: number | null; ms: number }> {
  const ms = stopwatch();
  child.kill("SIGTERM");
  const code = await new Promise<number | null>((resolve) => child.once("exit", resolve));
  return { code, ms: ms() };
}

describe("a broker", () => {
  test("whose log nobody reads goes on, and ends when told to", async () => {
    using home = tempDir();
    const { child, answers } = await started(home.path, "json");
    expect(await answers(20)).toBe(200);
    const { code, ms } = await ended(child);
    child.stdout?.destroy();
    expect(code).toBe(0);
    assertInTime(ms, ENDS_WITHIN_MS);
  });

  test.each(["json", "pretty"])(
    "whose reader of its %s log has left goes on, and ends when told to",
    async (format) => {
      using home = tempDir();
      const { child, answers } = await started(home.path, format);
      child.stdout?.destroy();
      child.stderr?.destroy();
      expect(await answers()).toBe(200);
      const { code, ms } = await ended(child);
      expect(code).toBe(0);
      assertInTime(ms, ENDS_WITHIN_MS);
    },
  );

  test("in the foreground outlives the process that started it", async () => {
    using home = tempDir();
    const { child: starter, pid, answers } = await started(home.path, "pretty", "pipe", true);
    starter.kill("SIGKILL");
    await new Promise((resolve) => starter.once("exit", resolve));
    expect(await answers()).toBe(200);
    process.kill(pid, "SIGTERM");
    const isClosed = () => !existsSync(join(home.path, "broker.json")) && !existsSync(join(home.path, "mesh.db-wal"));
    await until(isClosed, "the broker to end in order", ENDS_WITHIN_MS);
  });

  test.skipIf(!existsSync("/dev/full"))(
    "whose log is on a full disk goes on, and ends when told to (where /dev/full is)",
    async () => {
      using home = tempDir();
      const full = openSync("/dev/full", "w");
      const { child, answers } = await started(home.path, "json", full);
      closeSync(full);
      expect(await answers()).toBe(200);
      const { code, ms } = await ended(child);
      expect(code).toBe(0);
      assertInTime(ms, ENDS_WITHIN_MS);
    },
  );
});

test("why a start is refused stands once in a file that has both outputs, and on both where they are two", async () => {
  using home = tempDir();
  const first = await started(home.path, "json");
  const refused = async (both: boolean) => {
    const paths = [join(home.path, `out-${both}`), join(home.path, both ? `out-${both}` : "errors")];
    const files = paths.map((path) => openSync(path, "a"));
    const child = spawn(process.execPath, programArgs("broker", ["--port", "0"]), {
      env: cleanEnv({ AGENTMESH_HOME: home.path }),
      stdio: ["ignore", files[0], files[1]],
    });
    const code = await new Promise<number | null>((resolve) => child.once("exit", resolve));
    for (const file of files) closeSync(file);
    const told = [...new Set(paths)].map(
      (path) => readFileSync(path, "utf8").split("A broker already serves").length - 1,
    );
    return { code, told };
  };
  expect(await refused(true)).toEqual({ code: 3, told: [1] });
  expect(await refused(false)).toEqual({ code: 3, told: [1, 1] });
  await ended(first.child);
});
