/** What a process takes of the machine, as Linux counts it. */
import { readdirSync, readFileSync } from "node:fs";

const MIB = 1_024;

/** Memory of a process in MiB: all it has mapped in (RSS), and its share of it where others map the same (PSS). */
export interface Memory {
  readonly rss: number;
  readonly pss: number;
}

/** Time on a processor of all its threads so far, in milliseconds. */
export function cpuMsOf(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const ns = threads.map((thread) => {
    try {
      return Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]);
    } catch {
      return 0; // a thread that ended meanwhile
    }
  });
  return ns.reduce((sum, each) => sum + each, 0) / 1e6;
}

/** The same of the thread that it began with, which is the one of the event loop. */
export function mainCpuMsOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/schedstat`, "utf8").split(" ")[0]) / 1e6;
}

/** Its memory now. */
export function memoryOf(pid: number): Memory {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  const kib = (name: string) => Number(new RegExp(`^${name}: +(\\d+) kB$`, "m").exec(text)?.[1]);
  return { rss: kib("Rss") / MIB, pss: kib("Pss") / MIB };
}

/** The most it has had so far, in MiB; undefined when it is over. */
export function peakRssOf(pid: number): number | undefined {
  try {
    const kib = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return kib === undefined ? undefined : Number(kib) / MIB;
  } catch {
    return undefined;
  }
}
