/** A webhook as its owner is shown it: no secret, no token, no query. */
import type { Party, Webhook } from "@agentmesh/protocol";
import { timestamp } from "../clock.ts";
import type { WebhookRecord } from "../store.ts";
import type { WebhookHealth } from "./health.ts";
import type { WebhookTerms } from "./terms.ts";

/** The webhook of an agent at a time, in milliseconds since the Unix epoch. */
export function shownWebhook(
  agent: Party,
  { record, terms, health, now }: { record: WebhookRecord; terms: WebhookTerms; health: WebhookHealth; now: number },
): Webhook {
  const { url, dialect, maxInFlight, urgency, openclaw, previous } = terms;
  const { origin, pathname } = new URL(url);
  const oldSecretUntil = Math.max(0, ...previous.map(({ until }) => until));
  const { token: _, ...shownOpenclaw } = openclaw ?? { token: "" };
  return {
    agent: { id: agent.id, name: agent.name },
    url: origin + pathname,
    dialect,
    maxInFlight,
    urgency,
    ...("hook" in shownOpenclaw && { openclaw: shownOpenclaw }),
    setAt: timestamp(record.setAt),
    state: health.state,
    failures: health.breaker.failures,
    ...(record.provenAt !== undefined && { provenAt: timestamp(record.provenAt) }),
    ...(record.failedAt !== undefined && { failedAt: timestamp(record.failedAt) }),
    ...(record.failedWhy !== undefined && { failedWhy: record.failedWhy }),
    ...(health.state === "resting" && { nextTryAt: timestamp(now + health.breaker.restsForMs) }),
    ...(oldSecretUntil > now && { previousSecretUntil: timestamp(oldSecretUntil) }),
  };
}
