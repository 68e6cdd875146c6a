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

/** Has answers posted to a URL. A webhook that posts something else, or elsewhere, is not taken away. @throws A2aRefusal, MeshError webhook_url_forbidden */
export async function setPushConfig({ webhooks }: Verbs, { caller }: A2aCall, config: PushConfig): Promise<void> {
  const before = await webhookOf({ webhooks }, { caller });
  if (before && (before.dialect !== DIALECT || before.url !== withoutQuery(config.url))) {
    throw new A2aRefusal(
      "UNSUPPORTED_OPERATION",
      `${caller.agent.name} has a webhook at ${before.url} (${before.dialect}), and an agent has one. Use that URL, or remove the webhook first: agentmesh webhook remove ${caller.agent.name}`,
    );
  }
  const { url, token, authentication } = config;
  const { scheme, credentials } = authentication ?? {};
  const request = { url, dialect: DIALECT, a2a: { scheme, credentials, token } };
  await webhooks.set(caller, "me", parsed(SetWebhookRequest, request));
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

function withoutQuery(url: string): string | undefined {
  const parsed = URL.parse(url);
  return parsed ? parsed.origin + parsed.pathname : undefined;
}
