/** Endpoints of the inbox and its deliveries. */
import * as z from "zod";
import { endpoint, number } from "../endpoint.ts";
import { DeliveryRef, SessionId } from "../ids.ts";
import { DEFAULT_LEASE_MS, MAX_DELIVERIES_PER_READ, MAX_LEASE_MS, MIN_LEASE_MS } from "../limits.ts";
import { InboxEntry } from "../message/delivery.ts";
import {
  AckManyReply,
  AckManyRequest,
  AckReply,
  AckRequest,
  DeliveryReply,
  ExtendRequest,
  LeaseReply,
  LeaseRequest,
  NackRequest,
  PushReport,
  RefuseRequest,
  RejectRequest,
} from "../message/lease.ts";
import { StreamEvent } from "../message/stream.ts";
import { object, strictObject } from "../shapes/lazy-object.ts";
import { Urgency } from "../urgency.ts";

const deliveryParam = strictObject(() => ({ delivery: DeliveryRef }));

/** Their rows. */
export const inboxEndpoints = {
  listInbox: endpoint({
    method: "GET",
    path: "/v1/inbox",
    summary: "Look into an inbox without leasing: your own, or with the mesh key any agent's.",
    access: "any",
    machine: true,
    page: true,
    repeatable: true,
    query: strictObject(() => ({
      agent: z.string().min(1).max(128).optional(),
      state: z
        .enum(["open", "held", "all"])
        .default("open")
        .meta({ description: "open: queued or leased; held: by the policy" }),
      after: number(0, Number.MAX_SAFE_INTEGER).default(0).meta({ description: "only behind this seq" }),
      before: number(1, Number.MAX_SAFE_INTEGER).optional().meta({ description: "only ahead of this seq" }),
      order: z
        .enum(["oldest", "newest"])
        .optional()
        .meta({ description: "which come first; left out: newest with before, else oldest" }),
      limit: number(1, MAX_DELIVERIES_PER_READ).default(MAX_DELIVERIES_PER_READ),
    })),
    status: 200,
    reply: object(() => ({
      entries: z.array(InboxEntry),
      open: z.int().nonnegative().meta({ description: "queued and leased deliveries in all" }),
      held: z.int().nonnegative().default(0).meta({ description: "deliveries held by the policy" }),
      nextAfter: z.int().optional().meta({ description: "oldest first: set when more follow" }),
      nextBefore: z.int().optional().meta({ description: "newest first: set when there are older ones" }),
    })),
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
    query: strictObject(() => ({
      session: SessionId,
      maxInFlight: number(1, 256).default(16).meta({ description: "credit: most unacked leases at once" }),
      leaseMs: number(MIN_LEASE_MS, MAX_LEASE_MS).default(DEFAULT_LEASE_MS),
      urgency: Urgency.default("fyi").meta({ description: "the least urgency that is streamed" }),
      maxPushes: number(1, 100).optional().meta({
        description: "leave out what this session reported as pushed that often",
      }),
    })),
    status: 200,
    reply: z.string(),
    errors: ["session_not_found"],
    stream: StreamEvent,
  }),

  ack: endpoint({
    method: "POST",
    path: "/v1/deliveries/:delivery/ack",
    summary: "Handled: never show it again.",
    access: "agent",
    page: true,
    repeatable: true,
    params: deliveryParam,
    body: AckRequest,
    status: 200,
    reply: AckReply,
    errors: ["delivery_not_found", "other_life", "lease_lost", "delivery_settled"],
  }),

  ackMany: endpoint({
    method: "POST",
    path: "/v1/inbox/acks",
    summary: "Handled: many deliveries in one call, each answered as its own ack would be.",
    access: "agent",
    repeatable: true,
    body: AckManyRequest,
    status: 200,
    reply: AckManyReply,
    errors: [],
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
    errors: ["delivery_not_found", "other_life", "lease_lost", "delivery_settled"],
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
    errors: ["delivery_not_found", "other_life", "lease_lost", "delivery_settled"],
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
    errors: ["delivery_not_found", "other_life", "lease_lost", "delivery_settled"],
  }),

  admit: endpoint({
    method: "POST",
    path: "/v1/deliveries/:delivery/admit",
    summary: "Let a held delivery into the inbox.",
    access: "any",
    machine: true,
    page: true,
    repeatable: false,
    params: deliveryParam,
    status: 200,
    reply: DeliveryReply,
    errors: ["delivery_not_found", "other_life", "not_held"],
  }),

  refuse: endpoint({
    method: "POST",
    path: "/v1/deliveries/:delivery/refuse",
    summary: "Refuse a held delivery for good; its sender is told.",
    access: "any",
    machine: true,
    page: true,
    repeatable: false,
    params: deliveryParam,
    body: RefuseRequest,
    status: 200,
    reply: DeliveryReply,
    errors: ["delivery_not_found", "other_life", "not_held"],
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
    errors: ["delivery_not_found", "other_life", "lease_lost", "delivery_settled"],
  }),
} as const;
