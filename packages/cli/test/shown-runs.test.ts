/** The screens of the README are those of today's programs: the same lines in the same order, and the schema of the log. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { startTestBroker } from "testkit";
import { expect, test } from "vitest";
import { cli } from "./run-cli.ts";

const readme = readFileSync(fileURLToPath(new URL("../README.md", import.meta.url)), "utf8");

/** What the README shows after a command, up to the next one or the end of its block. */
function shown(command: string): string {
  const [, behind = ""] = readme.split(`\n$ ${command}\n`);
  return behind.split(/^(?:\$ |```)/m)[0] ?? "";
}

/** The words that name the lines of a screen of facts; a line that goes on has none. */
function labels(screen: string): string[] {
  return screen
    .split("\n")
    .filter((line) => /^\S/.test(line))
    .map((line) => line.split(/ {2,}/)[0] ?? "");
}

test("whoami and status have the lines that the README shows, and a new database its schema", async () => {
  await using broker = await startTestBroker({ logLevel: "info" });
  const { agent } = await broker.agent("reviewer");
  await cli(broker.home, ["send", agent.name, "please read"]);
  const [whoami, status] = [await cli(broker.home, ["whoami"]), await cli(broker.home, ["status"])];
  expect(labels(shown("agentmesh whoami"))).toEqual(labels(whoami.stdout));
  expect(labels(shown("agentmesh whoami"))).toContain("reached by");
  // Only a broker in the background has a file for its log.
  const lines = labels(shown("agentmesh status")).filter((label) => label !== "log");
  expect(lines).toEqual(labels(status.stdout));
  expect(lines).toContain("disk");
  const made =
    broker
      .log()
      .split("\n")
      .find((line) => line.includes('"store.created"')) ?? "";
  const schema = /"to":(\d+)/.exec(made)?.[1];
  expect(schema).toBeDefined();
  expect(/store\.created +from=0 to=(\d+)/.exec(shown("agentmesh logs -n 3"))?.[1]).toBe(schema);
});

test("a push path that failed is said in the words that the README shows", async () => {
  await using broker = await startTestBroker();
  const { client } = await broker.agent("reviewer");
  const failedWhy = "codex queue: thread 0193 is not known any more";
  await client.openSession({ pushPaths: [{ path: "codex-queue", failedWhy }] });
  const { stdout } = await cli(broker.home, ["agents"]);
  const words = (screen: string) => /codex-queue, (\w+): “codex/.exec(screen)?.[1];
  expect(words(shown("agentmesh agents"))).toBe(words(stdout));
  expect(words(stdout)).toBeDefined();
});
