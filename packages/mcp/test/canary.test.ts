/** A canary: pushed on request, proven by the transcript, and honest about a path that stays silent. */
import { join } from "node:path";
import { openClaudeTranscript, tempDir } from "testkit";
import { expect, test } from "vitest";
import { ClientSession } from "../src/client-session.ts";
import { DeliveriesInHand } from "../src/deliveries-in-hand.ts";
import { createLog } from "../src/log.ts";
import { pushCanary } from "../src/push/canary.ts";
import { Evidence } from "../src/push/evidence.ts";
import type { PushPath } from "../src/push/push-path.ts";
import { PushPaths } from "../src/push/push-paths.ts";
import { Transcript } from "../src/transcript/transcript.ts";

const ping = { text: "agentmesh ping from alice: nothing to do.", from: "alice", withinMs: 1_000 };

function setUp(transcript: string, ...all: PushPath[]) {
  const session = new ClientSession("claude", { transcript });
  const paths = new PushPaths(all, () => undefined);
  const evidence = new Evidence({
    session,
    transcript: new Transcript(session),
    inHand: new DeliveriesInHand(),
    paths,
    log: createLog("error", () => undefined),
    signWithinMs: 200,
    onSilence: () => undefined,
  });
  return { paths, evidence, [Symbol.dispose]: () => evidence.stop() };
}

function path(name: string, push: (text: string) => void): PushPath {
  return { name, maxBytes: 1_000, known: () => true, push: async (text) => push(text) };
}

test("a canary that the transcript shows proves the path", async () => {
  using folder = tempDir();
  const transcript = openClaudeTranscript(join(folder.path, "s.jsonl"));
  using set = setUp(
    transcript.path,
    path("broken", () => {
      throw new Error("ENOENT");
    }),
    path("works", (text) => {
      transcript.prompted(text);
      transcript.answered();
    }),
  );
  expect(await pushCanary(set, ping)).toEqual({ path: "works", provenAfterMs: expect.any(Number) });
  expect(set.paths.report()).toEqual([
    { path: "broken", failedWhy: "ENOENT" },
    { path: "works", provenAt: expect.any(String) },
  ]);
});

test("a canary that nothing comes of says so, and so does the path", async () => {
  using folder = tempDir();
  using set = setUp(
    join(folder.path, "none.jsonl"),
    path("deaf", () => undefined),
  );
  expect(await pushCanary(set, ping)).toEqual({ path: "deaf", silentForMs: expect.any(Number) });
  expect(set.paths.report()).toEqual([{ path: "deaf", failedWhy: expect.stringContaining("no sign within") }]);
});

test("without a path that can push now a canary says which failed, and why", async () => {
  using folder = tempDir();
  const file = join(folder.path, "none.jsonl");
  using none = setUp(file, { name: "claude-hooks", maxBytes: 1, known: () => true });
  expect(await pushCanary(none, ping)).toEqual({ failed: [] });
  using broken = setUp(
    file,
    path("gone", () => {
      throw new Error("ENOENT");
    }),
  );
  expect(await pushCanary(broken, ping)).toEqual({ failed: [{ path: "gone", failedWhy: "ENOENT" }] });
});
