/** The words of agentmesh: schemas, limits, errors and the endpoint table. */
export * from "./access/agent-card.ts";
export * from "./access/audit.ts";
export * from "./access/invite-line.ts";
export * from "./access/machine.ts";
export * from "./access/name-pattern.ts";
export * from "./access/page.ts";
export * from "./agent.ts";
export * from "./agent-party.ts";
export * from "./ask.ts";
export { type Access, commonErrors, type Endpoint } from "./endpoint.ts";
export * from "./endpoints.ts";
export * from "./errors.ts";
export * from "./events/event-stream.ts";
export * from "./events/mesh-event.ts";
export * from "./focus.ts";
export * from "./history.ts";
export * from "./ids.ts";
export * from "./keeping.ts";
export * from "./limits.ts";
export * from "./machine/broker-exits.ts";
export * from "./machine/loopback.ts";
export type { Machine } from "./machine/path-places.ts";
export * from "./machine/predecessor.ts";
export * from "./machine/process-mark.ts";
export * from "./machine/proof.ts";
export { type Refusals, type RefusedFile, refusalsOn } from "./machine/refusals.ts";
export * from "./machine/room.ts";
export * from "./machine/standpoint.ts";
export {
  type SaidOf,
  type SystemRefusal,
  systemBrief,
  systemReason,
  systemRefusal,
  systemSentences,
} from "./machine/system-refusal.ts";
export { giveBackUnusedMemory } from "./machine/unused-memory.ts";
export * from "./message/delivery.ts";
export * from "./message/delivery-state.ts";
export * from "./message/keepalive.ts";
export * from "./message/lease.ts";
export * from "./message/message.ts";
export * from "./message/message-parts.ts";
export * from "./message/stream.ts";
export * from "./message/told-trust.ts";
export * from "./message/trust-class.ts";
export * from "./names/names.ts";
export * from "./names/namesakes.ts";
export * from "./names/push-paths.ts";
export * from "./names/repository-url.ts";
export * from "./needs/counted.ts";
export * from "./needs/need.ts";
export * from "./pages/errors-page.ts";
export * from "./pages/openapi.ts";
export * from "./path-setting.ts";
export * from "./receiver-policy.ts";
export * from "./system.ts";
export * from "./text/agent-words.ts";
export * from "./text/defang.ts";
export * from "./text/ping.ts";
export * from "./text/plain-text.ts";
export * from "./text/publish-remarks.ts";
export * from "./text/quote.ts";
export * from "./text/render.ts";
export * from "./text/several.ts";
export * from "./text/shell-word.ts";
export * from "./text/short-duration.ts";
export * from "./text/told-times.ts";
export * from "./text/wrong-value.ts";
export * from "./time.ts";
export * from "./topic.ts";
export * from "./typed-value.ts";
export * from "./urgency.ts";
export * from "./version.ts";
export * from "./webhook/hook.ts";
export * from "./webhook/webhook.ts";
export * from "./webhook/webhook-event.ts";
export * from "./webhook/webhook-signature.ts";
