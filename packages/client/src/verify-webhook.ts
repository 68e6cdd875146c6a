/** For receivers of webhooks: is this post from the broker, and what does it say? Web Crypto only. */
import {
  WEBHOOK_ID_HEADER,
  WEBHOOK_SIGNATURE_HEADER,
  WEBHOOK_TIMESTAMP_HEADER,
  WEBHOOK_TOLERANCE_MS,
  type WebhookEvent,
  webhookEventOf,
  webhookKey,
  webhookSignedText,
} from "@agentmesh/protocol";

/** Why a post is not believed. */
export type WebhookFault =
  | "missing_header"
  | "invalid_timestamp"
  | "too_old"
  | "too_new"
  | "invalid_secret"
  | "no_matching_signature"
  | "unknown_event";

/** A post that is not to be believed: answer 401 (`unknown_event`: 400) and do nothing. */
export class WebhookVerificationError extends Error {
  override readonly name = "WebhookVerificationError";
  readonly code: WebhookFault;

  constructor(code: WebhookFault, message: string) {
    super(message);
    this.code = code;
  }
}

/** A post as it came in. */
export interface VerifyWebhookOptions {
  /** The body's exact bytes or text, before any parsing. */
  readonly body: string | Uint8Array;
  /** `request.headers` of the Fetch API or of node:http. */
  readonly headers: Headers | Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The webhook's secret; several while you change from one to the next. */
  readonly secret: string | readonly string[];
  /** How far the post's time may be from this clock, in milliseconds. Default 5 minutes. */
  readonly toleranceMs?: number;
}

/** A post that the broker made. `id` is the same in every attempt: what you have seen, answer 2xx and skip. */
export interface VerifiedWebhook {
  readonly id: string;
  readonly event: WebhookEvent;
}

/**
 * Checks signature and time of a post by Standard Webhooks 1.0.0 and parses its event, of the dialects agentmesh and
 * cloudevents. Signatures are compared in constant time.
 * @throws WebhookVerificationError
 */
export async function verifyWebhook(options: VerifyWebhookOptions): Promise<VerifiedWebhook> {
  const { toleranceMs = WEBHOOK_TOLERANCE_MS } = options;
  const id = header(options.headers, WEBHOOK_ID_HEADER);
  const timestamp = header(options.headers, WEBHOOK_TIMESTAMP_HEADER);
  const signatures = header(options.headers, WEBHOOK_SIGNATURE_HEADER);
  checkTime(timestamp, toleranceMs);
  const body = typeof options.body === "string" ? options.body : decode(options.body);
  const secrets = typeof options.secret === "string" ? [options.secret] : options.secret;
  const text = new TextEncoder().encode(webhookSignedText(id, timestamp, body));
  if (!(await isSigned(text, signatures, secrets))) {
    throw new WebhookVerificationError(
      "no_matching_signature",
      `No signature of ${id} was made with this secret: another sender, a changed body, or a secret that was rotated.`,
    );
  }
  const event = webhookEventOf(parse(body));
  if (event) return { id, event };
  throw new WebhookVerificationError(
    "unknown_event",
    `${id} is signed by the broker, but its body is no event that this version knows. Update @agentmesh/client, or check the webhook's dialect.`,
  );
}

async function isSigned(text: Uint8Array<ArrayBuffer>, header: string, secrets: readonly string[]): Promise<boolean> {
  const signatures = header.split(" ").flatMap((part) => {
    const [version, base64] = part.split(",");
    const bytes = version === "v1" && base64 !== undefined ? bytesOf(base64) : undefined;
    return bytes ? [bytes] : [];
  });
  const hmac = { name: "HMAC", hash: "SHA-256" };
  let signed = false;
  for (const secret of secrets) {
    const bytes = webhookKey(secret);
    if (!bytes || bytes.length === 0) {
      throw new WebhookVerificationError(
        "invalid_secret",
        "The secret given to verifyWebhook is not whsec_… of base64.",
      );
    }
    const key = await crypto.subtle.importKey("raw", bytes, hmac, false, ["verify"]);
    // crypto.subtle.verify compares in constant time; all are tried, whichever matches.
    for (const signature of signatures) signed = (await crypto.subtle.verify(hmac, key, signature, text)) || signed;
  }
  return signed;
}

function checkTime(timestamp: string, toleranceMs: number): void {
  if (!/^\d{1,12}$/.test(timestamp)) {
    throw new WebhookVerificationError("invalid_timestamp", `${WEBHOOK_TIMESTAMP_HEADER} is not a number of seconds.`);
  }
  const ageMs = Date.now() - Number(timestamp) * 1_000;
  if (ageMs > toleranceMs) {
    const detail = `The post is ${Math.round(ageMs / 1_000)} s old: a replay, or a clock that is wrong.`;
    throw new WebhookVerificationError("too_old", detail);
  }
  if (ageMs < -toleranceMs) {
    const detail = `The post comes from ${Math.round(-ageMs / 1_000)} s ahead: a clock is wrong.`;
    throw new WebhookVerificationError("too_new", detail);
  }
}

function header(headers: VerifyWebhookOptions["headers"], name: string): string {
  const value = isHeaders(headers) ? headers.get(name) : recordHeader(headers, name);
  if (value) return value;
  throw new WebhookVerificationError("missing_header", `The post has no header ${name}.`);
}

/** Of any Fetch implementation: some bring a class of their own. */
function isHeaders(headers: VerifyWebhookOptions["headers"]): headers is Headers {
  return typeof headers.get === "function";
}

function recordHeader(headers: Exclude<VerifyWebhookOptions["headers"], Headers>, name: string): string | undefined {
  const key = Object.keys(headers).find((each) => each.toLowerCase() === name);
  const value = key === undefined ? undefined : headers[key];
  return typeof value === "string" ? value : value?.join(" ");
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  } catch {
    return undefined;
  }
}

function decode(body: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    throw new WebhookVerificationError("no_matching_signature", "The body is not UTF-8: no post of a broker.");
  }
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
