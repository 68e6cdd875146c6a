/** Histories that once broke a promise, over both engines that keep identities. */
import { tempDir } from "testkit";
import { expect, test } from "vitest";
import type { Step } from "./history.ts";
import { type Engine, fileEngine, memoryEngine } from "./memory-identities.ts";
import { World } from "./world.ts";

/** What is played over each engine, to its end. */
function play(steps: readonly Step[]): void {
  using folder = tempDir();
  for (const engine of [memoryEngine(), fileEngine(folder.path)] satisfies Engine[]) {
    const world = new World(engine);
    for (const step of steps) world.take(step);
    world.end();
    const { accepted, given, bounced } = world.counts;
    expect([accepted, given + bounced]).toEqual([1, 1]);
  }
}

const start = (conversation: "new" | "resume", which = 0): Step => ({
  ...{ do: "start", client: "claude-code", directory: undefined, named: true },
  ...{ conversation, which },
});

test("a session whose chosen name and conversation are both open elsewhere takes nothing of it into another conversation", () => {
  play([
    start("new"),
    // The holder of the name goes on in another conversation; each of the two is resumed beside it, the second one twice.
    { do: "clear", slot: 0 },
    start("resume", 0),
    start("resume", 1),
    start("resume", 1),
    { do: "end", slot: 1 },
    // For the one that stands apart, which then resumes what has ended.
    { do: "send", which: 2 },
    { do: "resume", slot: 2, which: 0 },
    { do: "read", slot: 2 },
  ]);
});
