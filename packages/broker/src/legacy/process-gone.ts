/** Whether the process of a peer is over: so that its successor may take over its mail at once. */
import { hostname } from "node:os";
import type { PeerFacts } from "./peer-facts.ts";

/**
 * True when there is surely no process of this id on this machine. False says nothing: the id may be another process's
 * by now. Nobody is called present or absent by it.
 */
export function isGone({ pid, hostname: host }: Pick<PeerFacts, "pid" | "hostname">): boolean {
  const id = Number(pid);
  if ((host !== "localhost" && host !== hostname()) || !Number.isSafeInteger(id) || id <= 0) return false;
  try {
    process.kill(id, 0);
    return false;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ESRCH";
  }
}
