/** Duplicate send: one send, with its one idempotency key, became two messages. */
import type { Finding, Rule } from "./records.ts";

/** One finding for each further message under the key of another one. */
export const duplicateSend: Rule = ({ sent, received }) => {
  const ids = new Map<string, string>();
  return [...sent, ...received].flatMap(({ from, to, n, messageId }): Finding[] => {
    const key = `${from} ${to} ${n}`;
    const before = ids.get(key) ?? messageId;
    ids.set(key, before);
    if (before === messageId) return [];
    return [{ kind: "duplicate_send", detail: `${key} is ${before} and ${messageId}`, messageId }];
  });
};
