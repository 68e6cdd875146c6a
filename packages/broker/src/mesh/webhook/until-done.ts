/** Acts that what a receiver has taken must be followed by: tried again as long as nothing is posted twice by it. */
import { errorTable } from "@agentmesh/protocol";
import { MeshError } from "../errors.ts";

/** When it is tried again after a failure that says nothing of it, in milliseconds. */
const RETRY_MS = 1_000;

/** How long an act is tried: `until` on the steady clock, in milliseconds; `isOpen` says whether the webhook is still posted to. */
export interface UntilDone {
  readonly until: number;
  readonly isOpen: () => boolean;
  readonly onFault: (error: unknown) => void;
}

/**
 * Does an act, once at least. What may pass, such as a lock on the database, a full disk or a full inbox, is waited out as
 * long as it says; undefined when it cannot be done in time, never can, or the webhook is no more. Never rejects.
 */
export async function untilDone<T>(
  act: () => Promise<T>,
  { until, isOpen, onFault }: UntilDone,
): Promise<{ readonly came: T } | undefined> {
  for (;;) {
    try {
      return { came: await act() };
    } catch (error) {
      onFault(error);
      const againInMs = againIn(error);
      if (againInMs === undefined || !isOpen() || performance.now() + againInMs > until) return undefined;
      await new Promise((resolve) => setTimeout(resolve, againInMs).unref());
    }
  }
}

/** Undefined for what never can be done; in milliseconds. */
function againIn(error: unknown): number | undefined {
  if (!(error instanceof MeshError)) return RETRY_MS;
  return errorTable[error.code].retryable ? Math.max(RETRY_MS, error.extras.retryAfterMs ?? 0) : undefined;
}
