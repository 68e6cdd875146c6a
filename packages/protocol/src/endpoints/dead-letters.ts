/** Endpoints of dead letters. */
import * as z from "zod";
import { endpoint, number } from "../endpoint.ts";
import { DeliveryRef } from "../ids.ts";
import { InboxEntry } from "../message/delivery.ts";
import { DeliveryReply } from "../message/lease.ts";
import { object, strictObject } from "../shapes/lazy-object.ts";

const deliveryParam = strictObject(() => ({ delivery: DeliveryRef }));

/** Their rows. */
export const deadLettersEndpoints = {
  listDead: endpoint({
    method: "GET",
    path: "/v1/dead",
    summary: "Dead letters that nobody has dismissed, newest first: your own, or with the mesh key everybody's.",
    access: "any",
    machine: true,
    page: true,
    repeatable: true,
    query: strictObject(() => ({
      agent: z.string().min(1).max(128).optional(),
      after: z
        .string()
        .regex(/^\d{1,15}\/dlv_[0-9a-f]{32}$/, "the nextAfter of an earlier page")
        .optional()
        .meta({ description: "nextAfter of the page before" }),
      limit: number(1, 100).default(25),
    })),
    status: 200,
    reply: object(() => ({
      entries: z.array(InboxEntry),
      nextAfter: z.string().optional().meta({ description: "set when more follow" }),
    })),
    errors: ["agent_not_found"],
  }),

  redrive: endpoint({
    method: "POST",
    path: "/v1/deliveries/:delivery/redrive",
    summary: "Put a dead letter back into its inbox, with a new life as long as its first.",
    access: "any",
    machine: true,
    page: true,
    repeatable: false,
    params: deliveryParam,
    status: 200,
    reply: DeliveryReply,
    errors: ["delivery_not_found", "other_life", "not_dead", "agent_not_found", "inbox_full", "body_damaged"],
  }),

  dismiss: endpoint({
    method: "POST",
    path: "/v1/deliveries/:delivery/dismiss",
    summary: "Take a dead letter off the list: it is looked after. Its text and timeline stay until they are pruned.",
    access: "any",
    machine: true,
    page: true,
    repeatable: true,
    params: deliveryParam,
    status: 200,
    reply: DeliveryReply,
    errors: ["delivery_not_found", "other_life", "not_dead"],
  }),
} as const;
