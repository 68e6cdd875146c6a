/** What the state folder says of its broker: the announcement it made, and whether one holds the folder. */
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { BrokerFile, ownProcess, type ProcessMark, type Standpoint, standpointOf } from "@agentmesh/protocol";
import { pause } from "../backoff.ts";
import { FileLock } from "./file-lock.ts";
import { readIfThere, type StateFolder } from "./state-folder.ts";

/** Name of this machine; `localhost` where the system does not say. Never throws. */
export function machineName(): string {
  return ownStandpoint().hostname;
}

/** Where this program stands. Never throws. */
export function ownStandpoint(): Standpoint {
  return standpointOf({ hostname, readFile: (path) => readFileSync(path, "utf8"), readLink: readlinkSync });
}

/** This process as a broker of the same machine can watch it; undefined where the system does not say enough. Never throws. */
export function thisProcess(): ProcessMark | undefined {
  const readFile = (path: string) => readFileSync(path, "utf8");
  return ownProcess({ pid: process.pid, hostname, readFile, readLink: readlinkSync });
}

/** The announcement of the broker that runs, or of one that ended without taking it back. @throws StateFolderError */
export function announced(folder: StateFolder): BrokerFile | undefined {
  return BrokerFile.safeParse(parseJson(readIfThere(folder.brokerFile))).data;
}

/** A broker looks every two seconds whether its announcement is still there. */
const ANNOUNCED_AGAIN_WITHIN_MS = 4_000;

/**
 * The announcement of a broker that holds the folder and lost it to a cleaner of files, or is just starting; undefined when
 * there was one, or none comes. @throws StateFolderError, the signal's reason
 */
export async function announcedAgain(folder: StateFolder, signal?: AbortSignal): Promise<BrokerFile | undefined> {
  if (announced(folder)) return undefined;
  const patience = performance.now() + ANNOUNCED_AGAIN_WITHIN_MS;
  while (isServed(folder) && performance.now() < patience) {
    const running = announced(folder);
    if (running) return running;
    await pause(50, signal);
    signal?.throwIfAborted();
  }
  return undefined;
}

/** The port that this folder's broker had last, when it chose one itself. */
export function rememberedPort(folder: StateFolder): number | undefined {
  const port = Number(readIfThere(folder.portFile)?.trim());
  return Number.isInteger(port) && port > 0 && port < 65_536 ? port : undefined;
}

/** Whether a broker holds the folder, in whatever namespace of this machine: the kernel keeps its lock. */
export function isServed(folder: StateFolder): boolean {
  const running = announced(folder);
  // A look at the lock of a broker in this very process would take it away (lock.ts).
  if (running?.pid === process.pid && Date.parse(running.startedAt ?? "") > performance.timeOrigin) return true;
  return FileLock.isHeld(folder.brokerLock);
}

function parseJson(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
