/**
 * Two versions on one machine: what is said names the older one, and never sends a newer broker back; a database that a newer
 * one has written is left alone, however the older one is started.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { VERSION } from "@agentmesh/protocol";
import {
  cleanEnv,
  freePort,
  runProgram,
  startMcpSession,
  startTestBroker,
  type TestBroker,
  tempDir,
  until,
} from "testkit";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { skewText } from "../src/commands/broker/up.ts";
import { cli } from "./run-cli.ts";

// Programs by the dozen.
vi.setConfig({ testTimeout: 240_000 });

describe("the broker is older, and brought up to date by a restart", () => {
  test.each([
    ["0.1.0", "0.2.0"],
    ["0.9.9", "0.10.0"],
    ["0.2.0", "1.0.0"],
    ["0.2.0-beta.2", "0.2.0-beta.10"],
    ["0.2.0-beta.1", "0.2.0"],
  ])("%s before %s", (broker, own) => {
    expect(skewText(broker, own)).toContain(`the broker is version ${broker}, older than this command line (${own})`);
    expect(skewText(broker, own)).toContain("agentmesh down && agentmesh up");
    expect(skewText(own, broker)).toContain(`this command line is version ${broker}, older than the broker (${own})`);
    expect(skewText(own, broker)).not.toContain("agentmesh down");
  });
});

test("one version is not spoken of", () => {
  expect(skewText("0.1.0", "0.1.0")).toBeUndefined();
});

/** The environment of a command line to which a broker of this version answers as one of another. */
function answeredBy(version: string): Record<string, string> {
  const swap = `text.replace('"version":"${VERSION}"', '"version":"${version}"')`;
  const code = `const { parse } = JSON; JSON.parse = (text, ...more) => parse(typeof text === "string" ? ${swap} : text, ...more);`;
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(code)}` };
}

let broker: TestBroker;
beforeAll(async () => {
  broker = await startTestBroker();
});
afterAll(() => broker[Symbol.asyncDispose]());

describe.each([["up"], ["status"]])("%s", (command) => {
  test.each([
    ["0.0.9", "the broker is version 0.0.9, older than this command line"],
    [`${VERSION}-beta.1`, `the broker is version ${VERSION}-beta.1, older than this command line`],
    ["99.0.0", `this command line is version ${VERSION}, older than the broker (99.0.0)`],
    [VERSION, ""],
  ])("with a broker of version %s says which is old, if one is", async (version, said) => {
    const ended = await cli(broker.home, [command], answeredBy(version));
    expect(ended.code).toBe(0);
    expect(ended.stdout).toContain(version);
    if (said === "") expect(ended.stderr).toBe("");
    else expect(ended.stderr).toContain(said);
    expect(ended.stderr.includes("agentmesh down")).toBe(said.startsWith("the broker is"));
  });
});

/** Ways in which a broker is started, and what the starter is told. */
const starters: readonly (readonly [string, (home: string, env: Record<string, string>) => Promise<string>])[] = [
  [
    "agentmesh-broker",
    async (home, env) => {
      const ended = await runProgram("broker", [], { env: cleanEnv({ AGENTMESH_HOME: home, ...env }) });
      expect(ended.code).toBe(5);
      return ended.stderr;
    },
  ],
  [
    "agentmesh up",
    // On a busy machine it gives up before the broker has said why.
    (home, env) =>
      until(
        async () => {
          const ended = await cli(home, ["up"], env);
          expect([ended.code, ended.stdout]).toEqual([3, ""]);
          return ended.stderr.includes("schema") ? ended.stderr : undefined;
        },
        "up to say why",
        60_000,
      ),
  ],
  [
    "an adapter",
    async (home, env) => {
      await using session = await startMcpSession({ home, cwd: home, env });
      return await until(
        async () => {
          const { isError, text } = await session.tool("whoami");
          return isError && text.includes("schema") ? text : undefined;
        },
        "the adapter to say why",
        60_000,
      );
    },
  ],
];

test.each(starters)(
  "%s refuses a database that a newer broker has written, says so, and changes nothing in it",
  async (_, start) => {
    using home = tempDir();
    const env = { AGENTMESH_PORT: String(await freePort()), AGENTMESH_BALLAST_BYTES: "0" };
    const { kill } = await startTestBroker({ home: home.path });
    await kill("SIGTERM");
    const path = join(home.path, "mesh.db");
    const db = new DatabaseSync(path);
    db.exec("PRAGMA user_version = 99");
    db.close();
    const before = readFileSync(path);
    expect(await start(home.path, env)).toMatch(
      /has schema 99; this broker knows schemas up to \d+\. Run a newer agentmesh/,
    );
    expect(readFileSync(path).equals(before)).toBe(true);
  },
);
