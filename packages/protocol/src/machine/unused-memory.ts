/**
 * Memory that a burst of work has left unused, given back once the process has nothing to do: adapters and brokers wait most of the
 * time, V8 collects while it works, and so keeps for good what a start or a call took.
 */

/** How soon it is looked again: while there is work or something to give back, and while there is neither; in milliseconds. */
const LOOK_MS = 1_000;
const LOOK_AT_REST_MS = 3_000;

/** A process counts as at work when it uses more than one part in so many of the time between two looks. */
const AT_WORK = 30;

/** So many looks in a row find it without work before anything is collected. */
const LOOKS_WITHOUT_WORK = 3;

/** Growth since the last collection that makes the next one worth it, in bytes; what is young is collected anyway. */
const WORTH_BYTES = 1_048_576;

/** A heap beyond this is left to V8: all of it is collected at once, and nobody is answered meanwhile; in bytes. */
const MOST_BYTES = 64 * 1_048_576;

/** Collecting takes no more than one part in so many of the time. */
const SELDOM = 400;

/** Looks for it from now on; keeps no process alive. Once per process. */
export function giveBackUnusedMemory(): void {
  let usedMs = 0;
  let lookedAt = 0;
  let collected = 0;
  let restsUntil = 0;
  let withoutWork = 0;
  const look = () => {
    const { user, system } = process.cpuUsage();
    const [nowUsedMs, now] = [(user + system) / 1_000, process.uptime() * 1_000];
    const isAtWork = (nowUsedMs - usedMs) * AT_WORK > now - lookedAt;
    [usedMs, lookedAt] = [nowUsedMs, now];
    withoutWork = isAtWork ? 0 : withoutWork + 1;
    if (withoutWork < LOOKS_WITHOUT_WORK) return lookAgain(LOOK_MS);
    const bytes = keptBytes();
    if (now >= restsUntil && bytes <= MOST_BYTES && bytes - collected >= WORTH_BYTES) {
      try {
        collectAll();
      } catch {
        return; // Left to V8, as without this.
      }
      collected = keptBytes();
      restsUntil = now + SELDOM * (process.uptime() * 1_000 - now);
    }
    lookAgain(LOOK_AT_REST_MS);
  };
  const lookAgain = (ms: number) => void setTimeout(look, ms).unref();
  lookAgain(LOOK_MS);
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
