/** The processes of this machine, as far as the broker can see them. */
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import {
  isProcessGone,
  isProcessMissing,
  isProcessOf,
  type ProcessWatcher,
  type Standpoint,
  standpointOf,
} from "@agentmesh/protocol";
import type { ProcessSight } from "./mesh/session/processes.ts";

const here: ProcessWatcher = {
  pid: process.pid,
  hostname,
  readFile: (path) => readFileSync(path, "utf8"),
  readLink: readlinkSync,
  probe: (pid) => process.kill(pid, 0),
};

let known: Standpoint | undefined;
const standpoint = (): Standpoint => {
  known ??= standpointOf(here);
  return known;
};

/** What the broker sees of processes; never that one of another machine or PID namespace is over. */
export const sight: ProcessSight = {
  isHere: (mark) => isProcessOf(standpoint(), mark),
  isMissing: (mark) => isProcessMissing(here, mark),
  isGone: (mark) => isProcessGone(here, standpoint(), mark),
};
