/** Refusals by the rules of the mesh. */
import type { ErrorCode, Party, SessionId } from "@agentmesh/protocol";

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

/** The error for whoever names a session that its agent does not have. */
export function unknownSession({ name }: Party, id: SessionId): MeshError {
  return new MeshError(
    "session_not_found",
    `${name} has no session ${id}: it ended or missed its heartbeats. Open a new one; the inbox is unchanged.`,
  );
}

/** The error for whoever writes to an agent of which nothing was heard since then. */
export function archived({ name }: Party, since: string): MeshError {
  return new MeshError(
    "agent_not_found",
    `${name} is archived: nothing has been heard of it since ${since}. Nothing was stored. It can be written to again when it is back; until then, write to another agent.`,
  );
}

/** The error for whoever writes to the agent of a hook URL. */
export function nobodyReads({ name }: Party): MeshError {
  return new MeshError(
    "refused_by_policy",
    `${name} is the sender of a hook URL: what programs outside post comes from it, and nobody reads what is sent to it. Nothing was stored. Answer where the post came from.`,
  );
}
