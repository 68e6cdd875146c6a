/** Errors a caller can react to: the broker said no, or could not be reached. */
import { type ErrorCode, isErrorCode, type Problem, systemRefusal } from "@agentmesh/protocol";

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

/** What an error about reaching the broker is made with. */
export interface HindranceOptions extends ErrorOptions {
  /** Whether it may be over in a few seconds without anybody doing anything. */
  readonly passes?: boolean;
  /** What it is in a few words, for where several are told together. */
  readonly why?: string;
}

/** Something stands between a program and its broker; the message says what, and what to do. */
export abstract class Hindrance extends Error {
  /** Whether it may be over in a few seconds without anybody doing anything: only then is trying again worth it. */
  readonly passes: boolean;
  /** What it is in a few words, where that is known. */
  readonly why: string | undefined;

  constructor(message: string, { passes, why, ...options }: HindranceOptions = {}) {
    super(message, options);
    this.why = why;
    this.passes = passes ?? systemRefusal(options.cause)?.passes ?? false;
  }
}

/** Nobody answered at the broker's address, or not as an agentmesh broker; the message says what to do. */
export class BrokerUnreachableError extends Hindrance {
  override readonly name = "BrokerUnreachableError";
}

/** Something answers at the broker's address and does not prove that it is the broker. No secret was sent to it. */
export class UntrustedBrokerError extends Hindrance {
  override readonly name = "UntrustedBrokerError";
}

/** The broker answers, but what it streams is held back on the way, as by a proxy that passes an answer on when it is whole. */
export class StreamHeldBackError extends Hindrance {
  override readonly name = "StreamHeldBackError";
}

/** Whether the same call may succeed in a few seconds without anybody doing anything. */
export function mayPass(error: unknown): boolean {
  if (error instanceof MeshApiError) return error.retryable;
  if (error instanceof Hindrance) return error.passes;
  return systemRefusal(error)?.passes ?? false;
}

/** In another network the broker's address is somebody else's, who proves nothing: as good as nobody until it is back. */
export function isAway(error: unknown): boolean {
  return error instanceof BrokerUnreachableError || error instanceof UntrustedBrokerError;
}
