/** THE contract: every endpoint once. Routes, client methods and OpenAPI follow from this table. */
import { z } from "zod";
import {
  Agent,
  HeartbeatReply,
  HeartbeatRequest,
  OpenSessionReply,
  OpenSessionRequest,
  RegisterReply,
  RegisterRequest,
} from "./agent.ts";
import {
  AckReply,
  AckRequest,
  CancelReply,
  DeliveryReply,
  ExtendRequest,
  InboxEntry,
  LeaseReply,
  LeaseRequest,
  LogEntry,
  MessageStatus,
  NackRequest,
  PushReport,
  RejectRequest,
} from "./delivery.ts";
import type { ErrorCode } from "./errors.ts";
import { DeliveryRef, MessageRef, SessionId } from "./ids.ts";
import {
  DEFAULT_LEASE_MS,
  MAX_DELIVERIES_PER_READ,
  MAX_LEASE_MS,
  MAX_SUMMARY_CHARS,
  MAX_WAIT_MS,
  MIN_LEASE_MS,
} from "./limits.ts";
import { SendReply, SendRequest } from "./message.ts";
import { BrokerStatus, Health } from "./system.ts";
import {
  PublishReply,
  PublishRequest,
  SubscribeReply,
  SubscribeRequest,
  Subscription,
  Topic,
  TopicName,
  TopicPattern,
} from "./topic.ts";

/** Who may call: nobody needs a token (`public`), an agent's token (`agent`), the mesh key (`key`), or either (`any`). */
export type Access = "public" | "agent" | "key" | "any";

/** One endpoint of the wire. */
export interface Endpoint {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  readonly path: string;
  readonly summary: string;
  readonly access: Access;
  /** May be sent again when its answer was lost. */
  readonly repeatable: boolean;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  readonly status: 200 | 201 | 202;
  readonly reply: z.ZodType;
  /** Codes beside those every endpoint may answer (`commonErrors`). */
  readonly errors: readonly ErrorCode[];
  /** The reply is a `text/event-stream` of StreamEvent. */
  readonly stream?: true;
}

/** Codes that every endpoint may answer. */
export const commonErrors = [
  "invalid_request",
  "unauthenticated",
  "forbidden",
  "forbidden_origin",
  "forbidden_host",
  "body_too_large",
  "unsupported_media_type",
  "unsupported_protocol",
  "internal",
  "shutting_down",
  "store_unavailable",
  "storage_full",
] as const satisfies readonly ErrorCode[];

function endpoint<const E extends Endpoint>(row: E): E {
  return row;
}

const agentParam = z.strictObject({
  agent: z.string().min(1).max(128).meta({ description: "name or id; me is the caller" }),
});
const sessionParam = z.strictObject({ session: SessionId });
const deliveryParam = z.strictObject({ delivery: DeliveryRef });
const number = (min: number, max: number) => z.coerce.number().int().min(min).max(max);
const cursor = z.string().min(1).max(128);

/** Every endpoint by its name; the name is the client's method. */
export const endpoints = {
  health: endpoint({
    method: "GET",
    path: "/health",
    summary: "Is this an agentmesh broker, and which version?",
    access: "public",
    repeatable: true,
    status: 200,
    reply: Health,
    errors: [],
  }),
  livez: endpoint({
    method: "GET",
    path: "/livez",
    summary: "Does the process answer?",
    access: "public",
    repeatable: true,
    status: 200,
    reply: z.object({ status: z.literal("ok") }),
    errors: [],
  }),
  openapi: endpoint({
    method: "GET",
    path: "/v1/openapi.json",
    summary: "This contract as OpenAPI 3.1.",
    access: "public",
    repeatable: true,
    status: 200,
    reply: z.record(z.string(), z.unknown()),
    errors: [],
  }),
  status: endpoint({
    method: "GET",
    path: "/v1/status",
    summary: "Counts, limits and settings of the broker.",
    access: "any",
    repeatable: true,
    status: 200,
    reply: BrokerStatus,
    errors: [],
  }),
  shutdown: endpoint({
    method: "POST",
    path: "/v1/shutdown",
    summary: "Stop the broker after the requests under way.",
    access: "key",
    repeatable: true,
    status: 202,
    reply: z.object({ stopping: z.literal(true), pid: z.int() }),
    errors: [],
  }),

  register: endpoint({
    method: "POST",
    path: "/v1/agents",
    summary: "Make an agent, or resume the one that owns the token in the body.",
    access: "key",
    repeatable: true,
    body: RegisterRequest,
    status: 200,
    reply: RegisterReply,
    errors: ["agent_name_taken"],
  }),
  listAgents: endpoint({
    method: "GET",
    path: "/v1/agents",
    summary: "Every agent with its presence and push paths; live ones first, then by name.",
    access: "any",
    repeatable: true,
    query: z.strictObject({
      presence: z.enum(["live", "all"]).default("all").meta({ description: "live leaves out offline agents" }),
      directory: z.string().max(1024).optional(),
      repo: z.string().max(1024).optional(),
      client: z.string().max(64).optional(),
      limit: number(1, 1000).default(200),
    }),
    status: 200,
    reply: z.object({ agents: z.array(Agent), total: z.int() }),
    errors: [],
  }),
  getAgent: endpoint({
    method: "GET",
    path: "/v1/agents/:agent",
    summary: "One agent.",
    access: "any",
    repeatable: true,
    params: agentParam,
    status: 200,
    reply: Agent,
    errors: ["agent_not_found"],
  }),
  setSummary: endpoint({
    method: "PATCH",
    path: "/v1/agents/me",
    summary: "Say what you are working on.",
    access: "agent",
    repeatable: true,
    body: z.strictObject({ summary: z.string().max(MAX_SUMMARY_CHARS) }),
    status: 200,
    reply: Agent,
    errors: [],
  }),
  removeAgent: endpoint({
    method: "DELETE",
    path: "/v1/agents/:agent",
    summary: "Take an agent out of the mesh; what waits for it becomes a dead letter, its name is free again.",
    access: "any",
    repeatable: true,
    params: agentParam,
    status: 200,
    reply: z.object({ removed: z.boolean(), dead: z.int().nonnegative() }),
    errors: ["agent_not_found"],
  }),

  openSession: endpoint({
    method: "POST",
    path: "/v1/sessions",
    summary: "Open a session: the agent is online until it ends or misses its heartbeats.",
    access: "agent",
    repeatable: true,
    body: OpenSessionRequest,
    status: 201,
    reply: OpenSessionReply,
    errors: [],
  }),
  heartbeat: endpoint({
    method: "POST",
    path: "/v1/sessions/:session/heartbeat",
    summary: "Renew a session.",
    access: "agent",
    repeatable: true,
    params: sessionParam,
    body: HeartbeatRequest,
    status: 200,
    reply: HeartbeatReply,
    errors: ["session_not_found"],
  }),
  endSession: endpoint({
    method: "DELETE",
    path: "/v1/sessions/:session",
    summary: "End a session; the deliveries it leased return to the inbox at once.",
    access: "agent",
    repeatable: true,
    params: sessionParam,
    status: 200,
    reply: z.object({ returned: z.int().nonnegative() }),
    errors: ["session_not_found"],
  }),

  send: endpoint({
    method: "POST",
    path: "/v1/messages",
    summary: "Send a message. 202 means it is on disk.",
    access: "agent",
    repeatable: true,
    body: SendRequest,
    status: 202,
    reply: SendReply,
    errors: [
      "sender_mismatch",
      "agent_not_found",
      "message_not_found",
      "idempotency_mismatch",
      "loop_limit",
      "rate_limited",
      "duplicate_storm",
      "inbox_full",
    ],
  }),
  getMessage: endpoint({
    method: "GET",
    path: "/v1/messages/:message",
    summary: "One message and what became of it, for its sender, its recipients and the mesh key.",
    access: "any",
    repeatable: true,
    params: z.strictObject({ message: MessageRef }),
    status: 200,
    reply: MessageStatus,
    errors: ["message_not_found"],
  }),
  publish: endpoint({
    method: "POST",
    path: "/v1/topics/:topic/messages",
    summary: "Publish a message to everybody subscribed now. 202 means it is on disk, once, with every delivery.",
    access: "agent",
    repeatable: true,
    params: z.strictObject({ topic: TopicName }),
    body: PublishRequest,
    status: 202,
    reply: PublishReply,
    errors: ["idempotency_mismatch", "rate_limited"],
  }),
  listTopics: endpoint({
    method: "GET",
    path: "/v1/topics",
    summary: "Topics that were published on, by name.",
    access: "any",
    repeatable: true,
    query: z.strictObject({ limit: number(1, 1000).default(200) }),
    status: 200,
    reply: z.object({ topics: z.array(Topic) }),
    errors: [],
  }),
  subscribe: endpoint({
    method: "POST",
    path: "/v1/subscriptions",
    summary: "Get what is published on a topic, or on all that a pattern means, until you unsubscribe.",
    access: "agent",
    repeatable: true,
    body: SubscribeRequest,
    status: 200,
    reply: SubscribeReply,
    errors: [],
  }),
  unsubscribe: endpoint({
    method: "DELETE",
    path: "/v1/subscriptions/:topic",
    summary: "End a subscription; what is in the inbox stays.",
    access: "agent",
    repeatable: true,
    params: z.strictObject({ topic: TopicPattern }),
    status: 200,
    reply: z.object({ removed: z.boolean() }),
    errors: [],
  }),
  listSubscriptions: endpoint({
    method: "GET",
    path: "/v1/subscriptions",
    summary: "Subscriptions: your own, or with the mesh key everybody's.",
    access: "any",
    repeatable: true,
    status: 200,
    reply: z.object({ subscriptions: z.array(Subscription) }),
    errors: [],
  }),
  cancel: endpoint({
    method: "POST",
    path: "/v1/messages/:message/cancel",
    summary: "Take a message back that nobody has leased yet.",
    access: "agent",
    repeatable: true,
    params: z.strictObject({ message: MessageRef }),
    status: 200,
    reply: CancelReply,
    errors: ["message_not_found", "already_leased", "delivery_settled"],
  }),
  log: endpoint({
    method: "GET",
    path: "/v1/log",
    summary: "What happened to messages, oldest first: all of the mesh for its key, an agent's own for the agent.",
    access: "any",
    repeatable: true,
    query: z.strictObject({
      after: cursor.optional().meta({ description: "cursor of the last reply; without it, the newest entries" }),
      limit: number(1, 500).default(100),
      waitMs: number(0, MAX_WAIT_MS).default(0).meta({ description: "wait this long for a first entry" }),
      agent: z.string().min(1).max(128).optional(),
    }),
    status: 200,
    reply: z.object({ entries: z.array(LogEntry), cursor }),
    errors: ["agent_not_found", "cursor_invalid"],
  }),

  listInbox: endpoint({
    method: "GET",
    path: "/v1/inbox",
    summary: "Look into an inbox without leasing: your own, or with the mesh key any agent's.",
    access: "any",
    repeatable: true,
    query: z.strictObject({
      agent: z.string().min(1).max(128).optional(),
      state: z.enum(["open", "all"]).default("open").meta({ description: "open: queued or leased" }),
      after: number(0, Number.MAX_SAFE_INTEGER).default(0).meta({ description: "seq of the last entry you have" }),
      limit: number(1, MAX_DELIVERIES_PER_READ).default(MAX_DELIVERIES_PER_READ),
    }),
    status: 200,
    reply: z.object({
      entries: z.array(InboxEntry),
      open: z.int().nonnegative().meta({ description: "queued and leased deliveries in all" }),
      nextAfter: z.int().optional().meta({ description: "set when more follow" }),
    }),
    errors: ["agent_not_found"],
  }),
  lease: endpoint({
    method: "POST",
    path: "/v1/inbox/lease",
    summary: "Take deliveries for a while. What is not acked in time comes back.",
    access: "agent",
    repeatable: false,
    body: LeaseRequest,
    status: 200,
    reply: LeaseReply,
    errors: ["session_not_found"],
  }),
  stream: endpoint({
    method: "GET",
    path: "/v1/inbox/stream",
    summary: "Deliveries as they come, each under a lease, as Server-Sent Events.",
    access: "agent",
    repeatable: true,
    query: z.strictObject({
      session: SessionId,
      maxInFlight: number(1, 256).default(16).meta({ description: "credit: most unacked leases at once" }),
      leaseMs: number(MIN_LEASE_MS, MAX_LEASE_MS).default(DEFAULT_LEASE_MS),
      maxPushes: number(1, 100).optional().meta({
        description: "leave out what this session reported as pushed that often",
      }),
    }),
    status: 200,
    reply: z.string(),
    errors: ["session_not_found"],
    stream: true,
  }),

  ack: endpoint({
    method: "POST",
    path: "/v1/deliveries/:delivery/ack",
    summary: "Handled: never show it again.",
    access: "agent",
    repeatable: true,
    params: deliveryParam,
    body: AckRequest,
    status: 200,
    reply: AckReply,
    errors: ["delivery_not_found", "lease_lost", "delivery_settled"],
  }),
  nack: endpoint({
    method: "POST",
    path: "/v1/deliveries/:delivery/nack",
    summary: "Not now: back to the inbox after a delay.",
    access: "agent",
    repeatable: false,
    params: deliveryParam,
    body: NackRequest,
    status: 200,
    reply: DeliveryReply,
    errors: ["delivery_not_found", "lease_lost", "delivery_settled"],
  }),
  extend: endpoint({
    method: "POST",
    path: "/v1/deliveries/:delivery/extend",
    summary: "Still working: renew the lease.",
    access: "agent",
    repeatable: true,
    params: deliveryParam,
    body: ExtendRequest,
    status: 200,
    reply: DeliveryReply,
    errors: ["delivery_not_found", "lease_lost", "delivery_settled"],
  }),
  reject: endpoint({
    method: "POST",
    path: "/v1/deliveries/:delivery/reject",
    summary: "Never: to the dead letters, with a reason.",
    access: "agent",
    repeatable: false,
    params: deliveryParam,
    body: RejectRequest,
    status: 200,
    reply: DeliveryReply,
    errors: ["delivery_not_found", "lease_lost", "delivery_settled"],
  }),
  listDead: endpoint({
    method: "GET",
    path: "/v1/dead",
    summary: "Dead letters, newest first: your own, or with the mesh key everybody's.",
    access: "any",
    repeatable: true,
    query: z.strictObject({
      agent: z.string().min(1).max(128).optional(),
      limit: number(1, 100).default(25),
    }),
    status: 200,
    reply: z.object({ entries: z.array(InboxEntry) }),
    errors: ["agent_not_found"],
  }),
  redrive: endpoint({
    method: "POST",
    path: "/v1/deliveries/:delivery/redrive",
    summary: "Put a dead letter back into its inbox, with a new life as long as its first.",
    access: "any",
    repeatable: false,
    params: deliveryParam,
    status: 200,
    reply: DeliveryReply,
    errors: ["delivery_not_found", "not_dead"],
  }),
  reportPush: endpoint({
    method: "POST",
    path: "/v1/deliveries/:delivery/push",
    summary: "Report what was done with a leased delivery. A push is never an ack.",
    access: "agent",
    repeatable: false,
    params: deliveryParam,
    body: PushReport,
    status: 200,
    reply: DeliveryReply,
    errors: ["delivery_not_found", "lease_lost", "delivery_settled"],
  }),
} as const satisfies Record<string, Endpoint>;

/** Name of an endpoint. */
export type EndpointName = keyof typeof endpoints;

type Input<S> = S extends z.ZodType ? z.input<S> : unknown;
type Output<S> = S extends z.ZodType ? z.output<S> : unknown;
type Field<E, K extends string> = E extends { readonly [P in K]: infer S } ? S : undefined;

/** What a caller passes: path parameters, query and body in one object, defaults left out as one likes. */
export type EndpointInput<E extends Endpoint> = Input<Field<E, "params">> &
  Input<Field<E, "query">> &
  Input<Field<E, "body">>;

/** What a handler gets: the same after parsing, defaults filled in. */
export type EndpointRequest<E extends Endpoint> = {
  params: Output<Field<E, "params">>;
  query: Output<Field<E, "query">>;
  body: Output<Field<E, "body">>;
};

/** What the caller gets back. */
export type EndpointReply<E extends Endpoint> = z.output<E["reply"]>;
