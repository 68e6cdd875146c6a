/** Attempt: a lease reaches one receiver once, is in the timeline, and says truly whether it is the first. */
import type { Finding, Rule } from "./records.ts";

/** Findings on leases as receivers got them. */
export const attempts: Rule = ({ received, ackedAt }, fates) => {
  const seen = new Set<string>();
  return received.flatMap(({ messageId, attempt, redelivered, at = 0 }): Finding[] => {
    if (attempt === undefined) return [];
    const found: Finding[] = [];
    const lease = `${messageId} attempt ${attempt}`;
    const note = (kind: Finding["kind"], detail: string) =>
      found.push({ kind, detail: `${lease} ${detail}`, messageId });
    if (seen.has(lease) && at > (ackedAt.get(messageId) ?? Number.POSITIVE_INFINITY))
      note("duplicate_after_ack", "was received twice, the second time after its ack was answered");
    else if (seen.has(lease)) note("attempt", "was received twice");
    seen.add(lease);
    if (redelivered !== attempt > 1) note("attempt", `says redelivered: ${redelivered}`);
    const timeline = fates.get(messageId)?.deliveries.flatMap((delivery) => delivery.timeline);
    if (timeline && !timeline.some((entry) => entry.event === "leased" && entry.attempt === attempt))
      note("attempt", "is not in the timeline");
    return found;
  });
};
