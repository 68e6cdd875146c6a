/** What is kept of a webhook under seal: its URL, its secrets, and what its dialect needs. */
import { randomBytes } from "node:crypto";
import {
  A2aOptions,
  OpenClawOptions,
  type RotateWebhookRequest,
  type SetWebhookRequest,
  Urgency,
  WebhookDialect,
  webhookSecret,
} from "@agentmesh/protocol";
import * as z from "zod";
import type { Seal } from "./seal.ts";

const SECRET_BYTES = 32;
/** Most secrets that sign at once, the new one included. */
const MAX_SECRETS = 4;

const WebhookTerms = z.object({
  url: z.string(),
  dialect: WebhookDialect,
  maxInFlight: z.int(),
  urgency: Urgency,
  openclaw: OpenClawOptions.optional(),
  a2a: A2aOptions.optional(),
  secret: z.string(),
  /** Secrets before it, each with the end of its overlap. */
  previous: z.array(z.object({ secret: z.string(), until: z.number() })),
});

/** A webhook's terms. */
export type WebhookTerms = z.infer<typeof WebhookTerms>;

/** The terms of a request, and the secret when it had to be made. */
export function newTerms({ secret, ...request }: SetWebhookRequest): { terms: WebhookTerms; made: string | undefined } {
  const made = secret === undefined ? newSecret() : undefined;
  return { terms: { ...request, secret: secret ?? made ?? "", previous: [] }, made };
}

/** Whether a webhook posts this, and there: its query is a part of where. */
export function postsSo(terms: WebhookTerms, { url, dialect }: Pick<SetWebhookRequest, "url" | "dialect">): boolean {
  return terms.url === url && terms.dialect === dialect;
}

/** The terms with another secret; the one before signs as well until its overlap is over. */
export function rotatedTerms(
  terms: WebhookTerms,
  { secret, overlapMs }: RotateWebhookRequest,
  now: number,
): { terms: WebhookTerms; made: string | undefined } {
  const made = secret === undefined ? newSecret() : undefined;
  const before = [{ secret: terms.secret, until: now + overlapMs }, ...terms.previous];
  // A leaked secret is taken out with all before it.
  const previous = overlapMs === 0 ? [] : before.filter(({ until }) => until > now).slice(0, MAX_SECRETS - 1);
  return { terms: { ...terms, secret: secret ?? made ?? "", previous }, made };
}

/** Secrets that sign at this time, the newest first. */
export function secretsAt(terms: WebhookTerms, now: number): string[] {
  return [terms.secret, ...terms.previous.filter(({ until }) => until > now).map(({ secret }) => secret)];
}

/** Seals terms for an agent. */
export function sealTerms(seal: Seal, agentId: string, terms: WebhookTerms): string {
  return seal.close(JSON.stringify(terms), agentId);
}

/** The sealed terms; undefined when they cannot be opened: the mesh key is another one than it was. */
export function openTerms(seal: Seal, agentId: string, sealed: string): WebhookTerms | undefined {
  const text = seal.open(sealed, agentId);
  return text === undefined ? undefined : WebhookTerms.parse(JSON.parse(text));
}

function newSecret(): string {
  return webhookSecret(randomBytes(SECRET_BYTES));
}
