/** What a sender is told: whether the body fits, and what is known of each recipient. */
import type { Agent, DeliveryForecast, Urgency, Warning } from "@agentmesh/protocol";
import { AgentName, dialogWords, doubtWords, quoted } from "@agentmesh/protocol";
import { TIMES } from "../clock.ts";
import { MeshError } from "../errors.ts";
import { namesakesInWords } from "../names/namesakes.ts";
import type { Policy } from "../policy.ts";
import type { Enqueued } from "../store.ts";
import { webhookOf, webhookWarning } from "../webhook/path.ts";
import { appliedRule } from "./urgency.ts";

/** Bytes of a body in UTF-8. @throws MeshError body_too_large */
export function checkBody(body: string, { maxBodyBytes }: Policy): number {
  const bytes = Buffer.byteLength(body);
  if (bytes <= maxBodyBytes) return bytes;
  throw new MeshError(
    "body_too_large",
    `The body has ${bytes} bytes, the limit is ${maxBodyBytes}. Nothing was sent. Send a shorter text, or put it in a file and send its path.`,
  );
}

/** What is known of an address beside the agent it led to, as that is shown. */
export interface Address {
  /** Age of the newest heartbeat of the agent. */
  readonly heardMs?: number | undefined;
  /** Who is online of those one may have meant. */
  readonly namesakes?: readonly Agent[];
  /** The name or id as it was written. */
  readonly writtenTo?: string;
}

/** One delivery with its recipient as it is at this moment, and what is to be said of the address. */
export function forecast(
  delivery: Enqueued["delivery"],
  urgency: Urgency,
  agent: Agent,
  address: Address = {},
): DeliveryForecast {
  return {
    deliveryId: delivery.id,
    seq: delivery.seq,
    to: { id: agent.id, name: agent.name },
    state: delivery.state,
    rule: appliedRule(urgency, delivery.state, agent),
    recipient: {
      presence: agent.presence,
      ...(agent.presence === "online" && address.heardMs !== undefined && { heardMs: Math.round(address.heardMs) }),
      ...(agent.doubt && { doubt: agent.doubt }),
      ...(agent.dialog && { dialog: agent.dialog }),
      pushPaths: agent.pushPaths,
      ...(agent.focus && { focus: agent.focus }),
      queued: agent.queued,
      inHand: agent.inHand,
      ...(agent.oldestQueuedMs !== undefined && { oldestQueuedMs: agent.oldestQueuedMs }),
    },
    warnings: delivery.state === "queued" || delivery.state === "leased" ? warningsFor(agent, address) : [],
  };
}

const BACKLOG = 25;

function warningsFor(agent: Agent, { namesakes = [], writtenTo = agent.name }: Address): Warning[] {
  const warnings: Warning[] = [];
  if (writtenTo !== agent.name && AgentName.safeParse(writtenTo).success) {
    warnings.push({
      code: "renamed",
      detail: `${writtenTo} is called ${agent.name} now, and the message went to it. Write to ${agent.name}: another agent may take the old name.`,
    });
  }
  const webhook = webhookOf(agent);
  if (agent.presence === "offline" && !webhook) {
    warnings.push({
      code: "recipient_offline",
      detail: `${agent.name} has no live session. The message waits in its inbox until it comes back or the message expires.`,
    });
  } else if (agent.doubt && !webhook?.works) {
    warnings.push({
      code: "recipient_stale",
      detail: `${agent.name} may be gone: ${doubtWords(agent.doubt, TIMES)}.`,
    });
  } else if (agent.dialog) {
    warnings.push({
      code: "recipient_at_dialog",
      detail: `A session of ${agent.name} stands at ${dialogWords(agent.dialog, TIMES)}: a person must answer there, and until then nothing comes before its model.`,
    });
  }
  if (webhook && agent.pushPaths.length === 1) {
    if (!webhook.works) warnings.push(webhookWarning(agent, webhook));
  } else if (agent.presence !== "offline" && agent.pushPaths.length === 0) {
    warnings.push({
      code: "no_push_path",
      detail: `Nothing can be pushed to ${agent.name}: it finds the message when it looks into its inbox.`,
    });
  } else if (agent.presence !== "offline" && agent.pushPaths.every((path) => path.failedWhy !== undefined)) {
    warnings.push({
      code: "push_path_failing",
      detail: `The last push to ${agent.name} failed (${quoted(agent.pushPaths[0]?.failedWhy ?? "")}): it finds the message when it looks into its inbox.`,
    });
  }
  if (namesakes.length > 0) {
    warnings.push({ code: "namesake_online", detail: namesakesInWords(agent, namesakes) });
  }
  if (agent.queued > BACKLOG) {
    warnings.push({
      code: "backlog",
      detail: `${agent.queued - 1} other messages wait in the inbox of ${agent.name}.`,
    });
  }
  return warnings;
}
