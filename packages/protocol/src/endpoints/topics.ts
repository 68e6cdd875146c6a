/** Endpoints of topics and subscriptions. */
import * as z from "zod";
import { endpoint, number } from "../endpoint.ts";
import { object, strictObject } from "../shapes/lazy-object.ts";
import {
  PublishReply,
  PublishRequest,
  SubscribeReply,
  SubscribeRequest,
  Subscription,
  SubscriptionCursor,
  Topic,
  TopicName,
  TopicPattern,
} from "../topic.ts";

/** Their rows. */
export const topicsEndpoints = {
  publish: endpoint({
    method: "POST",
    path: "/v1/topics/:topic/messages",
    summary: "Publish a message to everybody subscribed now. 202 means it is on disk, once, with every delivery.",
    access: "agent",
    page: true,
    repeatable: true,
    params: strictObject(() => ({ topic: TopicName })),
    body: PublishRequest,
    takesEvents: true,
    status: 202,
    reply: PublishReply,
    errors: ["idempotency_mismatch", "rate_limited", "quota_full"],
  }),

  listTopics: endpoint({
    method: "GET",
    path: "/v1/topics",
    summary: "Topics that were published on, by name.",
    access: "any",
    machine: true,
    page: true,
    repeatable: true,
    query: strictObject(() => ({
      after: TopicName.optional().meta({ description: "nextAfter of the page before" }),
      limit: number(1, 1000).default(200),
    })),
    status: 200,
    reply: object(() => ({
      topics: z.array(Topic),
      nextAfter: TopicName.optional().meta({ description: "set when more follow" }),
    })),
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
    errors: ["quota_full"],
  }),

  unsubscribe: endpoint({
    method: "DELETE",
    path: "/v1/subscriptions/:topic",
    summary: "End a subscription; what is in the inbox stays.",
    access: "agent",
    repeatable: true,
    params: strictObject(() => ({ topic: TopicPattern })),
    status: 200,
    reply: object(() => ({ removed: z.boolean() })),
    errors: [],
  }),

  listSubscriptions: endpoint({
    method: "GET",
    path: "/v1/subscriptions",
    summary: "Subscriptions: your own, or with the mesh key everybody's.",
    access: "any",
    page: true,
    repeatable: true,
    query: strictObject(() => ({
      after: SubscriptionCursor.optional().meta({ description: "nextAfter of the page before" }),
      limit: number(1, 1000).default(200),
    })),
    status: 200,
    reply: object(() => ({
      subscriptions: z.array(Subscription),
      nextAfter: z.string().optional().meta({ description: "set when more follow" }),
    })),
    errors: [],
  }),
} as const;
