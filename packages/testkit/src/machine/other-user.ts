/** Whether our programs can be run as another user of this machine: for the names of tests that need one. */
import { spawnSync } from "node:child_process";
import { programPath } from "../programs.ts";

/** A user that no machine has. */
const NOBODY = 45_678;

/** Why not; undefined when they can. The checkout may be in a folder that is for its owner alone. */
export function whyNoOtherUser(): string | undefined {
  if (process.platform !== "linux") return "needs Linux";
  if (process.getuid?.() !== 0) return "needs root";
  const user = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"];
  if (spawnSync("setpriv", [...user, "true"]).status !== 0) return "needs setpriv";
  const reads = ["-e", "require('node:fs').accessSync(process.argv[1])", programPath("cli")];
  const read = spawnSync("setpriv", [...user, process.execPath, ...reads], { cwd: "/" });
  return read.status === 0 ? undefined : "needs a checkout that other users can read";
}
