/** Order: a receiver got messages of one sender first in another order than they were sent. */
import type { Finding, MessageFate, Records, Rule } from "./records.ts";

/** Released for these reasons a delivery comes again at once and in its place. */
const IN_ORDER = new Set(["the broker restarted", "lost on the way to the session", "the session ended"]);

/** First receipts of a pair rise; what a failing receiver itself gave back may come later. */
export const order: Rule = (records, fates) => {
  const last = new Map<string, number>();
  const seen = new Set<string>();
  return records.received.flatMap(({ from, by, n, messageId }): Finding[] => {
    if (seen.has(messageId)) return [];
    seen.add(messageId);
    const pair = `${from} → ${by}`;
    const before = last.get(pair) ?? -1;
    last.set(pair, Math.max(before, n));
    if (n > before || gaveBack(records, fates.get(messageId))) return [];
    return [{ kind: "order", detail: `${pair}: #${n} came first after #${before}`, messageId }];
  });
};

/** Whether a receiver gave it back, let its lease end, or was gone while it held it. */
function gaveBack({ gone, keepAll = false }: Records, fate: MessageFate | undefined): boolean {
  const timeline = fate?.deliveries.flatMap((delivery) => delivery.timeline) ?? [];
  return timeline.some(
    ({ event, reason, session }) =>
      (!keepAll && event === "nacked") ||
      (!keepAll && event === "released" && !IN_ORDER.has(reason ?? "")) ||
      (event === "leased" && gone.has(session ?? "")),
  );
}
