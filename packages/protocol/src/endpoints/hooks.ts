/** Endpoints of hooks, webhooks in. */
import * as z from "zod";
import { endpoint } from "../endpoint.ts";
import { HookId } from "../ids.ts";
import { object, strictObject } from "../shapes/lazy-object.ts";
import { Hook, MakeHookReply, MakeHookRequest, TakeHookReply } from "../webhook/hook.ts";

const hook = strictObject(() => ({ hook: HookId }));

const taking = {
  access: "public",
  isSigned: true,
  status: 202,
  reply: TakeHookReply,
  errors: [
    "post_not_readable",
    "agent_not_found",
    "refused_by_policy",
    "idempotency_mismatch",
    "rate_limited",
    "duplicate_storm",
    "inbox_full",
    "quota_full",
  ],
} as const;

/** Their rows. Who posts has no token: each post is proven by the secret of its hook. */
export const hooksEndpoints = {
  makeHook: endpoint({
    method: "POST",
    path: "/v1/hooks",
    summary:
      "Make a URL at which GitHub, GitLab or any program posts what is published on a topic or sent to an agent.",
    access: "key",
    repeatable: false,
    body: MakeHookRequest,
    status: 201,
    reply: MakeHookReply,
    errors: ["agent_not_found", "agent_name_taken", "quota_full"],
  }),

  listHooks: endpoint({
    method: "GET",
    path: "/v1/hooks",
    summary: "All hooks, the newest first; never a secret.",
    access: "key",
    repeatable: true,
    status: 200,
    reply: object(() => ({ hooks: z.array(Hook) })),
    errors: [],
  }),

  removeHook: endpoint({
    method: "DELETE",
    path: "/v1/hooks/:hook",
    summary: "Take no more posts at this URL; the agent that sent them leaves the mesh. What was sent stays.",
    access: "key",
    repeatable: true,
    params: hook,
    status: 200,
    reply: object(() => ({ removed: z.boolean() })),
    errors: [],
  }),

  takeHook: endpoint({
    ...taking,
    method: "POST",
    path: "/v1/hooks/:hook",
    summary:
      "Post to a hook. Proven by X-Hub-Signature-256 (github), by X-Gitlab-Token or Standard Webhooks (gitlab), by a bearer secret or Standard Webhooks (json). 202 means it is on disk.",
    repeatable: false,
    params: hook,
  }),

  takeHookByUrl: endpoint({
    ...taking,
    method: "POST",
    path: "/v1/hooks/:hook/:secret",
    summary: "The same for a hook whose secret may stand in the URL.",
    repeatable: false,
    params: strictObject(() => ({ hook: HookId, secret: z.string().min(1).max(300) })),
  }),
} as const;
