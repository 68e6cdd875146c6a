/** What is said of a broker that does not answer. */
import { type Endpoint, systemRefusal, thisMachine } from "@agentmesh/protocol";
import { DeadConnectionError } from "./connections/kept.ts";
import { BrokerUnreachableError } from "./errors.ts";

/** A broker that did not answer in time. */
export function silent(base: string, row: Endpoint, limitMs: number, cause: unknown): BrokerUnreachableError {
  return new BrokerUnreachableError(
    `The broker at ${base} did not answer ${row.method} ${row.path} within ${limitMs / 1_000} s. Try again; if it stays silent, restart it: agentmesh down, then agentmesh up`,
    { cause, passes: true },
  );
}

/** A broker that nobody answers for, in words that say why and what to do. */
export function unreachable(base: string, error: unknown): BrokerUnreachableError {
  if (error instanceof BrokerUnreachableError) return error;
  if (error instanceof DeadConnectionError) {
    return new BrokerUnreachableError(
      `The answer of the broker at ${base} was lost: ${error.message}. Whether it did what it was asked is not known: look, then ask again.`,
      { cause: error, passes: true },
    );
  }
  const refusal = systemRefusal(error);
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const why = refusal ? `${refusal.cause}, ${refusal.code}` : cause instanceof Error ? cause.message : String(cause);
  const start = thisMachine(new URL(base).hostname)
    ? "Start one with: agentmesh up"
    : "Look on that machine whether one runs: agentmesh status";
  const remedy = refusal && refusal.code !== "ECONNREFUSED" ? refusal.remedy : start;
  return new BrokerUnreachableError(`No broker answers at ${base} (${why}). ${remedy}`, {
    cause: error,
    passes: refusal?.passes ?? true,
  });
}

/** Whether a call that failed so never reached anybody: nobody took its connection. */
export function isUnsent(error: unknown): boolean {
  return error instanceof BrokerUnreachableError && systemRefusal(error.cause)?.code === "ECONNREFUSED";
}

/** The error of a call that was made at other addresses before: it names them. */
export function behindOthers(error: unknown, others: readonly string[]): unknown {
  if (!(error instanceof BrokerUnreachableError)) return error;
  const before = others.filter((url) => !error.message.includes(url));
  if (before.length === 0) return error;
  const { passes } = error;
  return new BrokerUnreachableError(`${error.message} Tried before it, and no better: ${before.join(", ")}.`, {
    cause: error,
    passes,
  });
}
