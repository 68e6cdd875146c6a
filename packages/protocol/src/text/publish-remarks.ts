/** What a publisher should know of its deliveries, one remark a kind however many subscribers there are. */
import type { DeliveryForecast, Warning } from "../message/message.ts";
import type { PublishReply } from "../topic.ts";

const NAMED = 10;

/** What a publish applied other than the normal rule, and warned of: one entry a kind, with the names it is said of. */
export function publishRemarks(accepted: readonly DeliveryForecast[]): {
  readonly rules: Warning[];
  readonly warnings: Warning[];
} {
  return {
    rules: byKind(accepted, ({ rule }) => (rule.code === "normal" ? [] : [rule])),
    warnings: byKind(accepted, ({ warnings }) => warnings),
  };
}

/** How many subscribers got a published message, how many did not, and how many of each are not named. */
export function publishCounts({ accepted, skipped, counts }: PublishReply) {
  const all = counts ?? { accepted: accepted.length, skipped: skipped.length };
  return {
    ...all,
    acceptedUnnamed: all.accepted - accepted.length,
    skippedUnnamed: all.skipped - skipped.length,
  };
}

function byKind(accepted: readonly DeliveryForecast[], said: (each: DeliveryForecast) => readonly Warning[]) {
  const kinds = new Map<string, { readonly detail: string; readonly others: string[] }>();
  for (const delivery of accepted) {
    const { name } = delivery.to;
    for (const { code, detail } of said(delivery)) {
      const kind = kinds.get(code);
      if (kind) kind.others.push(name);
      else kinds.set(code, { detail: detail.includes(name) ? detail : `${name}: ${detail}`, others: [] });
    }
  }
  return [...kinds].map(([code, { detail, others }]) => ({ code, detail: `${detail}${alike(others)}` }));
}

function alike(others: readonly string[]): string {
  if (others.length === 0) return "";
  const more = others.length > NAMED ? ` and ${others.length - NAMED} more` : "";
  return ` Likewise ${others.slice(0, NAMED).join(", ")}${more}.`;
}
