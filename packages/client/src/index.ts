/** Typed HTTP client of agentmesh. For Node, Bun and Deno: imports no module of theirs. A broker refuses web pages. */
export type { Agent, Delivery, Message, MessageStatus, SendReply, SendRequest } from "@agentmesh/protocol";
export { backoffMs, pause } from "./backoff.ts";
export { type CallOptions, Connection, type ConnectionOptions } from "./connection.ts";
export type { BrokerPlace, BrokerUrl, Search } from "./connections/places.ts";
export { DeliveryHandle } from "./delivery-handle.ts";
export type { DirectAnswer } from "./direct-answer.ts";
export { type DirectRequest, directFetch } from "./direct-fetch.ts";
export {
  BrokerUnreachableError,
  Hindrance,
  type HindranceOptions,
  MeshApiError,
  mayPass,
  StreamHeldBackError,
  UntrustedBrokerError,
} from "./errors.ts";
export type { EventsNews, EventsOptions } from "./events.ts";
export type { StreamOptions } from "./inbox/stream.ts";
export { MeshCalls } from "./mesh-calls.ts";
export { MeshClient } from "./mesh-client.ts";
export type { OpenDialog, SessionOptions } from "./session/said.ts";
export { type InboxOptions, MeshSession } from "./session/session.ts";
export {
  type VerifiedWebhook,
  type VerifyWebhookOptions,
  verifyWebhook,
  type WebhookFault,
  WebhookVerificationError,
} from "./verify-webhook.ts";
