/** The ticks of an event loop, and how long it was held between two of them. */

/** From one tick to the next, in milliseconds. */
export interface Tick {
  /** By the wall, without the rest that was meant: waits for the disk and for other programs count too. */
  readonly wallMs: number;
  /** By the processor: what this thread itself did. */
  readonly heldMs: number;
}

/** Calls `each` with every tick of this thread's event loop, `everyMs` apart while nothing holds it, until it is disposed. */
export function watchTicks(everyMs: number, each: (tick: Tick) => void): Disposable {
  let last = performance.now();
  let lastCpu = cpuMs();
  const timer = setInterval(() => {
    const now = performance.now();
    const cpu = cpuMs();
    const tick = { wallMs: Math.max(0, now - last - everyMs), heldMs: cpu - lastCpu };
    last = now;
    lastCpu = cpu;
    each(tick);
  }, everyMs).unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** Time of this thread on a processor, in milliseconds; Linux counts it in ticks of a few. */
export function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}
