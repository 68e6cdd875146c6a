/** The records of webhooks that go through the Store port. */
import type { AgentId } from "@agentmesh/protocol";

/** An agent's webhook as stored; `sealed` is opaque to the engine. */
export interface WebhookRecord {
  readonly agentId: AgentId;
  readonly sealed: string;
  readonly setAt: number;
  /** Failed posts in a row. */
  readonly failures: number;
  readonly provenAt: number | undefined;
  readonly failedAt: number | undefined;
  /** Why the last post failed; undefined when it was taken. */
  readonly failedWhy: string | undefined;
  readonly restsUntil: number | undefined;
  readonly disabled: boolean;
}

/** What came of a post to a webhook. */
export type WebhookNote =
  | { readonly kind: "taken" }
  | { readonly kind: "failed"; readonly why: string; readonly failures: number; readonly restMs?: number }
  | { readonly kind: "disabled"; readonly why: string; readonly failures: number };
