/**
 * Memory that a burst of work has left unused, given back once the process has nothing to do: adapters and brokers wait most of the
 * time, V8 collects while it works, and so keeps for good what a start or a call took.
 */

/** How often it is looked, in milliseconds. */
const LOOK_MS = 3_000;

/** Processor time since the last look with which a process counts as at work, in microseconds. */
const AT_WORK_US = 100_000;

/** Growth since the last collection that makes the next one worth it, in bytes; what is young is collected anyway. */
const WORTH_BYTES = 1_048_576;

/** A heap beyond this is left to V8: all of it is collected at once, and nobody is answered meanwhile; in bytes. */
const MOST_BYTES = 64 * 1_048_576;

/** Collecting takes no more than one part in so many of the time. */
const SELDOM = 400;

/** Looks for it from now on; keeps no process alive. Once per process. */
export function giveBackUnusedMemory(): void {
  let usedUs = 0;
  let collected = 0;
  let restsUntil = 0;
  const timer = setInterval(() => {
    const { user, system } = process.cpuUsage();
    const isAtWork = user + system - usedUs > AT_WORK_US;
    usedUs = user + system;
    const began = process.uptime();
    if (isAtWork || began < restsUntil) return;
    const bytes = keptBytes();
    if (bytes > MOST_BYTES || bytes - collected < WORTH_BYTES) return;
    try {
      collectAll();
    } catch {
      // Left to V8, as without this.
      clearInterval(timer);
    }
    collected = keptBytes();
    restsUntil = began + SELDOM * (process.uptime() - began);
  }, LOOK_MS).unref();
}

/** What the heap holds beside its young objects. */
function keptBytes(): number {
  const spaces = process.getBuiltinModule("node:v8").getHeapSpaceStatistics();
  return spaces.reduce(
    (sum, { space_name, space_used_size }) => sum + (space_name === "new_space" ? 0 : space_used_size),
    0,
  );
}

/** Node hands the collector out to contexts that are made while this flag is on; with it on, kept compiled code would not fit. */
function collectAll(): void {
  const { setFlagsFromString } = process.getBuiltinModule("node:v8");
  const { runInNewContext } = process.getBuiltinModule("node:vm");
  setFlagsFromString("--expose-gc");
  try {
    const collect: unknown = runInNewContext("gc");
    if (typeof collect === "function") collect({ type: "major", execution: "sync", flavor: "last-resort" });
  } finally {
    setFlagsFromString("--no-expose-gc");
  }
}
