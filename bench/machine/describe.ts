/** Which machine a run was made on, and what else it did then. */
import { cpus, loadavg, release, totalmem } from "node:os";

/** The machine, for whoever reads figures of it. */
export function describeMachine() {
  return {
    processors: cpus().length,
    model: cpus()[0]?.model.trim() ?? "unknown",
    memoryGib: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${release()}`,
    node: process.version,
  };
}

/** How much it had to do in the minute before, in processes that want to run. */
export function loadNow(): number {
  return Math.round((loadavg()[0] ?? 0) * 100) / 100;
}
