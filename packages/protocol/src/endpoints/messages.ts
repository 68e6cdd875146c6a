/** Endpoints of messages and their log. */
import * as z from "zod";
import { AskReply, AskRequest, OpenAsk, WaiveReply } from "../ask.ts";
import { cursor, endpoint, number } from "../endpoint.ts";
import { HistoryEntry, SearchQuery } from "../history.ts";
import { MessageRef, ThreadRef } from "../ids.ts";
import { MAX_DELIVERIES_PER_TRACE, MAX_MESSAGES_PER_PAGE, MAX_WAIT_MS } from "../limits.ts";
import { CancelReply, LogEntry, MessageStatus } from "../message/delivery.ts";
import { SendReply, SendRequest } from "../message/message.ts";
import { object, strictObject } from "../shapes/lazy-object.ts";
import { TopicName } from "../topic.ts";

/** Their rows. */
export const messagesEndpoints = {
  send: endpoint({
    method: "POST",
    path: "/v1/messages",
    summary: "Send a message. 202 means it is on disk.",
    access: "agent",
    page: true,
    repeatable: true,
    body: SendRequest,
    status: 202,
    reply: SendReply,
    errors: [
      "sender_mismatch",
      "refused_by_policy",
      "agent_not_found",
      "message_not_found",
      "other_life",
      "idempotency_mismatch",
      "loop_limit",
      "rate_limited",
      "duplicate_storm",
      "inbox_full",
      "quota_full",
    ],
  }),

  listMessages: endpoint({
    method: "GET",
    path: "/v1/messages",
    summary:
      "Messages you sent or got, or with the mesh key anybody's: the newest first, filtered, searched, page by page.",
    access: "any",
    machine: true,
    page: true,
    repeatable: true,
    query: strictObject(() => ({
      agent: z.string().min(1).max(128).optional().meta({ description: "sent or got by this agent; your own: me" }),
      with: z.string().min(1).max(128).optional().meta({ description: "the other party, who may have left" }),
      thread: ThreadRef.optional(),
      topic: TopicName.optional(),
      query: SearchQuery.optional(),
      before: cursor.optional().meta({ description: "nextBefore of a page: what is older, newest first" }),
      after: cursor.optional().meta({ description: "nextAfter of a page: what came after it, oldest first" }),
      limit: number(1, MAX_MESSAGES_PER_PAGE).default(25),
    })).refine(({ before, after }) => before === undefined || after === undefined, {
      error: "page back with before or forward with after, not both",
    }),
    status: 200,
    reply: object(() => ({
      entries: z.array(HistoryEntry),
      nextBefore: cursor.optional().meta({ description: "set when there are older ones" }),
      nextAfter: cursor.optional().meta({ description: "where what is accepted later begins; not with before" }),
    })),
    errors: ["agent_not_found", "message_not_found", "other_life", "cursor_invalid", "storage_full"],
  }),

  ask: endpoint({
    method: "POST",
    path: "/v1/asks",
    summary: "Send a message that expects an answer, and wait for it for a while.",
    access: "agent",
    page: true,
    repeatable: true,
    body: AskRequest,
    status: 200,
    reply: AskReply,
    errors: [
      "agent_not_found",
      "refused_by_policy",
      "session_not_found",
      "would_deadlock",
      "idempotency_mismatch",
      "rate_limited",
      "duplicate_storm",
      "inbox_full",
      "quota_full",
    ],
  }),

  listAsks: endpoint({
    method: "GET",
    path: "/v1/asks",
    summary: "Asks without an answer, the first due first: what an agent owes and what it waits for.",
    access: "any",
    machine: true,
    page: true,
    repeatable: true,
    query: strictObject(() => ({
      agent: z.string().min(1).max(128).optional(),
      limit: number(1, 500).default(100),
    })),
    status: 200,
    reply: object(() => ({ owed: z.array(OpenAsk), waiting: z.array(OpenAsk) })),
    errors: ["agent_not_found"],
  }),

  getMessage: endpoint({
    method: "GET",
    path: "/v1/messages/:message",
    summary: "One message and what became of it, for its sender, its recipients, their machines and the mesh key.",
    access: "any",
    machine: true,
    page: true,
    repeatable: true,
    params: strictObject(() => ({ message: MessageRef })),
    query: strictObject(() => ({
      after: cursor.optional().meta({ description: "nextAfter of the page before" }),
      limit: number(1, MAX_DELIVERIES_PER_TRACE).default(MAX_DELIVERIES_PER_TRACE),
    })),
    status: 200,
    reply: MessageStatus,
    errors: ["message_not_found", "other_life", "cursor_invalid"],
  }),

  cancel: endpoint({
    method: "POST",
    path: "/v1/messages/:message/cancel",
    summary: "Take a message back that nobody has leased yet.",
    access: "agent",
    page: true,
    repeatable: true,
    params: strictObject(() => ({ message: MessageRef })),
    status: 200,
    reply: CancelReply,
    errors: ["message_not_found", "other_life", "already_leased", "delivery_settled"],
  }),

  waive: endpoint({
    method: "POST",
    path: "/v1/messages/:message/waive",
    summary: "Have nobody owe the answer to a question any more: for who asked it, its machine and the mesh key.",
    access: "any",
    machine: true,
    page: true,
    repeatable: true,
    params: strictObject(() => ({ message: MessageRef })),
    status: 200,
    reply: WaiveReply,
    errors: ["message_not_found", "other_life", "not_owed"],
  }),

  log: endpoint({
    method: "GET",
    path: "/v1/log",
    summary: "What happened to messages, oldest first: all of the mesh for its key, an agent's own for the agent.",
    access: "any",
    machine: true,
    page: true,
    repeatable: true,
    query: strictObject(() => ({
      after: cursor.optional().meta({ description: "cursor of the last reply; without it, the newest entries" }),
      limit: number(1, 500).default(100),
      waitMs: number(0, MAX_WAIT_MS).default(0).meta({ description: "wait this long for a first entry" }),
      agent: z.string().min(1).max(128).optional(),
      thread: ThreadRef.optional().meta({ description: "one conversation: thr_…, or a message of it" }),
    })),
    status: 200,
    reply: object(() => ({ entries: z.array(LogEntry), cursor })),
    errors: ["agent_not_found", "message_not_found", "other_life", "cursor_invalid"],
  }),
} as const;
