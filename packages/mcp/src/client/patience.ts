/** How long clients wait for the answer of a tool call. */
import { knownClient } from "./known-clients.ts";

/**
 * Longest wait of a call whose client is not known to wait longer, in milliseconds: several give one up after 60 s, some without a
 * word, and signs of life do not keep all of them.
 */
const UNKNOWN_WAIT_MS = 50_000;

/** What is known of a call. */
export interface Caller {
  readonly clientName: string | undefined;
  /** It asked for signs of life. */
  readonly takesSigns: boolean;
  /** Whether it is seen when it has gone: over HTTP its connection closes. */
  readonly isSeenToGo: boolean;
  /** What the environment says, in milliseconds. */
  readonly said: number | undefined;
}

/** Longest wait of a call, in milliseconds; undefined when its client waits for as long as it asked for. */
export function longestWaitMs({ clientName, takesSigns, isSeenToGo, said }: Caller): number | undefined {
  if (said !== undefined) return said;
  return takesSigns && (isSeenToGo || knownClient(clientName)?.isPatient) ? undefined : UNKNOWN_WAIT_MS;
}
