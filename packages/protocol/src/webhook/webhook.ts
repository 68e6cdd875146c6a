/** Webhooks: an agent's URL, to which the broker posts what comes into its inbox; a 2xx answer is the ack. */
import * as z from "zod";
import { Party } from "../agent-party.ts";
import { MAX_WEBHOOK_OVERLAP_MS, WEBHOOK_OVERLAP_MS } from "../limits.ts";
import { object, strictObject } from "../shapes/lazy-object.ts";
import { Timestamp } from "../time.ts";
import { Urgency } from "../urgency.ts";
import { WebhookSecret } from "./webhook-signature.ts";

/**
 * What a post looks like: our own or a CloudEvents envelope for programs, what OpenClaw, Hermes or Continue takes, a message to an agent that speaks
 * A2A or what it is told of its tasks (`a2a-push`), or as agentmesh 0.1 posted.
 */
export const WebhookDialect = z.enum([
  "agentmesh",
  "cloudevents",
  "openclaw",
  "hermes",
  "continue",
  "a2a",
  "a2a-push",
  "legacy",
]);
export type WebhookDialect = z.infer<typeof WebhookDialect>;

const line = (max: number) => z.string().regex(new RegExp(`^[\\x21-\\x7e]{1,${max}}$`), "visible ASCII, no blanks");

/** What OpenClaw's gateway needs beside the text. */
export const OpenClawOptions = strictObject(() => ({
  hook: z.enum(["agent", "wake"]).default("agent").meta({
    description: "agent: a turn of its own for each message; wake: a system event of the main session",
  }),
  token: line(512).meta({ description: "hooks.token of OpenClaw's configuration; sent as bearer token, never shown" }),
  agentId: line(128).optional().meta({ description: "OpenClaw's agent, as its hooks.allowedAgentIds permits" }),
  sessionKey: line(256).optional().meta({ description: "as its hooks.allowRequestSessionKey permits" }),
  deliver: z.boolean().default(false).meta({ description: "hook agent: whether OpenClaw sends the answer to a chat" }),
}));
export type OpenClawOptions = z.infer<typeof OpenClawOptions>;

/** By what the broker is let in where A2A is spoken. None of it is shown again. */
export const A2aOptions = strictObject(() => ({
  scheme: line(32).default("Bearer").meta({ description: "of the Authorization header" }),
  credentials: line(2_048).optional().meta({ description: "sent behind the scheme" }),
  token: line(2_048).optional().meta({
    description: "a2a-push, without credentials: sent as X-A2A-Notification-Token",
  }),
}));
export type A2aOptions = z.infer<typeof A2aOptions>;

/** Sets an agent's webhook, in place of the one it had. Without `secret` the broker makes one and shows it once. */
export const SetWebhookRequest = strictObject(() => ({
  url: z.string().min(1).max(2048).meta({
    description: "http or https; for openclaw the gateway, e.g. http://127.0.0.1:18789, or the whole URL of the hook",
  }),
  dialect: WebhookDialect.default("agentmesh"),
  secret: WebhookSecret.optional(),
  maxInFlight: z.int().min(1).max(16).default(1).meta({
    description: "most posts under way at once; more than 1 gives up the order",
  }),
  urgency: Urgency.default("normal").meta({ description: "the least urgency that is posted" }),
  openclaw: OpenClawOptions.optional(),
  a2a: A2aOptions.optional(),
}))
  .refine(({ dialect, openclaw }) => (dialect === "openclaw") === (openclaw !== undefined), {
    path: ["openclaw"],
    error: 'belongs to the dialect openclaw, which needs it: {"token":"…"}',
  })
  .refine(({ dialect, a2a }) => a2a === undefined || dialect === "a2a" || dialect === "a2a-push", {
    path: ["a2a"],
    error: "belongs to the dialects a2a and a2a-push",
  })
  .refine(({ dialect, secret }) => dialect === "hermes" || !secret || secret.startsWith("whsec_"), {
    path: ["secret"],
    error: "whsec_ and the base64 of 24 to 64 bytes (Standard Webhooks); only Hermes has other secrets",
  });
export type SetWebhookRequest = z.infer<typeof SetWebhookRequest>;

/**
 * What a webhook does now. `untried`: nothing was posted yet. `working`, `failing`: how the last post went. `resting`:
 * it failed so often, or asked for so much time, that nothing is posted until `nextTryAt`. `disabled`: nothing is
 * posted until it is set anew or a test succeeds.
 */
export const WebhookState = z.enum(["untried", "working", "failing", "resting", "disabled"]);
export type WebhookState = z.infer<typeof WebhookState>;

/** A webhook as its owner sees it. Never shows a secret, a token, or the query of its URL. */
export const Webhook = object(() => ({
  agent: Party,
  url: z.string().meta({ description: "without its query, which may hold a secret" }),
  dialect: WebhookDialect,
  maxInFlight: z.int(),
  urgency: Urgency,
  openclaw: OpenClawOptions.omit({ token: true }).optional(),
  setAt: Timestamp,
  state: WebhookState,
  failures: z.int().nonnegative().meta({ description: "failed posts in a row" }),
  provenAt: Timestamp.optional().meta({ description: "when it last answered 2xx" }),
  failedAt: Timestamp.optional().meta({ description: "when a post last failed" }),
  failedWhy: z.string().optional().meta({ description: "why; left out once one has succeeded" }),
  nextTryAt: Timestamp.optional().meta({ description: "resting: when one post is tried" }),
  previousSecretUntil: Timestamp.optional().meta({
    description: "the secret before the rotation signs too until then",
  }),
}));
export type Webhook = z.infer<typeof Webhook>;

/** The webhook; `secret` only when the broker made it, and only this once. */
export const SetWebhookReply = object(() => ({ webhook: Webhook, secret: z.string().optional() }));
export type SetWebhookReply = z.infer<typeof SetWebhookReply>;

/** Replaces the secret. For `overlapMs` the old one signs as well, so that a receiver can change over. */
export const RotateWebhookRequest = strictObject(() => ({
  secret: WebhookSecret.optional(),
  overlapMs: z.int().min(0).max(MAX_WEBHOOK_OVERLAP_MS).default(WEBHOOK_OVERLAP_MS).meta({
    description: "how long both secrets sign; 0 for one that has leaked",
  }),
}));
export type RotateWebhookRequest = z.infer<typeof RotateWebhookRequest>;

/** How a post of a test event went. */
export const TestWebhookReply = object(() => ({
  taken: z.boolean().meta({ description: "it was answered 2xx" }),
  status: z.int().optional().meta({ description: "HTTP status of the answer, if there was one" }),
  why: z.string().optional().meta({ description: "why it failed" }),
  tookMs: z.int().nonnegative(),
  webhook: Webhook,
}));
export type TestWebhookReply = z.infer<typeof TestWebhookReply>;
