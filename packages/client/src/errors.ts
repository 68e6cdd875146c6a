/** Errors a caller can react to: the broker said no, or could not be reached. */
import { type ErrorCode, isErrorCode, type Problem } from "@agentmesh/protocol";

/** The broker answered with a problem; switch on `code`. */
export class MeshApiError extends Error {
  override readonly name = "MeshApiError";
  readonly code: ErrorCode;
  readonly status: number;
  readonly retryable: boolean;
  /** RFC 9457 body as received. */
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    // A newer broker may know codes this client does not: `problem.code` still has it.
    this.code = isErrorCode(problem.code) ? problem.code : problem.status >= 500 ? "internal" : "invalid_request";
    this.status = problem.status;
    this.retryable = problem.retryable;
    this.problem = problem;
  }
}

/** Nobody answered at the broker's address, or not as an agentmesh broker; the message says what to do. */
export class BrokerUnreachableError extends Error {
  override readonly name = "BrokerUnreachableError";
}
