/** What a webhook of the dialects agentmesh and cloudevents is posted. */
import * as z from "zod";
import { Party } from "../agent-party.ts";
import { LeasedDelivery } from "../message/lease.ts";
import { object } from "../shapes/lazy-object.ts";
import { Timestamp } from "../time.ts";

/** Media type of a CloudEvents 1.0 envelope in structured mode. */
export const CLOUDEVENTS_MEDIA_TYPE = "application/cloudevents+json";

const types = { message: "agentmesh.message.v1", test: "agentmesh.test.v1" } as const;

/** A delivery as it is posted: no receipt, for a 2xx answer is the ack. */
export const WebhookDelivery = LeasedDelivery.omit({ receipt: true, leaseEndsAt: true }).extend({
  to: Party.meta({ description: "the agent whose webhook this is" }),
});
export type WebhookDelivery = z.infer<typeof WebhookDelivery>;

/** One message for the agent. The same delivery may come again, with the same `webhook-id` and a higher `attempt`. */
export const WebhookMessageEvent = object(() => ({
  type: z.literal(types.message),
  timestamp: Timestamp.meta({ description: "when the message was accepted" }),
  data: WebhookDelivery,
}));
export type WebhookMessageEvent = z.infer<typeof WebhookMessageEvent>;

/** Somebody tries the webhook: answer 2xx, nothing else is to be done. */
export const WebhookTestEvent = object(() => ({
  type: z.literal(types.test),
  timestamp: Timestamp,
  data: z.object({ to: Party }),
}));
export type WebhookTestEvent = z.infer<typeof WebhookTestEvent>;

/** Either. */
export const WebhookEvent = z.discriminatedUnion("type", [WebhookMessageEvent, WebhookTestEvent]);
export type WebhookEvent = z.infer<typeof WebhookEvent>;

/** A CloudEvents 1.0 envelope: the event's `type` and `data`, and its `timestamp` as `time`. */
export const WebhookCloudEvent = object(() => ({
  specversion: z.literal("1.0"),
  id: z.string(),
  source: z.string(),
  type: z.string(),
  subject: z.string(),
  time: Timestamp,
  datacontenttype: z.literal("application/json"),
  trust: z.string().optional().meta({ description: "of a message: the trust class of its delivery" }),
  data: z.unknown(),
}));
export type WebhookCloudEvent = z.infer<typeof WebhookCloudEvent>;

/** The event in a body of either dialect; undefined when it is neither. */
export function webhookEventOf(json: unknown): WebhookEvent | undefined {
  const cloud = WebhookCloudEvent.safeParse(json).data;
  const event = cloud ? { type: cloud.type, timestamp: cloud.time, data: cloud.data } : json;
  return WebhookEvent.safeParse(event).data;
}
