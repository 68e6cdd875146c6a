/** Leases, as the broker's own timelines tell them: attempts count 1, 2, 3 …, one at a time, nothing after the ack. */
import type { Finding, MessageFate, Rule } from "./records.ts";

const ENDS_A_LEASE = ["released", "nacked", "acked", "rejected", "dead", "expired"];

/** Findings on leases as the timelines tell them. */
export const leases: Rule = (_records, fates) => [...fates.values()].flatMap(ofMessage);

function ofMessage({ message, deliveries }: MessageFate): Finding[] {
  const messageId = message.id;
  return deliveries.flatMap(({ id, timeline }) => {
    const found: Finding[] = [];
    const told = () => `${messageId} (${id}): ${timeline.map(({ event }) => event).join(" ")}`;
    let count = 0;
    let held = false;
    let acked = false;
    for (const { event, attempt } of timeline) {
      if (acked && (event === "leased" || event === "acked"))
        found.push({ kind: "duplicate_after_ack", detail: told(), messageId });
      if (event === "leased") {
        if (held) found.push({ kind: "lease", detail: `two leases at once: ${told()}`, messageId });
        if (attempt !== ++count)
          found.push({ kind: "attempt", detail: `lease ${count} has attempt ${attempt}: ${told()}`, messageId });
      }
      held = event === "leased" || (held && !ENDS_A_LEASE.includes(event));
      acked ||= event === "acked";
    }
    return found;
  });
}
