/** Refusals by the rules of the mesh. */
import type { ErrorCode } from "@agentmesh/protocol";

/** What an answer carries beside code and sentence. */
export interface ErrorExtras {
  readonly nearNames?: readonly string[];
  readonly retryAfterMs?: number;
}

/** A refusal with its code; `detail` says what happened, to which id, and what to do. */
export class MeshError extends Error {
  override readonly name = "MeshError";
  readonly code: ErrorCode;
  readonly extras: ErrorExtras;

  constructor(code: ErrorCode, detail: string, extras: ErrorExtras = {}) {
    super(detail);
    this.code = code;
    this.extras = extras;
  }
}

/** A message that is not there, or that the caller may not know of. */
export function unknownMessage(ref: string): MeshError {
  return new MeshError(
    "message_not_found",
    `No message ${ref} is known to this caller. Only its sender, its recipient and the mesh key may see one, and ended ones are pruned after their retention.`,
  );
}
