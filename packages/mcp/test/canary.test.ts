/** Canaries: sent to a session at work, proven by its transcript, honest about a path that stays silent. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openClaudeTranscript, tempDir, until } from "testkit";
import { expect, test } from "vitest";
import { ClientSession } from "../src/client/client-session.ts";
import { DeliveriesInHand } from "../src/deliveries-in-hand.ts";
import { createLog } from "../src/log.ts";
import { Canaries } from "../src/push/canary.ts";
import { Evidence } from "../src/push/evidence.ts";
import type { PushPath } from "../src/push/push-path.ts";
import { PushPaths } from "../src/push/push-paths.ts";
import { Transcript } from "../src/transcript/transcript.ts";

function setUp(
  transcript: string | undefined,
  all: PushPath[],
  againMs = 60_000,
  session = new ClientSession("claude", { transcript }),
) {
  const paths = new PushPaths(all, () => undefined);
  const signs = new Transcript(session);
  const log = createLog("error", () => undefined);
  const evidence = new Evidence({
    ...{ session, transcript: signs, inHand: new DeliveriesInHand(), paths, log, signWithinMs: 200 },
    onSilence: () => undefined,
    onDropped: () => undefined,
  });
  const canaries = new Canaries({ transcript: signs, paths, evidence, log, enabled: true, againMs });
  return { paths, canaries, [Symbol.dispose]: () => evidence.stop() };
}

function path(name: string, push: (text: string) => void): PushPath {
  return { name, maxBytes: 1_000, known: () => true, withinTurn: true, push: async (text) => push(text) };
}

test("a canary proves each path before the first that works, and comes once", async () => {
  using folder = tempDir();
  const transcript = openClaudeTranscript(join(folder.path, "s.jsonl"));
  const texts: string[] = [];
  const broken = () => {
    throw new Error("ENOENT");
  };
  using set = setUp(transcript.path, [
    path("broken", broken),
    path("works", (text) => {
      texts.push(text);
      transcript.attached(text);
      transcript.answered(true);
    }),
    path("not needed", (text) => texts.push(text)),
  ]);
  await until(async () => {
    await set.canaries.withinTurn();
    return set.paths.report()[1]?.provenAt;
  }, "the second path to be proven");
  await set.canaries.withinTurn();
  expect(set.paths.report()).toEqual([
    { path: "broken", failedWhy: "ENOENT" },
    { path: "works", provenAt: expect.any(String) },
    { path: "not needed" },
  ]);
  expect(texts).toEqual([expect.stringMatching(/^agentmesh: a check .* Nothing to do.* \(push [a-z2-9]{10}\)$/)]);
});

test("a canary that nothing comes of makes its path failing; a later one shows that it works again", async () => {
  using folder = tempDir();
  const transcript = openClaudeTranscript(join(folder.path, "s.jsonl"));
  const texts: string[] = [];
  let deaf = true;
  const mends = path("mends", (text) => {
    texts.push(text);
    if (deaf) return;
    transcript.attached(text);
    transcript.answered(true);
  });
  using set = setUp(transcript.path, [mends], 300);
  await set.canaries.withinTurn();
  await until(() => set.paths.report()[0]?.failedWhy?.startsWith("no sign within"), "the path to be called failing");
  deaf = false;
  await until(async () => {
    await set.canaries.withinTurn();
    return set.paths.report()[0]?.provenAt;
  }, "the path to be proven");
  expect(set.paths.report()).toEqual([{ path: "mends", provenAt: expect.any(String) }]);
  expect(texts).toHaveLength(2);
});

test("no canary is sent where no transcript could show it, nor through a path that would begin a turn", async () => {
  const texts: string[] = [];
  using blind = setUp(undefined, [path("blind", (text) => texts.push(text))]);
  await blind.canaries.withinTurn();
  using folder = tempDir();
  const { withinTurn: _, ...ownTurn } = path("own turn", (text) => texts.push(text));
  using waking = setUp(openClaudeTranscript(join(folder.path, "s.jsonl")).path, [ownTurn]);
  await waking.canaries.withinTurn();
  expect(texts).toEqual([]);
});

test("a canary goes to a session whose transcript is still to come, and proves the path when that is there", async () => {
  using folder = tempDir();
  const copilot = () => new ClientSession("copilot", { id: "s-1", copilotHome: folder.path });
  const texts: string[] = [];
  const extension = path("copilot-extension", (text) => texts.push(text));
  using silent = setUp(undefined, [extension], 300, copilot());
  await silent.canaries.withinTurn();
  // Nothing can be read, so nothing is said of the path; the next one comes after a pause.
  await until(async () => {
    await silent.canaries.withinTurn();
    return texts.length === 2;
  }, "the second canary");
  expect(silent.paths.report()).toEqual([{ path: "copilot-extension" }]);

  using late = setUp(undefined, [extension], 60_000, copilot());
  await late.canaries.withinTurn();
  mkdirSync(join(folder.path, "session-state", "s-1"), { recursive: true });
  const lines = [
    { type: "user.message", data: { content: texts.at(-1) } },
    { type: "assistant.message", data: { content: "on it", toolRequests: [] } },
  ];
  const events = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
  writeFileSync(join(folder.path, "session-state", "s-1", "events.jsonl"), events);
  await until(() => late.paths.report()[0]?.provenAt, "the path to be proven");
  expect(texts).toHaveLength(3);
});

test("a hook is given a canary when hooks are the only way, once", async () => {
  using folder = tempDir();
  const transcript = openClaudeTranscript(join(folder.path, "s.jsonl"));
  using set = setUp(transcript.path, [{ name: "claude-hooks", maxBytes: 9_500, known: () => true }]);
  // A hook that was ended before it said it has said nothing.
  await set.canaries.forHook()?.lost();
  const canary = set.canaries.forHook();
  expect(canary?.text).toContain("(push ");
  expect(set.canaries.forHook()).toBeUndefined();
  await canary?.shown();
  transcript.attached(canary?.text ?? "");
  transcript.answered();
  await until(() => set.paths.report()[0]?.provenAt, "the hooks to be proven");
  expect(set.canaries.forHook()).toBeUndefined();
});
