/** What a failure of the engine says of the disk, and what a caller is told of it. */
import { MeshError } from "../../../mesh/errors.ts";

/** What is done when the disk does not do as it should. */
export interface DiskTrouble {
  /** A full disk: says whether there is more room now, after so many tries for the same acts. */
  readonly makeRoom: (tries: number) => boolean;
  /** The disk failed to keep what it was told to. Trying again may succeed and have lost it: nothing more is accepted. */
  readonly unsynced: (error: Error) => void;
}

/** Whether a failure says that the disk took no more: full, over a quota, or a file at its limit. */
export function isFull(error: unknown): boolean {
  return ["SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_SHMSIZE"].includes(codeOf(error));
}

/** The engine's code of a failure; empty where it has none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

/** What is said of what was written, and perhaps did not reach the disk. */
export function unknownError(error: unknown): MeshError {
  const why = error instanceof Error ? ` (${error.message})` : "";
  return new MeshError(
    "store_unavailable",
    `The broker's disk failed to keep what was written${why}: whether this was stored nobody knows, and the broker stops. Look at the disk, start it again (agentmesh up), then ask again, with the same idempotency key where there was one.`,
  );
}

/** An engine failure as the code a sender can act on, also of an act that was begun; anything else unchanged. */
export function storageError(error: unknown, isBegun = false): unknown {
  if (!(error instanceof Error) || !("code" in error)) return error;
  const code = String(error.code);
  const stored = isBegun
    ? "a part of this was stored, the rest was not: ask the same again later, it goes on where it ended"
    : "nothing was stored";
  if (code === "SQLITE_FULL" || code.startsWith("SQLITE_IOERR")) {
    return new MeshError(
      "storage_full",
      `The broker's disk is full or failing; ${stored}. Free space; reads and acks go on as far as they can.`,
    );
  }
  if (code.startsWith("SQLITE_BUSY") || code.startsWith("SQLITE_LOCKED")) {
    return new MeshError("store_unavailable", `Another program holds the broker's database; ${stored}. Try again.`);
  }
  if (code === "SQLITE_CORRUPT_VTAB") {
    return new MeshError(
      "store_unavailable",
      "The broker's index of words is damaged; no message is lost. Restart the broker (agentmesh down, agentmesh up): it makes the index anew.",
    );
  }
  return error;
}
