/** What a webhook means for whoever writes to its agent. */
import { type Agent, type Outlook, quoted, type Warning, WEBHOOK_PATH } from "@agentmesh/protocol";

/** What is known of a webhook. */
interface KnownWebhook {
  readonly works: boolean;
  readonly why: string;
  /** While it rests: until when. */
  readonly nextTryAt: string | undefined;
}

/** The webhook of an agent, if it has one: whether it works as far as is known, and why not. */
export function webhookOf({ pushPaths }: Pick<Agent, "pushPaths">): KnownWebhook | undefined {
  const path = pushPaths.find((each) => each.path === WEBHOOK_PATH);
  return path && { works: path.failedWhy === undefined, why: path.failedWhy ?? "", nextTryAt: path.nextTryAt };
}

/** Why, as it was told, and beside it until when nothing is posted. */
function inWords({ why, nextTryAt }: KnownWebhook): string {
  return quoted(why) + (nextTryAt === undefined ? "" : `, rests until ${nextTryAt}`);
}

/** The warning to a sender whose recipient has no other way in than a webhook that fails. */
export function webhookWarning({ name }: Agent, webhook: KnownWebhook): Warning {
  return {
    code: "push_path_failing",
    detail: `The webhook of ${name} does not take posts (${inWords(webhook)}). The message waits in its inbox until the webhook takes it or ${name} looks. Try it now: agentmesh webhook test ${name}`,
  };
}

/** Why a message waits for a webhook, and what can be done. */
export function webhookOutlook({ name, queued }: Agent, webhook: KnownWebhook): Outlook {
  if (webhook.works)
    return { cause: `${queued} deliveries wait; the webhook of ${name} is posted them in order.`, remedy: "Wait." };
  return {
    cause: `The webhook of ${name} does not take posts: ${inWords(webhook)}.`,
    remedy: webhook.why.startsWith("disabled")
      ? `Mend it, then: agentmesh webhook test ${name}. Meanwhile ${name} can lease its mail over HTTP.`
      : `It is tried again by itself; try it now: agentmesh webhook test ${name}. Meanwhile ${name} can lease its mail over HTTP.`,
  };
}
