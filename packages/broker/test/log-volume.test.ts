/** What callers can have the broker write into its log is bounded, by kind of line and in all. */

import { spawn } from "node:child_process";
import { existsSync, openSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import {
  cleanEnv,
  openWebhookReceiver,
  programArgs,
  startTestBroker,
  type TestBroker,
  tempDir,
  times,
  until,
} from "testkit";
import { expect, test } from "vitest";
import * as z from "zod";

const Line = z.object({ msg: z.string(), code: z.string().optional(), more: z.int().optional() });

/** Lines of one kind: how many were written, and how many more a line says there were. */
function linesOf(broker: TestBroker, msg: string, code?: string) {
  const lines = broker
    .log()
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => Line.parse(JSON.parse(line)))
    .filter((line) => line.msg === msg && (code === undefined || line.code === code));
  const more = lines.reduce((sum, line) => sum + (line.more ?? 0), 0);
  return { written: lines.filter((line) => line.more === undefined).length, more };
}

const CALLS = times(120, 30);
/** In a window of a minute, which begins with the first of a kind: on a busy machine the calls are in several. */
const WRITTEN = 10;
const WINDOW_MS = 60_000;
const windowsSince = (began: number) => 1 + Math.floor((performance.now() - began) / WINDOW_MS);

function expectFew(broker: TestBroker, windows: number, msg: string, code?: string): void {
  const { written, more } = linesOf(broker, msg, code);
  expect([msg, written + more]).toEqual([msg, CALLS]);
  expect(written, msg).toBeGreaterThanOrEqual(WRITTEN);
  expect(written, msg).toBeLessThanOrEqual(WRITTEN * windows);
}

test("of refusals that repeat the first are in the log, and how many more there were", async () => {
  await using broker = await startTestBroker({ logLevel: "info" });
  const alice = await broker.agent("alice");
  await broker.kill("SIGTERM");
  await using low = await startTestBroker({
    logLevel: "info",
    home: broker.home,
    env: { AGENTMESH_MIN_FREE_DISK_BYTES: String(2 ** 50) },
  });
  const sender = low.client(alice.token, { retryForMs: 0 });
  const refused = async (act: Promise<unknown>) => expect(await act.catch(({ code }) => code)).toBe("storage_full");
  const began = performance.now();
  for (let i = 0; i < CALLS; i += 2) {
    await refused(sender.send({ to: "alice", body: `${i}` }));
    await refused(sender.publish({ topic: "news", body: `${i}` }));
  }
  await low.kill("SIGTERM");
  expectFew(low, windowsSince(began), "request.refused", "storage_full");
});

test("so are what an agent does to its webhook over and over, and what its webhook does", async () => {
  await using broker = await startTestBroker({ logLevel: "info" });
  await using receiver = await openWebhookReceiver((_post, response, n) =>
    response.writeHead(n % 2 === 0 ? 204 : 500).end(),
  );
  const { client } = await broker.agent("alice");
  const began = performance.now();
  for (let i = 0; i < CALLS; i++) {
    await client.setWebhook({ agent: "me", url: receiver.url });
    await client.rotateWebhook({ agent: "me" });
    await client.testWebhook({ agent: "me" });
    await client.removeWebhook({ agent: "me" });
  }
  await broker.kill("SIGTERM");
  const windows = windowsSince(began);
  for (const kind of ["webhook.set", "webhook.rotated", "webhook.removed"]) {
    expectFew(broker, windows, kind);
  }
  const kinds = new Set(broker.log().match(/"msg":"[\w.]+"/g));
  for (const kind of kinds) {
    expect(broker.log().split(kind).length - 1, kind).toBeLessThanOrEqual((WRITTEN + 1) * windows);
  }
});

test("the log file is put aside when it is large, and both together stay within twice its size", async () => {
  using home = tempDir();
  const mostBytes = 65_536;
  const path = join(home.path, "broker.log");
  const log = openSync(path, "a", 0o600);
  const args = ["--port", "0", "--log-level", "debug", "--log-format", "json", "--log-max-bytes", String(mostBytes)];
  const child = spawn(process.execPath, programArgs("broker", args), {
    env: cleanEnv({ AGENTMESH_HOME: home.path }),
    stdio: ["ignore", log, log],
  });
  try {
    const file = join(home.path, "broker.json");
    await until(() => existsSync(file), "the broker to start", 15_000);
    const { url } = z.object({ url: z.string() }).parse(JSON.parse(readFileSync(file, "utf8")));
    const size = (name: string) => statSync(name, { throwIfNoEntry: false })?.size ?? 0;
    let last = "";
    for (let turn = 0; turn < 30; turn++) {
      for (const answer of await Promise.all(Array.from({ length: 50 }, () => fetch(`${url}/v1/nothing`)))) {
        last = z.object({ instance: z.string() }).parse(await answer.json()).instance;
      }
      expect(size(path) + size(`${path}.1`)).toBeLessThan(2 * mostBytes + 50 * 400);
    }
    expect(size(`${path}.1`)).toBeGreaterThan(mostBytes - 1);
    await until(
      () => readFileSync(path, "utf8").includes(last) || readFileSync(`${path}.1`, "utf8").includes(last),
      "the last line",
    );
    expect(statSync(`${path}.1`).mode & 0o777).toBe(0o600);
    for (const line of readFileSync(`${path}.1`, "utf8").trimEnd().split("\n")) Line.parse(JSON.parse(line));
  } finally {
    child.kill("SIGTERM");
    await new Promise((resolve) => child.once("exit", resolve));
  }
});
