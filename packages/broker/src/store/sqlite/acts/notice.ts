/** Notices of the mesh itself: put into an inbox beside the quota, never bounced, never answered, kept for 7 days. */
import { type AgentId, DEFAULT_TTL_MS, type MessageId } from "@agentmesh/protocol";
import { urgencyWeight } from "../../../mesh/acceptance/urgency.ts";
import { newId } from "../../../mesh/ids.ts";
import { RANK } from "../../shared/rows/deliveries.ts";
import type { EngineContext } from "../context.ts";

import type { Engine } from "../engine.ts";

/** A notice about a message. */
export interface Notice {
  readonly kind: "bounce" | "nudge";
  readonly to: AgentId;
  readonly about: MessageId;
  readonly threadId: string;
  readonly body: string;
}

/** Puts a notice into an inbox; returns its number there, or undefined when nobody reads it: of one that has left, a bounce of a hook's. */
export function notify(engine: Engine, context: EngineContext, notice: Notice): number | undefined {
  const recipient = engine.agents.row(notice.to);
  if (!recipient || (notice.kind === "bounce" && engine.hooks.isOf(recipient.pk))) return undefined;
  const { kind, threadId, about, body } = notice;
  const ttlMs = DEFAULT_TTL_MS;
  const stored = engine.messages.insertNotice({ id: newId("msg"), kind, threadId, inReplyTo: about, body, ttlMs });
  const { pk, seq } = engine.deliveries.insert({
    id: newId("dlv"),
    messagePk: stored.pk,
    agentPk: recipient.pk,
    bytes: stored.bytes,
    urgency: urgencyWeight("normal"),
    rank: RANK.notice,
    at: stored.at,
    expiresAt: stored.expiresAt,
  });
  engine.timeline.note(pk, "accepted", { attempt: 0 });
  context.leasable.ready(notice.to);
  return seq;
}
