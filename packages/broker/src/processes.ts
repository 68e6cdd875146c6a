/** The processes of this machine, as far as the broker can see them. */
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import {
  isProcessGone,
  type ProcessMark,
  type ProcessWatcher,
  type Standpoint,
  standpointOf,
} from "@agentmesh/protocol";

const here: ProcessWatcher = {
  pid: process.pid,
  hostname,
  readFile: (path) => readFileSync(path, "utf8"),
  readLink: readlinkSync,
  probe: (pid) => process.kill(pid, 0),
};

let standpoint: Standpoint | undefined;

/** Whether a process of this machine is surely over; never said of one of another machine or PID namespace. */
export function isGone(mark: ProcessMark): boolean {
  standpoint ??= standpointOf(here);
  return isProcessGone(here, standpoint, mark);
}
