/** Push path codex-queue: the thread is learnt from a tool call, `codex queue` is run for it, its rollout is evidence. */
import { appendFileSync, chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startTestBroker, type TestBroker, until } from "testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { deliveryOf, endBroker, hook, session } from "./setting.ts";

let broker: TestBroker;
let sender: Awaited<ReturnType<TestBroker["agent"]>>["client"];
beforeAll(async () => {
  broker = await startTestBroker();
  sender = (await broker.agent("sender")).client;
});
afterAll(() => endBroker(broker));

/** A folder for PATH with a program `codex` that keeps what it is called with, and does `then`. */
function standIn(name: string, then: string) {
  const folder = join(broker.home, "bin", name);
  mkdirSync(folder, { recursive: true });
  const called = join(folder, "called");
  writeFileSync(called, "");
  const program = join(folder, "codex");
  writeFileSync(program, `#!/bin/sh\nprintf '%s\\n' "home $CODEX_HOME" "$@" >> '${called}'\n${then}\n`);
  chmodSync(program, 0o755);
  return { env: { PATH: `${folder}:/usr/bin:/bin` }, called: () => readFileSync(called, "utf8") };
}

test("a thread is pushed to from the first tool call on, and its rollout acks", async () => {
  const codex = standIn("works", "echo Queued message");
  const CODEX_HOME = join(broker.home, "codex");
  await using bob = await session(broker, "threaded", {
    clientName: "codex-mcp-client",
    env: { ...codex.env, CODEX_HOME },
  });
  await bob.joined();
  const early = await sender.send({ to: "threaded", body: "before any call" });
  expect(early.deliveries[0]?.warnings.map(({ code }) => code)).toEqual(["no_push_path"]);
  expect(codex.called()).toBe("");

  await bob.tool("whoami", {}, { threadId: "0199-thread" });
  await until(async () => (await deliveryOf(broker, early.messageId)).events.includes("pushed"), "the push");
  expect(codex.called()).toMatch(
    /^home .*\/codex\nqueue\n--thread\n0199-thread\n--message=<agentmesh from="sender" message="1" sent="[^"]+">\nbefore any call\n/,
  );
  expect((await broker.admin.getAgent({ agent: "threaded" })).pushPaths).toEqual([{ path: "codex-queue" }]);

  const day = join(CODEX_HOME, "sessions", "2026", "11", "22");
  mkdirSync(day, { recursive: true });
  const text = codex.called().split("--message=")[1] ?? "";
  const rollout = join(day, "rollout-2026-11-22T18-10-25-0199-thread.jsonl");
  for (const payload of [
    { type: "message", role: "user", content: [{ type: "input_text", text }] },
    { type: "message", role: "assistant", content: [{ type: "output_text", text: "ok" }] },
  ]) {
    appendFileSync(rollout, `${JSON.stringify({ type: "response_item", payload })}\n`);
  }
  await until(async () => (await deliveryOf(broker, early.messageId)).state === "acked", "the ack");
  expect((await deliveryOf(broker, early.messageId)).timeline.at(-1)).toMatchObject({ reason: "transcript" });
});

test("when codex refuses, the reason is told without the text, and hooks bring the mail", async () => {
  const codex = standIn("refuses", "echo 'Error: no session 0199-gone' >&2; exit 1");
  await using bob = await session(broker, "gone", { clientName: "codex-mcp-client", env: codex.env });
  await bob.joined();
  await bob.tool("whoami", {}, { threadId: "0199-gone" });
  await sender.send({ to: "gone", body: "a secret" });
  const [queue] = await until(async () => {
    const { pushPaths } = await broker.admin.getAgent({ agent: "gone" });
    return pushPaths[0]?.failedWhy === undefined ? undefined : pushPaths;
  }, "the failure");
  expect(queue).toEqual({ path: "codex-queue", failedWhy: "codex queue failed: Error: no session 0199-gone" });
  const input = { hook_event_name: "UserPromptSubmit", session_id: "0199-gone" };
  expect(await until(() => hook(broker, ["codex"], input))).toContain("a secret");
  await bob.tool("check_messages");
});
