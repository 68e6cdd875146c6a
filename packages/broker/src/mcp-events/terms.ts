/** What is kept of an event webhook under seal, and the id that its terms have. */
import { createHash } from "node:crypto";
import * as z from "zod";
import type { Seal } from "../mesh/webhook/seal.ts";

const EventWebhookTerms = z.object({
  name: z.string(),
  arguments: z.record(z.string(), z.string()),
  url: z.string(),
  /** No events from before, in milliseconds since the Unix epoch. */
  oldest: z.number(),
  secret: z.string(),
  /** The secret before it, and until when that signs, too. */
  previous: z.object({ secret: z.string(), until: z.number() }).optional(),
});

/** An event webhook's terms. */
export type EventWebhookTerms = z.infer<typeof EventWebhookTerms>;

/** How long the secret before a new one signs, too, in milliseconds: what is under way is read with either. */
const OVERLAP_MS = 600_000;

/** The same terms have the same id, across restarts; knowing it allows nothing. */
export function eventWebhookId(
  agentId: string,
  { name, arguments: wanted, url }: Pick<EventWebhookTerms, "name" | "arguments" | "url">,
): string {
  const key = JSON.stringify([agentId, url, name, Object.entries(wanted).toSorted(([a], [b]) => (a < b ? -1 : 1))]);
  return `sub_${createHash("sha256").update(key).digest("hex").slice(0, 32)}`;
}

/** The terms with the secret of those that come; the one before signs as well for a while. */
export function renewedTerms(before: EventWebhookTerms, next: EventWebhookTerms, now: number): EventWebhookTerms {
  const { oldest, previous, secret } = before;
  if (secret === next.secret) return { ...next, oldest, ...(previous && { previous }) };
  return { ...next, oldest, previous: { secret, until: now + OVERLAP_MS } };
}

/** Secrets that sign at this time, the newest first. */
export function secretsOf({ secret, previous }: EventWebhookTerms, now: number): string[] {
  return previous && previous.until > now ? [secret, previous.secret] : [secret];
}

/** Seals terms for an agent. */
export function sealEventTerms(seal: Seal, agentId: string, terms: EventWebhookTerms): string {
  return seal.close(JSON.stringify(terms), agentId);
}

/** The sealed terms; undefined when they cannot be opened: the mesh key is another one than it was. */
export function openEventTerms(seal: Seal, agentId: string, sealed: string): EventWebhookTerms | undefined {
  const text = seal.open(sealed, agentId);
  return text === undefined ? undefined : EventWebhookTerms.parse(JSON.parse(text));
}
