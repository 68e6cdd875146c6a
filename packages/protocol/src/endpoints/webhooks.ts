/** Endpoints of webhooks. */
import * as z from "zod";
import { endpoint } from "../endpoint.ts";
import { MAX_WEBHOOK_TIMEOUT_MS } from "../limits.ts";
import { object } from "../shapes/lazy-object.ts";
import {
  RotateWebhookRequest,
  SetWebhookReply,
  SetWebhookRequest,
  TestWebhookReply,
  Webhook,
} from "../webhook/webhook.ts";
import { agentParam } from "./agents.ts";

/** Their rows. With the mesh key they are for any agent, with an agent's token for that agent alone. */
export const webhooksEndpoints = {
  setWebhook: endpoint({
    method: "PUT",
    path: "/v1/agents/:agent/webhook",
    summary: "Have the broker post to a URL what comes into the inbox; a 2xx answer is the ack.",
    access: "any",
    machine: true,
    repeatable: true,
    params: agentParam,
    body: SetWebhookRequest,
    status: 200,
    reply: SetWebhookReply,
    errors: ["agent_not_found", "webhook_url_forbidden"],
  }),

  getWebhook: endpoint({
    method: "GET",
    path: "/v1/agents/:agent/webhook",
    summary: "The webhook and how it does; never its secret.",
    access: "any",
    machine: true,
    page: true,
    repeatable: true,
    params: agentParam,
    status: 200,
    reply: Webhook,
    errors: ["agent_not_found", "webhook_not_found"],
  }),

  testWebhook: endpoint({
    method: "POST",
    path: "/v1/agents/:agent/webhook/test",
    summary: "Post a signed test event now; when it is answered 2xx the webhook rests no more and is enabled.",
    access: "any",
    machine: true,
    page: true,
    repeatable: false,
    takesMs: MAX_WEBHOOK_TIMEOUT_MS,
    params: agentParam,
    status: 200,
    reply: TestWebhookReply,
    errors: ["agent_not_found", "webhook_not_found"],
  }),

  rotateWebhook: endpoint({
    method: "POST",
    path: "/v1/agents/:agent/webhook/rotate",
    summary: "Replace the secret; the old one signs as well for a while.",
    access: "any",
    machine: true,
    repeatable: false,
    params: agentParam,
    body: RotateWebhookRequest,
    status: 200,
    reply: SetWebhookReply,
    errors: ["agent_not_found", "webhook_not_found"],
  }),

  removeWebhook: endpoint({
    method: "DELETE",
    path: "/v1/agents/:agent/webhook",
    summary: "No longer post anything; what waits stays in the inbox.",
    access: "any",
    machine: true,
    repeatable: true,
    params: agentParam,
    status: 200,
    reply: object(() => ({ removed: z.boolean() })),
    errors: ["agent_not_found"],
  }),
} as const;
