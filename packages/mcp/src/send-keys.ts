/** Idempotency keys of sends whose answer was lost: the same content sent again is stored once. */
import { createHash, randomUUID } from "node:crypto";

const MAX_KEPT = 200;

/** Keys by content, kept until the broker has answered. */
export class SendKeys {
  readonly #keys = new Map<string, string>();

  /** Sends under the key of an unanswered send of the same content, or under a new one. */
  async under<T>(content: readonly (string | undefined)[], send: (idempotencyKey: string) => Promise<T>): Promise<T> {
    const fingerprint = createHash("sha256").update(JSON.stringify(content)).digest("base64url");
    const key = this.#keys.get(fingerprint) ?? randomUUID();
    this.#keys.set(fingerprint, key);
    const oldest = this.#keys.size > MAX_KEPT ? this.#keys.keys().next().value : undefined;
    if (oldest !== undefined) this.#keys.delete(oldest);
    const reply = await send(key);
    this.#keys.delete(fingerprint);
    return reply;
  }
}
