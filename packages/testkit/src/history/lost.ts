/** Lost: a send was answered 2xx, and the message was not received and acked in the end. */
import type { Rule } from "./records.ts";

/** One finding for each accepted message that was not received and acked. */
export const lost: Rule = ({ sent, received }, fates) => {
  const got = new Set(received.map(({ messageId }) => messageId));
  return sent.flatMap(({ from, to, n, messageId }) => {
    const state = fates.get(messageId)?.deliveries[0]?.state;
    if (got.has(messageId) && state === "acked") return [];
    const detail = `${from} → ${to} #${n} (${messageId}): received ${got.has(messageId)}, state ${state ?? "unknown to the broker"}`;
    return [{ kind: "lost" as const, detail, messageId }];
  });
};
