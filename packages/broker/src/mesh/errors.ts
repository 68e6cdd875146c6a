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
