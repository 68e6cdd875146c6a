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
