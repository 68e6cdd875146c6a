/** What senders and receivers saw of a mesh, and whether it kept its promise: a rule for each part of it. */
import { attempts } from "./history/attempts.ts";
import { duplicateAfterAck } from "./history/duplicate-after-ack.ts";
import { duplicateSend } from "./history/duplicate-send.ts";
import { leases } from "./history/leases.ts";
import { lost } from "./history/lost.ts";
import { misdelivered } from "./history/misdelivered.ts";
import { order } from "./history/order.ts";
import { phantom } from "./history/phantom.ts";
import type { Acked, Fates, Finding, MessageFate, Received, Rule, Sent } from "./history/records.ts";

const RULES: readonly Rule[] = [lost, misdelivered, phantom, order, duplicateSend, attempts, duplicateAfterAck, leases];

/** Collects what happened; `check` compares it with what the broker says at the end. */
export class History {
  readonly #sent: Sent[] = [];
  readonly #received: Received[] = [];
  readonly #ackedAt = new Map<string, number>();
  readonly #tried = new Set<string>();
  readonly #gone = new Set<string>();
  #lastOk: number | undefined;
  #longestGapMs = 0;

  /** A send is about to be made: from now on it may appear. */
  trying(from: string, to: string, n: number): void {
    this.#tried.add(`${from} ${to} ${n}`);
  }

  /** A send was answered 2xx. */
  sent(sent: Sent): void {
    this.#sent.push(sent);
    this.#ok();
  }

  /** A receiver got a delivery. */
  received(received: Received): void {
    this.#received.push(received);
  }

  /** An ack was answered 2xx. */
  acked({ messageId, at }: Acked): void {
    if (!this.#ackedAt.has(messageId)) this.#ackedAt.set(messageId, at);
    this.#ok();
  }

  /** A receiver's session is gone without a word: what it held may come to the next one after newer messages. */
  gone(session: string): void {
    this.#gone.add(session);
  }

  get acceptedCount(): number {
    return this.#sent.length;
  }

  get receivedCount(): number {
    return this.#received.length;
  }

  /** Messages whose ack was answered. */
  get ackedCount(): number {
    return this.#ackedAt.size;
  }

  /** Longest time without any answered send or ack, in milliseconds. */
  get longestGapMs(): number {
    return Math.round(this.#longestGapMs);
  }

  /** Messages whose final state must be looked up for {@link check}. */
  messageIds(): string[] {
    return [...new Set(this.#sent.map(({ messageId }) => messageId))];
  }

  /** Every broken promise, after all inboxes were drained. */
  check(fates: Fates): Finding[] {
    const records = {
      sent: this.#sent,
      received: this.#received,
      ackedAt: this.#ackedAt,
      tried: this.#tried,
      gone: this.#gone,
    };
    return RULES.flatMap((rule) => rule(records, fates));
  }

  /** Everything known of one message, a line per event. */
  excerpt(messageId: string, fate?: MessageFate): string[] {
    const at = this.#ackedAt.get(messageId);
    const lines = [
      ...this.#sent.filter((each) => each.messageId === messageId).map((each) => ({ what: "sent", ...each })),
      ...this.#received.filter((each) => each.messageId === messageId).map((each) => ({ what: "received", ...each })),
      ...(at === undefined ? [] : [{ what: "acked", messageId, at }]),
      ...(fate?.deliveries.flatMap(({ id, timeline }) => timeline.map((each) => ({ what: "broker", id, ...each }))) ??
        []),
    ];
    return lines.map((line) => JSON.stringify(line));
  }

  #ok(): void {
    const now = performance.now();
    this.#longestGapMs = Math.max(this.#longestGapMs, now - (this.#lastOk ?? now));
    this.#lastOk = now;
  }
}
