/** What was started and has to be ended, also when a load breaks off before it could give it back. */
import type { ChildProcess } from "node:child_process";

/** A process that was asked to end has so long before it is ended. */
const LEAVES_WITHIN_MS = 20_000;

const ends = new Set<() => Promise<void>>();

/** Remembers how something is ended; what is returned ends it, once. */
export function toEnd(end: () => Promise<void>): () => Promise<void> {
  const once = async () => {
    if (ends.delete(once)) await end();
  };
  ends.add(once);
  return once;
}

/** Ends all that is left, whatever becomes of each. */
export async function endAll(): Promise<void> {
  await Promise.allSettled([...ends].map((end) => end()));
}

/** Asks a process to end, and waits until it is gone. */
export async function endProcess(child: ChildProcess, gone: Promise<unknown>): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
  const slow = setTimeout(() => child.kill("SIGKILL"), LEAVES_WITHIN_MS);
  await gone;
  clearTimeout(slow);
}
