/**
 * Memory that a burst of work has left unused, given back once the process has nothing to do: adapters and brokers wait most of the
 * time, V8 collects while it works, and so keeps for good what a start or a call took.
 */

/** How often it is looked, in milliseconds. */
const LOOK_MS = 3_000;

/** Processor time since the last look with which a process counts as at work, in microseconds. */
const AT_WORK_US = 100_000;

/** Growth since the last collection that makes the next one worth it, in bytes. */
const WORTH_BYTES = 1_048_576;

/** A heap beyond this is left to V8: all of it is collected at once, and nobody is answered meanwhile; in bytes. */
const MOST_BYTES = 64 * 1_048_576;

/** Looks for it from now on; keeps no process alive. Once per process. */
export function giveBackUnusedMemory(): void {
  let used = 0;
  let collected = 0;
  const timer = setInterval(() => {
    const { user, system } = process.cpuUsage();
    const isAtWork = user + system - used > AT_WORK_US;
    used = user + system;
    const { heapUsed } = process.memoryUsage();
    if (isAtWork || heapUsed > MOST_BYTES || heapUsed - collected < WORTH_BYTES) return;
    try {
      collectAll();
    } catch {
      // Left to V8, as without this.
      clearInterval(timer);
    }
    collected = process.memoryUsage().heapUsed;
  }, LOOK_MS).unref();
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
