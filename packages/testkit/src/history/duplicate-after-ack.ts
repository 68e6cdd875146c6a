/** Duplicate after ack: a lease began after the ack was answered. */
import type { Finding, Rule } from "./records.ts";

/** One finding for each message that was leased after its ack was answered. */
export const duplicateAfterAck: Rule = ({ ackedAt }, fates) =>
  [...ackedAt].flatMap(([messageId, at]): Finding[] => {
    const again = fates
      .get(messageId)
      ?.deliveries.flatMap((delivery) => delivery.timeline)
      .find((entry) => entry.event === "leased" && Date.parse(entry.at) > at);
    if (!again) return [];
    const detail = `${messageId}: ack answered ${new Date(at).toISOString()}, leased again ${again.at}`;
    return [{ kind: "duplicate_after_ack", detail, messageId }];
  });
