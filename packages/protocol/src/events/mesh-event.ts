/** Events: what happens in a mesh, each a small fact with ids and names and without a body, at a place of its own. */
import * as z from "zod";
import { Doubt, Presence } from "../agent.ts";
import { Party } from "../agent-party.ts";
import { cursor } from "../endpoint.ts";
import { Focus } from "../focus.ts";
import { DeliveryId, MessageId, SessionId } from "../ids.ts";
import { TimelineEntry, TimelineEvent } from "../message/delivery.ts";
import { object } from "../shapes/lazy-object.ts";
import { Timestamp } from "../time.ts";

const all = () => ({
  v: z.literal(1),
  cursor: cursor.meta({ description: "what follows this event is asked for with it" }),
  at: Timestamp,
});

/** What every event but one of a delivery has: whose it is, by the name that it had then. */
const ofAgent = () => ({ ...all(), agent: Party });

const why = z.string().meta({ description: "in words" });

/** The types of events of deliveries: one for each thing that can happen to one. */
export const deliveryEventTypes = TimelineEvent.options.map((event) => `delivery.${event}` as const);

/** Something happened to a delivery: its entry of the timeline, with who sent it to whom. */
const ofDelivery = object(() => {
  const { attempt, session, path, reason } = TimelineEntry.shape;
  return {
    ...all(),
    type: z.enum(deliveryEventTypes),
    ...{ deliveryId: DeliveryId, seq: z.int().positive(), messageId: MessageId, threadId: z.string() },
    ...{ from: Party, to: Party, attempt, session, path, reason },
  };
});

const session = () => ({ ...ofAgent(), session: SessionId });

/** What happened, told apart by `type`. */
export const MeshEvent = z.discriminatedUnion("type", [
  ofDelivery,
  object(() => ({ ...ofAgent(), type: z.enum(["agent.registered", "agent.archived", "agent.removed"]) })),
  object(() => ({ ...ofAgent(), type: z.literal("agent.renamed"), was: z.string() })),
  object(() => ({
    ...ofAgent(),
    type: z.literal("agent.back"),
    was: z.string().optional().meta({ description: "the name it had, when another agent has that by now" }),
  })),
  object(() => ({
    ...ofAgent(),
    type: z.literal("agent.presence"),
    presence: Presence,
    why: Doubt.shape.why.optional().meta({ description: "of a stale agent" }),
  })),
  object(() => ({ ...ofAgent(), type: z.literal("agent.summary"), summary: z.string() })),
  object(() => ({
    ...ofAgent(),
    type: z.literal("agent.focus"),
    focus: Focus.optional().meta({ description: "missing: it was ended; at its own end there is no event" }),
  })),
  object(() => ({ ...session(), type: z.enum(["session.opened", "session.silent", "session.heard"]) })),
  object(() => ({
    ...session(),
    type: z.literal("session.ended"),
    why: z.enum(["left", "gone", "no_heartbeat"]).meta({ description: "gone: its process is" }),
  })),
  object(() => ({ ...session(), type: z.literal("push.proven"), path: z.string() })),
  object(() => ({ ...session(), type: z.literal("push.failing"), path: z.string(), why })),
  object(() => ({
    ...ofAgent(),
    type: z.enum(["topic.subscribed", "topic.unsubscribed"]),
    topic: z.string().meta({ description: "a topic or a pattern" }),
  })),
  object(() => ({
    ...ofAgent(),
    type: z.enum(["webhook.set", "webhook.rotated", "webhook.removed", "webhook.working"]),
  })),
  object(() => ({ ...ofAgent(), type: z.enum(["webhook.failing", "webhook.disabled"]), why })),
  object(() => ({ ...ofAgent(), type: z.literal("webhook.resting"), why, until: Timestamp })),
  object(() => ({ ...ofAgent(), type: z.literal("policy.set") })),
]);
export type MeshEvent = z.infer<typeof MeshEvent>;

/** What happened to a delivery. */
export type DeliveryEvent = z.infer<typeof ofDelivery>;

/** What an event is called. */
export type MeshEventType = MeshEvent["type"];

/** What an event is called that is none of a delivery. */
export type NotedEventType = Exclude<MeshEventType, DeliveryEvent["type"]>;

type Of<E, T> = E extends { readonly type: infer U } ? (T extends U ? E : never) : never;

/** What an event of a type says beside whose it is. */
export type EventFacts<T extends NotedEventType> = Omit<Of<MeshEvent, T>, "v" | "cursor" | "at" | "type" | "agent">;

/** The nouns that types begin with. */
export const eventNouns = ["agent", "session", "push", "delivery", "topic", "webhook", "policy"] as const;

/** Every type of event, by its noun. */
export const meshEventTypes: readonly MeshEventType[] = [
  ...deliveryEventTypes,
  "agent.registered",
  "agent.renamed",
  "agent.presence",
  "agent.summary",
  "agent.focus",
  "agent.archived",
  "agent.back",
  "agent.removed",
  "session.opened",
  "session.silent",
  "session.heard",
  "session.ended",
  "push.proven",
  "push.failing",
  "topic.subscribed",
  "topic.unsubscribed",
  "webhook.set",
  "webhook.rotated",
  "webhook.working",
  "webhook.failing",
  "webhook.resting",
  "webhook.disabled",
  "webhook.removed",
  "policy.set",
];
