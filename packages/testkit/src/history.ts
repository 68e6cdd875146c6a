/** What senders and receivers saw of a mesh, and whether it kept its promise: a rule for each part of it. */
import { attempts } from "./history/attempts.ts";
import { type AnsweredSend, type Availability, availabilityOf, type FaultDone } from "./history/availability.ts";
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
  /** When the first try of the send of each sender began that is under way. */
  readonly #triedAt = new Map<string, number>();
  readonly #answered: AnsweredSend[] = [];
  readonly #faults: FaultDone[] = [];
  readonly #keepAll: boolean;
  #sendingFrom: number | undefined;
  #sendingUntil: number | undefined;

  /** `keepAll`: receivers give nothing back and let no lease end, and order is kept without an exception for that. */
  constructor({ keepAll = false }: { readonly keepAll?: boolean } = {}) {
    this.#keepAll = keepAll;
  }

  /** A send is about to be made: from now on it may appear. */
  trying(from: string, to: string, n: number): void {
    this.#sendingFrom ??= performance.now();
    this.#tried.add(`${from} ${to} ${n}`);
    this.#triedAt.set(from, performance.now());
  }

  /** A send was answered 2xx, by the try that began at `begun` (performance.now()). */
  sent(sent: Sent, begun = performance.now()): void {
    this.#sent.push(sent);
    this.#answered.push({ first: this.#triedAt.get(sent.from) ?? begun, begun, answered: performance.now() });
  }

  /** Something is done to the broker; the returned function says that it is over. */
  fault(kind: string): () => void {
    const began = performance.now();
    return () => this.#faults.push({ kind, began, over: performance.now() });
  }

  /** Whether a send was answered whose try began after the last fault was over. */
  get recovered(): boolean {
    const { over } = this.#faults.at(-1) ?? { over: 0 };
    return (this.#answered.at(-1)?.answered ?? 0) >= over && this.#answered.some(({ begun }) => begun >= over);
  }

  /** From now on nobody begins to send: what is answered later is no part of the sending. */
  sendingEnds(): void {
    this.#sendingUntil ??= performance.now();
  }

  /** A receiver got a delivery. */
  received(received: Received): void {
    this.#received.push(received);
  }

  /** An ack was answered 2xx. */
  acked({ messageId, at }: Acked): void {
    if (!this.#ackedAt.has(messageId)) this.#ackedAt.set(messageId, at);
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

  /** How the sending went, faults and answers. */
  get availability(): Availability {
    const until = this.#sendingUntil ?? performance.now();
    return availabilityOf({ from: this.#sendingFrom ?? until, until, sends: this.#answered, faults: this.#faults });
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
      keepAll: this.#keepAll,
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
}
