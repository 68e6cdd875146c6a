/** What event webhooks work with. */
import type { AgentId } from "@agentmesh/protocol";
import type { Clock } from "../mesh/clock.ts";
import type { Mesh } from "../mesh/mesh.ts";
import type { Store } from "../mesh/store.ts";
import type { Seal } from "../mesh/webhook/seal.ts";
import type { CallbackParts } from "../sinks/event-callback.ts";

/** Whose event webhook, which one, and why: for the log. Never a URL or a secret. */
export type EventWebhookNotice = (
  event: string,
  fields: { readonly agent: AgentId; readonly subscription: string; readonly why?: string },
) => void;

/** What all of one broker have in common. */
export interface EventWebhookParts {
  readonly mesh: Pick<Mesh, "agents" | "messages">;
  readonly store: Store;
  readonly seal: Seal;
  readonly clock: Clock;
  readonly callback: CallbackParts;
  readonly onNotice: EventWebhookNotice;
  readonly onFault: (error: unknown) => void;
}
