/** A task at work, asked for until it is over: its answer comes when the post has long been answered. */
import { setTimeout as pause } from "node:timers/promises";
import { answerOfTask } from "../a2a/answers.ts";
import type { Answer } from "./exchange.ts";

/** Pauses between two looks, in milliseconds: the first, and the longest, which they grow to. */
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 15_000;
/** After how many looks in a row that fail there are no more. */
const MOST_FAILURES = 10;

/**
 * The text of its end, of `maxBytes` at most; undefined when it is not over in time, not there any more, or followed no more. One look
 * is taken also when its time is over. Never rejects.
 */
export async function followTask(
  look: () => Promise<Answer>,
  { forMs, maxBytes }: { readonly forMs: number; readonly maxBytes: number },
  signal: AbortSignal,
): Promise<string | undefined> {
  const until = performance.now() + forMs;
  let failures = 0;
  for (let ms = FIRST_PAUSE_MS, first = true; first || performance.now() < until; ms = longer(ms), first = false) {
    try {
      await pause(ms, undefined, { signal, ref: false });
    } catch {
      return undefined;
    }
    const said = await look()
      .then(({ status, body }) => (status < 300 ? answerOfTask(body, maxBytes) : undefined))
      .catch(() => undefined);
    if (said?.kind === "over") return said.text;
    failures = said === undefined ? failures + 1 : 0;
    if (failures === MOST_FAILURES) return undefined;
  }
  return undefined;
}

function longer(ms: number): number {
  return Math.min(LONGEST_PAUSE_MS, ms * 2);
}
