/** The answer to a send in words: what is known, and not more. */
import { type SendReply, waitingWords } from "@agentmesh/protocol";
import { defangLine } from "../shown/render.ts";
import { recipientData, recipientWords, waitingData } from "./agent-row.ts";
import type { ToolResult } from "./tool.ts";

/** Says that the message is stored, in which state, and what is known of its recipient. */
export function sendResult(reply: SendReply): ToolResult {
  const lines = reply.deliveries.map((delivery) => {
    const { recipient, to, seq, state } = delivery;
    return [
      `Message ${reply.messageId} to ${to.name} is stored as number ${seq} of its inbox; state: ${state}${reply.duplicate ? " (it was stored by an earlier call)" : ""}.`,
      ...(delivery.rule.code === "normal"
        ? []
        : [`Rule (${delivery.rule.code}): ${defangLine(delivery.rule.detail, 800)}`]),
      `${to.name} is ${recipientWords(recipient)}; waiting: ${waitingWords(recipient)}.`,
      ...delivery.warnings.map((warning) => `Warning (${warning.code}): ${defangLine(warning.detail, 800)}`),
    ].join("\n");
  });
  return {
    text: [...lines, `Thread: ${reply.threadId}.`].join("\n"),
    data: {
      message_id: reply.messageId,
      thread_id: reply.threadId,
      accepted_at: reply.acceptedAt,
      duplicate: reply.duplicate,
      deliveries: reply.deliveries.map(({ seq, state, rule, to, recipient, warnings }) => ({
        to: to.name,
        seq,
        state,
        rule: rule.code,
        ...recipientData(recipient),
        ...waitingData(recipient),
        warnings: warnings.map(({ code, detail }) => ({ code, detail: defangLine(detail, 800) })),
      })),
    },
  };
}
