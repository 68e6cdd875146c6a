/** What is done when a signal ends. */
import { getEventListeners } from "node:events";
import { expect, test } from "vitest";
import { whenEnded } from "../src/when-ended.ts";

test("what is wanted when a signal ends is done once, and what is wanted no more is not", () => {
  const ending = new AbortController();
  const done: string[] = [];
  const kept = () => done.push("kept");
  whenEnded(ending.signal, kept);
  whenEnded(ending.signal, kept);
  const over = whenEnded(ending.signal, () => done.push("over"));
  over();
  ending.abort();
  expect(done).toEqual(["kept", "kept"]);
});

test("a signal that lasts has one listener, however many calls went by, and keeps it when none is left", () => {
  const { signal } = new AbortController();
  for (let n = 0; n < 50; n++) whenEnded(signal, () => {})();
  expect(getEventListeners(signal, "abort")).toHaveLength(1);
});
