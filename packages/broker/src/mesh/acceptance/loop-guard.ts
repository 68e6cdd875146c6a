/** Keeps agents from answering each other without end: hops, budgets a minute, and the same text again and again. */
import { createHash } from "node:crypto";
import type { AgentId, MessageId } from "@agentmesh/protocol";
import type { Clock } from "../clock.ts";
import { MeshError } from "../errors.ts";
import type { Refusals } from "../needs/refusals.ts";
import type { Policy } from "../policy.ts";

const MINUTE_MS = 60_000;

/** A budget that fills up by the minute. */
interface Bucket {
  tokens: number;
  at: number;
}

/** What is known of a send before it is accepted. */
export interface Attempt {
  readonly sender: { readonly id: AgentId; readonly name: string };
  readonly recipient: { readonly id: AgentId; readonly name: string };
  readonly body: string;
  readonly hops: number;
  /** What a person answers by it: the same words for another question are another answer. */
  readonly answers?: MessageId | undefined;
  /** A retry under the same key is no repeat. */
  readonly idempotencyKey: string | undefined;
}

/** Budgets and repeats of the last minute; kept in memory, a restart forgives. */
export class LoopGuard {
  readonly #policy: Policy;
  readonly #clock: Clock;
  readonly #buckets = new Map<string, Bucket>();
  readonly #repeats = new Map<string, { readonly since: number; readonly keys: Set<string> }>();
  readonly #refusals: Refusals;
  #unkeyed = 0;
  #sweptAt = 0;

  constructor(policy: Policy, clock: Clock, refusals: Refusals) {
    this.#policy = policy;
    this.#clock = clock;
    this.#refusals = refusals;
  }

  /**
   * Lets a direct message pass, or refuses it; the returned function says that it was not accepted after all.
   * @throws MeshError loop_limit, rate_limited, duplicate_storm
   */
  checkSend(attempt: Attempt): () => void {
    try {
      return this.#check(attempt);
    } catch (error) {
      const { sender: from, recipient: to } = attempt;
      if (error instanceof MeshError) this.#refusals.note({ kind: "loop", from, to, why: error.message });
      throw error;
    }
  }

  #check({ sender, recipient, body, hops, answers, idempotencyKey }: Attempt): () => void {
    if (hops > this.#policy.maxHops) {
      throw new MeshError(
        "loop_limit",
        `${sender.name} and others have answered each other ${hops - 1} times in a row without a person. Stop here, or let a person write into the thread.`,
      );
    }
    const { senderPerMinute, pairPerMinute } = this.#policy;
    const takeBack = this.#countRepeat(sender, recipient, `${answers ?? ""}\n${body}`, idempotencyKey);
    try {
      this.#spend(`${sender.id}>${recipient.id}`, pairPerMinute, `${sender.name} may send ${recipient.name}`);
      this.#spend(sender.id, senderPerMinute, `${sender.name} may send`);
    } catch (error) {
      takeBack();
      throw error;
    }
    return takeBack;
  }

  /** Lets a publish pass, or refuses it. @throws MeshError rate_limited */
  checkPublish(sender: Attempt["sender"]): void {
    this.#spend(sender.id, this.#policy.senderPerMinute, `${sender.name} may send`);
  }

  #spend(key: string, perMinute: number, who: string): void {
    if (perMinute === 0) return;
    const now = this.#clock.now();
    this.#sweep(now);
    const bucket = this.#buckets.get(key) ?? { tokens: perMinute, at: now };
    const refill = (Math.max(0, now - bucket.at) / MINUTE_MS) * perMinute;
    bucket.tokens = Math.min(perMinute, bucket.tokens + refill);
    bucket.at = now;
    this.#buckets.set(key, bucket);
    if (bucket.tokens < 1) {
      const retryAfterMs = Math.ceil(((1 - bucket.tokens) / perMinute) * MINUTE_MS);
      throw new MeshError(
        "rate_limited",
        `${who} ${perMinute} message${perMinute === 1 ? "" : "s"} a minute. Nothing was stored; try again in ${Math.ceil(retryAfterMs / 1_000)} s.`,
        { retryAfterMs },
      );
    }
    bucket.tokens -= 1;
  }

  /** Counts a text before it is stored, so that many at once are counted, too; what is not accepted is taken back. */
  #countRepeat(
    sender: Attempt["sender"],
    recipient: Attempt["recipient"],
    body: string,
    key: string | undefined,
  ): () => void {
    const most = this.#policy.repeatsPerMinute;
    if (most === 0) return () => {};
    const now = this.#clock.now();
    const text = createHash("sha256").update(body).digest("base64url");
    const id = `${sender.id}>${recipient.id}>${text}`;
    const before = this.#repeats.get(id);
    const seen = before && Math.abs(now - before.since) < MINUTE_MS ? before : { since: now, keys: new Set<string>() };
    const name = key ?? `unkeyed ${++this.#unkeyed}`;
    const isNew = !seen.keys.has(name);
    if (isNew && seen.keys.size >= most) {
      throw new MeshError(
        "duplicate_storm",
        `This same text of ${sender.name} was accepted for ${recipient.name} ${most} times in a minute; this one was not stored. Send something new, or wait.`,
      );
    }
    seen.keys.add(name);
    this.#repeats.set(id, seen);
    return () => {
      if (isNew) seen.keys.delete(name);
    };
  }

  /** Forgets what is a minute old, so that memory follows the traffic. */
  #sweep(now: number): void {
    if (now - this.#sweptAt < MINUTE_MS && now >= this.#sweptAt) return;
    this.#sweptAt = now;
    for (const [key, { at }] of this.#buckets) if (now - at > MINUTE_MS) this.#buckets.delete(key);
    for (const [key, { since }] of this.#repeats) if (now - since > MINUTE_MS) this.#repeats.delete(key);
  }
}
