/** Signs posts as Standard Webhooks 1.0.0 says: with every secret in force, the newest first. */
import { createHmac } from "node:crypto";
import {
  WEBHOOK_ID_HEADER,
  WEBHOOK_SIGNATURE_HEADER,
  WEBHOOK_TIMESTAMP_HEADER,
  webhookKey,
  webhookSignedText,
} from "@agentmesh/protocol";

/** The three headers for a body posted at a time, in milliseconds since the Unix epoch; a secret that holds no key signs nothing. */
export function signatureHeaders(
  id: string,
  body: string,
  secrets: readonly string[],
  now: number,
): Record<string, string> {
  const timestamp = String(Math.floor(now / 1_000));
  const text = webhookSignedText(id, timestamp, body);
  const signatures = secrets.flatMap((secret) => {
    const key = webhookKey(secret);
    // Anybody could make a signature by an empty key.
    return key === undefined ? [] : [`v1,${createHmac("sha256", key).update(text).digest("base64")}`];
  });
  return {
    [WEBHOOK_ID_HEADER]: id,
    [WEBHOOK_TIMESTAMP_HEADER]: timestamp,
    [WEBHOOK_SIGNATURE_HEADER]: signatures.join(" "),
  };
}
