/** The rules' numbers, resolved from configuration. */

/** Limits and durations the mesh applies; all times in milliseconds. */
export interface Policy {
  readonly maxBodyBytes: number;
  readonly inboxMaxMessages: number;
  readonly inboxMaxBytes: number;
  readonly maxAttempts: number;
  readonly heartbeatMs: number;
  readonly staleAfterMs: number;
  readonly offlineAfterMs: number;
  /** How long a closed stream's leases wait for its session to come back. */
  readonly streamGraceMs: number;
  readonly retentionMs: number;
  /** Life of a message whose sender names none. */
  readonly messageTtlMs: number;
}
