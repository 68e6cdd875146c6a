/** Standard Webhooks 1.0.0: secrets, headers, and the text that is signed with HMAC-SHA256. */
import * as z from "zod";

/** Names the delivery; the same in every attempt. */
export const WEBHOOK_ID_HEADER = "webhook-id";

/** Time of the attempt, in seconds since the Unix epoch. */
export const WEBHOOK_TIMESTAMP_HEADER = "webhook-timestamp";

/** `v1,` and the base64 of the HMAC; several, separated by blanks, while a secret is being rotated. */
export const WEBHOOK_SIGNATURE_HEADER = "webhook-signature";

const PREFIX = "whsec_";

/** Some receivers read base64 strictly: what they could not read is not taken, or they would refuse every post. */
const UNPADDED =
  "its base64 is not as RFC 4648 §4 writes it, with = to a multiple of four: receivers could not read it";

/**
 * Secret of one webhook: `whsec_` and the base64 of 24 to 64 bytes, or, as Hermes has them, any 16 to 256 visible ASCII
 * characters, whose bytes are the key.
 */
export const WebhookSecret = z
  .string()
  .regex(/^[\x21-\x7e]{16,256}$/, "at least 16 visible ASCII characters")
  .refine((secret) => !secret.startsWith(PREFIX) || isKeyLength(bytesOf(secret)?.length), {
    error: "behind whsec_ comes the base64 of 24 to 64 bytes",
  })
  .superRefine((secret, context) => {
    const key = secret.startsWith(PREFIX) ? bytesOf(secret) : undefined;
    if (!key || !isKeyLength(key.length) || webhookSecret(key) === secret) return;
    context.addIssue({ code: "custom", message: UNPADDED });
  })
  .meta({ description: "whsec_ and the base64 of 24 to 64 bytes; left out, the broker makes one and shows it once" });
export type WebhookSecret = z.infer<typeof WebhookSecret>;

/** The secret that holds these bytes. */
export function webhookSecret(key: Uint8Array): WebhookSecret {
  return PREFIX + btoa(String.fromCharCode(...key));
}

/** The key that a secret holds; undefined when what stands behind `whsec_` is no base64. */
export function webhookKey(secret: string): Uint8Array<ArrayBuffer> | undefined {
  return secret.startsWith(PREFIX) ? bytesOf(secret) : new TextEncoder().encode(secret);
}

/** The text under the signature: id, timestamp in seconds, and the body as it is sent. */
export function webhookSignedText(id: string, timestamp: string, body: string): string {
  return `${id}.${timestamp}.${body}`;
}

function bytesOf(secret: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(secret.slice(PREFIX.length)), (char) => char.charCodeAt(0));
  } catch {
    return undefined;
  }
}

function isKeyLength(bytes: number | undefined): boolean {
  return bytes !== undefined && bytes >= 24 && bytes <= 64;
}
