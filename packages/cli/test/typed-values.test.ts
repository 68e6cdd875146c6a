/** One grammar and one sentence for what is typed: behind a flag, in the environment, in a file, by every program. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  cleanEnv,
  freePort,
  runProgram,
  sampleOf,
  startMcpSession,
  startTestBroker,
  type TestBroker,
  tempDir,
  until,
} from "testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cli } from "./run-cli.ts";

/** Words of libraries, and forms that nobody types. */
const FOREIGN =
  /Too (small|big)|Invalid|expected|received|NaN|Allowed choices|argument .* is invalid|\(\?:|a text of (another|the) form/;

let broker: TestBroker;
beforeAll(async () => {
  broker = await startTestBroker();
  await broker.agent("bob");
});
afterAll(() => broker[Symbol.asyncDispose]());

describe("the command line", () => {
  test.each(
    sampleOf(
      [
        [
          ["ask", "bob", "x", "--timeout", "soon"],
          '--timeout takes a time such as 45s, 30m, 2h or 7d, from 1s to 24h, not "soon".',
        ],
        [
          ["ask", "bob", "x", "--timeout", "25h"],
          '--timeout takes a time such as 45s, 30m, 2h or 7d, from 1s to 24h, not "25h".',
        ],
        [["focus", "bob", "--for", "0s"], '--for takes a time such as 45s, 30m, 2h or 7d, from 1s to 8h, not "0s".'],
        [["up", "--port", "0"], '--port takes a port from 1 to 65535, not "0".'],
        [["up", "--port", "65536"], '--port takes a port from 1 to 65535, not "65536".'],
        [["up", "--port", "1e3"], '--port takes a port from 1 to 65535, not "1e3".'],
        [["up", "--port", "6666"], '--port takes a port that fetch and browsers connect to, such as 7899, not "6666".'],
        [
          ["up", "--port", "10080"],
          '--port takes a port that fetch and browsers connect to, such as 7899, not "10080".',
        ],
        [
          ["status", "--url", "http://127.0.0.1:6667"],
          '--url takes an address with a port that fetch and browsers connect to, such as http://127.0.0.1:7899, not "http://127.0.0.1:6667".',
        ],
        [
          ["agents", "--url", "https://mesh.example:2049"],
          '--url takes an address with a port that fetch and browsers connect to, such as http://127.0.0.1:7899, not "https://mesh.example:2049".',
        ],
        [["log", "--limit", "-1"], '--limit takes a whole number from 1 to 500, not "-1".'],
        [["inbox", "--limit", "1.5"], '--limit takes a whole number from 1 to 10000, not "1.5".'],
        [["send", "bob", "x", "--urgency", "loud"], '--urgency takes fyi, normal or interrupt, not "loud".'],
        [["policy", "bob", "--otherwise", "maybe"], '--otherwise takes accept, hold or refuse, not "maybe".'],
        [
          ["whoami", "--as", "Ünknown"],
          '--as takes 1 to 64 characters a-z 0-9 . _ - and a letter or digit first, not "Ünknown".',
        ],
        [["whoami", "--as", "root"], "--as is refused: this name is reserved, choose another."],
        [
          ["publish", "Not A Topic", "x"],
          'The topic takes words of a-z 0-9 _ - joined by dots, at most 16, not "Not A Topic".',
        ],
        [
          ["subscribe", "a..b"],
          'The topic takes a topic; * stands for one word, > at the end for one or more, not "a..b".',
        ],
        [["agents", "--url", "nowhere"], '--url takes an address such as http://127.0.0.1:7899, not "nowhere".'],
      ],
      5,
    ),
  )("%j exits 2 with what is taken and what was given", async (args, sentence) => {
    const ended = await cli(broker.home, args);
    expect([ended.code, ended.stdout]).toEqual([2, ""]);
    expect(ended.stderr).toBe(`error: ${sentence}\n`);
  });

  test.each(
    sampleOf(
      [
        [["send", "", "x"]],
        [["send", "x".repeat(200), "x"]],
        [["ask", "", "x"]],
        [["agents", "--limit"]],
        [["send", "bob", "x", "--idempotency-key", ""]],
        [["focus", "bob", "--reason", "x".repeat(2_000)]],
        [["ping", ""]],
      ],
      2,
    ),
  )("%j is refused in our words", async (args) => {
    const ended = await cli(broker.home, args);
    expect([2, 4]).toContain(ended.code);
    expect(ended.stderr).not.toMatch(FOREIGN);
  });
});

describe("the environment and the file", () => {
  test.each(
    sampleOf(
      [
        ["AGENTMESH_PORT", "abc"],
        ["AGENTMESH_PORT", "70000"],
        ["CLAUDE_PEERS_PORT", "-1"],
        ["AGENTMESH_PORT", "6000"],
        ["CLAUDE_PEERS_PORT", "5060"],
      ],
      2,
    ),
  )(
    "%s=%s is refused by the command line and the broker in the same words, and told by the adapter",
    async (name, value) => {
      using home = tempDir();
      const port = /^\d{4}$/.test(value)
        ? "a port that fetch and browsers connect to, such as 7899"
        : "auto, or a port from 0 to 65535";
      const sentence = `${name} takes ${port}, not "${value}".`;
      const env = { [name]: value };
      expect(await cli(home.path, ["status"], env)).toMatchObject({ code: 2, stderr: `error: ${sentence}\n` });
      expect(await cli(home.path, ["up"], env)).toMatchObject({ code: 2, stderr: `error: ${sentence}\n` });
      const started = await runProgram("broker", [], { env: cleanEnv({ AGENTMESH_HOME: home.path, ...env }) });
      expect(started.code).not.toBe(0);
      expect(started.stderr).toContain(sentence);
      await using session = await startMcpSession({ home: home.path, cwd: home.path, env });
      expect(await session.tool("list_peers")).toMatchObject({
        isError: true,
        text: expect.stringContaining(sentence),
      });
    },
  );

  test.each(
    sampleOf(
      [
        ["AGENTMESH_MAX_HOPS", "x", 'AGENTMESH_MAX_HOPS takes a whole number from 1 to 1000, not "x".'],
        ["AGENTMESH_LOG_LEVEL", "loud", 'AGENTMESH_LOG_LEVEL takes trace, debug, info, warn or error, not "loud".'],
        ["AGENTMESH_LEGACY", "maybe", 'AGENTMESH_LEGACY takes true or false, not "maybe".'],
        ["AGENTMESH_WEBHOOK_ALLOW", "zz", "AGENTMESH_WEBHOOK_ALLOW takes addresses, networks or origins"],
      ],
      2,
    ),
  )("the broker refuses %s=%s under that name", async (name, value, sentence) => {
    using home = tempDir();
    const env = cleanEnv({ AGENTMESH_HOME: home.path, AGENTMESH_PORT: String(await freePort()), [name]: value });
    const started = await runProgram("broker", [], { env });
    expect(started.code).not.toBe(0);
    expect(started.stderr).toContain(sentence);
    expect(started.stderr).not.toMatch(FOREIGN);
  });

  test("of a settings file the broker names the file and the setting", async () => {
    using home = tempDir();
    writeFileSync(join(home.path, "config.json"), '{ "maxAttempts": "many" }');
    const started = await runProgram("broker", ["--port", "0"], { env: cleanEnv({ AGENTMESH_HOME: home.path }) });
    expect(started.stderr).toContain(
      `"maxAttempts" in ${join(home.path, "config.json")} takes a whole number from 1 to 1000, not "many".`,
    );
  });

  test("the adapter says in the same words what it does not take, and goes on with what it has instead", async () => {
    const { home, url } = broker;
    const env = { AGENTMESH_NAME: "No Name", AGENTMESH_SIGN_MS: "fast", AGENTMESH_LOG_LEVEL: "loud" };
    await using session = await startMcpSession({ home, url, cwd: home, env });
    await session.joined();
    await until(() => session.stderr().includes("AGENTMESH_SIGN_MS"), "the warnings");
    expect(session.stderr()).toContain("AGENTMESH_SIGN_MS takes a whole number from 100 to 3600000");
    expect(session.stderr()).toContain("AGENTMESH_NAME takes 1 to 64 characters");
    expect(session.stderr()).toMatch(/AGENTMESH_LOG_LEVEL takes .*info/);
  });
});
