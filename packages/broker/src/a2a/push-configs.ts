/** Push notifications: what is set for a task is the webhook of the agent that asks, of which it has one. */
import { SetWebhookRequest, type Webhook } from "@agentmesh/protocol";
import { MeshError } from "../mesh/errors.ts";
import type { A2aCall, A2aVerbs } from "./operation.ts";
import { A2aRefusal } from "./refusals.ts";
import { type PushConfig, parsed } from "./shapes.ts";

const ID = "webhook";
const DIALECT = "a2a-push";

/** A configuration as it is shown: never a secret. */
export interface ShownPushConfig {
  readonly id: string;
  readonly taskId: string;
  readonly url: string;
}

type Verbs = Pick<A2aVerbs, "webhooks">;

/** Whether answers can be posted so. A webhook that posts something else, or elsewhere, is not taken away. @throws A2aRefusal, MeshError webhook_url_forbidden */
export async function judgePushConfig({ webhooks }: Verbs, { caller }: A2aCall, config: PushConfig): Promise<void> {
  const other = await webhooks.inTheWay(caller, "me", requestOf(config));
  if (!other) return;
  throw new A2aRefusal(
    "UNSUPPORTED_OPERATION",
    `${caller.agent.name} has a webhook at ${other.url} (${other.dialect}), and an agent has one. Use that URL, with its query, or remove the webhook first: agentmesh webhook remove ${caller.agent.name}`,
  );
}

/** Has answers posted to a URL. @throws A2aRefusal, MeshError webhook_url_forbidden */
export async function setPushConfig(verbs: Verbs, call: A2aCall, config: PushConfig): Promise<void> {
  await judgePushConfig(verbs, call, config);
  await verbs.webhooks.setOnce(call.caller, "me", requestOf(config));
}

/** The one configuration of a task, if there is one. */
export async function pushConfigOf(verbs: Verbs, call: A2aCall, taskId: string): Promise<ShownPushConfig | undefined> {
  const webhook = await webhookOf(verbs, call);
  return webhook?.dialect === DIALECT ? { id: ID, taskId, url: webhook.url } : undefined;
}

/** Has nothing posted any more, of this task and of all others. */
export async function removePushConfig(verbs: Verbs, call: A2aCall): Promise<void> {
  if (await pushConfigOf(verbs, call, "")) await verbs.webhooks.remove(call.caller, "me");
}

async function webhookOf({ webhooks }: Verbs, { caller }: Pick<A2aCall, "caller">): Promise<Webhook | undefined> {
  try {
    return await webhooks.show(caller, "me");
  } catch (error) {
    if (error instanceof MeshError && error.code === "webhook_not_found") return undefined;
    throw error;
  }
}

/** Answers of any urgency are posted: whoever asked waits for each. @throws A2aRefusal INVALID_PARAMS */
function requestOf({ url, token, authentication }: PushConfig): SetWebhookRequest {
  const { scheme, credentials } = authentication ?? {};
  const a2a = (credentials ?? token) === undefined ? undefined : { scheme, credentials, token };
  return parsed(SetWebhookRequest, { url, dialect: DIALECT, urgency: "fyi", ...(a2a && { a2a }) });
}
