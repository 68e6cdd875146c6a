/** When the adapter ends: with its client, with its parent, or by a signal; always within two seconds. */
import { pause } from "@agentmesh/client";
import type { Log } from "./log.ts";

/** What happens at the end. */
export interface LifeCycle {
  readonly log: Log;
  /** Says goodbye to the mesh. */
  leave(): Promise<void>;
}

const PARENT_CHECK_MS = 1_000;
const LONGEST_GOODBYE_MS = 1_800;

/** Ends this process as soon as nobody is left to serve. */
export function stayUntilOver({ log, leave }: LifeCycle): void {
  let ending = false;
  const over = (why: string) => {
    if (ending) return;
    ending = true;
    log.info("session.leaving", { why });
    void pauseAtMost(leave(), LONGEST_GOODBYE_MS).finally(() => process.exit(0));
  };
  process.stdin.once("end", () => over("stdin ended"));
  process.stdin.once("close", () => over("stdin closed"));
  // A client that vanished leaves a broken pipe: there is nobody to write to, and nothing to crash about.
  process.stdout.on("error", () => over("stdout is broken"));
  process.stderr.on("error", () => undefined);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => over(signal));
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) over("the parent process is gone");
  }, PARENT_CHECK_MS).unref();
}

/** Waits for `work`, but no longer than `ms`; its failure counts as its end. */
export async function pauseAtMost(work: Promise<unknown>, ms: number): Promise<void> {
  await Promise.race([work.catch(() => undefined), pause(ms)]);
}
