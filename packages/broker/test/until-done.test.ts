/** How long what a receiver has taken is tried to be acked or answered. */
import { expect, test } from "vitest";
import { MeshError } from "../src/mesh/errors.ts";
import { untilDone } from "../src/mesh/webhook/until-done.ts";

/** Tries an act that fails so often; how it ended, how often it was tried, and how long that took. */
async function tried(error: unknown, { withinMs = 0, failures = 99, isOpen = (): boolean => true } = {}) {
  const began = performance.now();
  let tries = 0;
  const act = async () => {
    if (tries++ < failures) throw error;
    return "done";
  };
  const end = await untilDone(act, { until: began + withinMs, isOpen, onFault: () => {} });
  return { came: end?.came, tries, ms: performance.now() - began };
}

const full = (retryAfterMs?: number) =>
  new MeshError("inbox_full", "busy's inbox is full.", retryAfterMs === undefined ? {} : { retryAfterMs });

test("what may pass is tried again, no later than the lease lasts", async () => {
  expect(await tried(full(), { withinMs: 1_500, failures: 1 })).toMatchObject({ came: "done", tries: 2 });
  const late = await tried(new Error("the database is locked"), { withinMs: 1_500 });
  expect(late).toMatchObject({ came: undefined, tries: 2 });
  expect(late.ms).toBeLessThan(1_500);
  expect(await tried(full(), { withinMs: -1 })).toMatchObject({ came: undefined, tries: 1 });
});

test("it is waited for as long as the refusal says, and not at all where that is behind the lease", async () => {
  expect(await tried(full(60_000), { withinMs: 30_000 })).toMatchObject({ came: undefined, tries: 1 });
  const again = await tried(full(1_300), { withinMs: 5_000, failures: 1 });
  expect(again).toMatchObject({ came: "done", tries: 2 });
  expect(again.ms).toBeGreaterThanOrEqual(1_290);
});

test("what never can be done is tried once, and so is all of a webhook that is no more", async () => {
  const gone = new MeshError("agent_not_found", "asker has left.");
  expect(await tried(gone, { withinMs: 5_000 })).toMatchObject({ came: undefined, tries: 1 });
  expect(await tried(full(), { withinMs: 5_000, isOpen: () => false })).toMatchObject({ came: undefined, tries: 1 });
});
