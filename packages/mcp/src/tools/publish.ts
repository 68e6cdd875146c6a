/** Tool publish: one message to everybody subscribed to a topic. */
import { dialogWords, doubtWords, presenceWords, publishCounts, publishRemarks, TopicName } from "@agentmesh/protocol";
import * as z from "zod";
import { defangLine } from "../shown/render.ts";
import { times } from "./agent-row.ts";
import { tool, urgency } from "./tool.ts";

/** Publishes; the answer accounts for every subscriber. */
export const publish = tool({
  name: "publish",
  description:
    "Publish a message on a topic: every agent subscribed now gets it in its inbox. The answer names the first 50, and the first 50 left out and why, and how many there are.",
  annotations: { title: "Publish", readOnlyHint: false, destructiveHint: false, openWorldHint: false },
  input: z.strictObject({
    topic: TopicName,
    message: z.string().min(1).meta({ description: "text, at most 64 KiB" }),
    urgency,
  }),
  async run({ client, sendKeys }, { topic, message, urgency }, signal) {
    const reply = await sendKeys.under(["publish", topic, message, urgency], (idempotencyKey) =>
      client.publish({ topic, body: message, urgency, idempotencyKey }, { signal }),
    );
    const accepted = reply.accepted.map(({ to, state, rule, recipient }) => ({
      to: to.name,
      state,
      rule: rule.code,
      presence: recipient.presence,
      ...(recipient.doubt && { doubt: doubtWords(recipient.doubt, times) }),
      ...(recipient.dialog && { stands_at: dialogWords(recipient.dialog, times) }),
    }));
    const { rules, warnings } = publishRemarks(reply.accepted);
    const warned = warnings.map(({ code, detail }) => ({ code, detail: defangLine(detail, 800) }));
    const counts = publishCounts(reply);
    const skipped = reply.skipped.map(({ agent, why }) => ({ agent: agent.name, why }));
    const archived = skipped.filter(({ why }) => why === "archived").length;
    const text = [
      `Published on ${topic} as ${reply.messageId}: stored for ${counts.accepted} of ${counts.accepted + counts.skipped} subscribers${reply.duplicate ? " (by an earlier call)" : ""}.`,
      ...reply.accepted.map(
        ({ to, state, recipient }) => `${to.name} (${presenceWords(recipient, times)}); state: ${state}`,
      ),
      ...(counts.acceptedUnnamed > 0 ? [`and ${counts.acceptedUnnamed} more`] : []),
      ...rules.map(({ code, detail }) => `Rule (${code}): ${defangLine(detail, 800)}`),
      ...warned.map(({ code, detail }) => `Warning (${code}): ${detail}`),
      ...skipped.filter(({ why }) => why !== "archived").map(({ agent, why }) => `not ${agent}: ${why}`),
      ...(archived > 0 ? [`not ${archived} archived agents`] : []),
      ...(counts.skippedUnnamed > 0 ? [`not ${counts.skippedUnnamed} more`] : []),
      ...(counts.accepted === 0
        ? ["Nobody else is subscribed: the message is kept for those who ask for it later."]
        : []),
    ];
    return {
      text: text.join("\n"),
      data: {
        message_id: reply.messageId,
        topic,
        accepted,
        skipped,
        ...(counts.acceptedUnnamed > 0 && { more_accepted: counts.acceptedUnnamed }),
        ...(counts.skippedUnnamed > 0 && { more_skipped: counts.skippedUnnamed }),
        warnings: warned,
      },
    };
  },
});
