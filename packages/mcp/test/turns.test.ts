/** Turns and dead push paths: how soon a path is named after a turn ended, however it ended. */
import { appendFileSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { openClaudeInbox, startTestBroker, type TestBroker, until } from "testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { endBroker, session } from "./setting.ts";

let broker: TestBroker;
let sender: Awaited<ReturnType<TestBroker["agent"]>>["client"];
beforeAll(async () => {
  broker = await startTestBroker();
  sender = (await broker.agent("sender")).client;
});
afterAll(() => endBroker(broker));

const SIGN_MS = 1_500;

/** What a session at work has. */
const BUSY_MS = SIGN_MS * 3;

const prompt = { type: "user", turnOrigin: "human", message: { role: "user", content: "work" } };
const toolCall = { type: "assistant", message: { model: "m", stop_reason: "tool_use", content: [] } };
const apiError = {
  type: "assistant",
  isApiErrorMessage: true,
  message: { model: "<synthetic>", stop_reason: "stop_sequence", content: [{ type: "text", text: "API Error: 529" }] },
};
const now = () => ({ timestamp: new Date().toISOString() });

/** Opens a session with a dead inbox socket and this transcript, and says after how long its path was called failing. */
async function failsAfterMs(name: string, before: readonly object[], after: readonly object[] = []): Promise<number> {
  await using swallower = await openClaudeInbox();
  const path = join(broker.home, "claude", "projects", `-work-${name}`, `ses-${name}.jsonl`);
  mkdirSync(dirname(path), { recursive: true });
  const write = (entries: readonly object[]) => {
    for (const entry of entries) appendFileSync(path, `${JSON.stringify(entry)}\n`);
  };
  write(before);
  const env = {
    CLAUDE_CODE_MESSAGING_SOCKET: swallower.path,
    CLAUDE_CODE_SESSION_ID: `ses-${name}`,
    CLAUDE_CONFIG_DIR: join(broker.home, "claude"),
    AGENTMESH_SIGN_MS: String(SIGN_MS),
    AGENTMESH_CANARY: "off",
    AGENTMESH_PUSH: "claude-inbox",
  };
  await using bob = await session(broker, name, { env });
  await bob.joined();
  write(after);
  await sender.send({ to: name, body: "into the void" });
  await until(() => swallower.texts.length === 1, "the push");
  const began = performance.now();
  await until(
    async () => (await broker.admin.getAgent({ agent: name })).pushPaths[0]?.failedWhy,
    "the path to be called failing",
  );
  await bob.tool("check_messages");
  return performance.now() - began;
}

test("after an API error a dead path is named as soon as in an idle session", async () => {
  expect(await failsAfterMs("erred", [], [prompt, apiError])).toBeLessThan(BUSY_MS - 500);
});

test("after an API error behind a tool, and lines of no meaning, it is named as soon", async () => {
  const more = [{ type: "last-prompt" }, { type: "mode" }, { type: "system", subtype: "a-new-kind" }];
  const ms = await failsAfterMs("erred-late", [], [prompt, toolCall, apiError, ...more]);
  expect(ms).toBeLessThan(BUSY_MS - 500);
});

test("a session at work has longer, and not for ever", async () => {
  const ms = await failsAfterMs("at-work", [], [{ ...prompt, ...now() }]);
  expect(ms).toBeGreaterThan(BUSY_MS - 300);
  expect(ms).toBeLessThan(BUSY_MS + 5_000);
});

test("a turn that was left open by a killed process does not count in the session that resumes it", async () => {
  const killed = { timestamp: "2026-01-01T00:00:00.000Z" };
  const ms = await failsAfterMs("resumed", [
    { ...prompt, ...killed },
    { ...toolCall, ...killed },
  ]);
  expect(ms).toBeLessThan(BUSY_MS - 500);
});
