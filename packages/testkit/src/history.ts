/** What senders and receivers saw of a mesh, and whether it kept its promise. */

/** One answered send: the `n`-th of this sender, who waits for each answer before the next. */
interface Sent {
  readonly from: string;
  readonly to: string;
  readonly n: number;
  readonly messageId: string;
  /** When the answer came (Date.now()). */
  readonly at?: number;
}

/** One delivery as a receiver got it. */
interface Received {
  readonly by: string;
  readonly from: string;
  readonly to: string;
  readonly n: number;
  readonly messageId: string;
  readonly attempt?: number;
  readonly redelivered?: boolean;
  readonly at?: number;
}

/** One answered ack. */
interface Acked {
  readonly messageId: string;
  readonly at: number;
}

/** What became of a message, as the broker tells it at the end; a MessageStatus is one. */
export interface MessageFate {
  readonly message: { readonly id: string };
  readonly deliveries: readonly {
    readonly id: string;
    readonly state: string;
    readonly timeline: readonly {
      readonly at: string;
      readonly event: string;
      readonly attempt: number;
      readonly session?: string | undefined;
      readonly reason?: string | undefined;
    }[];
  }[];
}

/** A broken promise. */
export interface Finding {
  readonly kind:
    | "lost"
    | "misdelivered"
    | "phantom"
    | "order"
    | "duplicate_after_ack"
    | "duplicate_send"
    | "attempt"
    | "lease"
    | "conservation"
    | "unavailable"
    | "unexpected";
  readonly detail: string;
  /** The message it is about. */
  readonly messageId?: string;
}

/** Released for these reasons a delivery comes again at once and in its place. */
const IN_ORDER = new Set(["the broker restarted", "lost on the way to the session", "the session ended"]);

/** Collects what happened; `check` compares it with what the broker says at the end. */
export class History {
  readonly #sent: Sent[] = [];
  readonly #received: Received[] = [];
  readonly #acked: Acked[] = [];
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
  acked(acked: Acked): void {
    this.#acked.push(acked);
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
    return this.#firstAcks().size;
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
  check(fates: ReadonlyMap<string, MessageFate>): Finding[] {
    return [
      ...this.#lost(fates),
      ...this.#strays(),
      ...this.#disorder(fates),
      ...this.#duplicateSends(),
      ...this.#attempts(fates),
      ...this.#afterAck(fates),
      ...timelineFindings(fates),
    ];
  }

  /** Everything known of one message, a line per event. */
  excerpt(messageId: string, fate?: MessageFate): string[] {
    const lines = [
      ...this.#sent.filter((each) => each.messageId === messageId).map((each) => ({ what: "sent", ...each })),
      ...this.#received.filter((each) => each.messageId === messageId).map((each) => ({ what: "received", ...each })),
      ...this.#acked.filter((each) => each.messageId === messageId).map((each) => ({ what: "acked", ...each })),
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

  #lost(fates: ReadonlyMap<string, MessageFate>): Finding[] {
    const got = new Set(this.#received.map(({ messageId }) => messageId));
    return this.#sent.flatMap((sent) => {
      const { messageId } = sent;
      const state = fates.get(messageId)?.deliveries[0]?.state;
      if (got.has(messageId) && state === "acked") return [];
      const detail = `${sent.from} → ${sent.to} #${sent.n} (${messageId}): received ${got.has(messageId)}, state ${state ?? "unknown to the broker"}`;
      return [{ kind: "lost" as const, detail, messageId }];
    });
  }

  #strays(): Finding[] {
    return this.#received.flatMap((each): Finding[] => {
      const name = `${each.from} → ${each.to} #${each.n}`;
      const { messageId } = each;
      if (each.to !== each.by)
        return [{ kind: "misdelivered", detail: `${name} was received by ${each.by}`, messageId }];
      if (!this.#tried.has(`${each.from} ${each.to} ${each.n}`))
        return [{ kind: "phantom", detail: `${name} was never sent`, messageId }];
      return [];
    });
  }

  /** First receipts of a pair rise; what a failing receiver itself gave back may come later. */
  #disorder(fates: ReadonlyMap<string, MessageFate>): Finding[] {
    const last = new Map<string, number>();
    const seen = new Set<string>();
    return this.#received.flatMap(({ from, by, n, messageId }): Finding[] => {
      if (seen.has(messageId)) return [];
      seen.add(messageId);
      const pair = `${from} → ${by}`;
      const before = last.get(pair) ?? -1;
      last.set(pair, Math.max(before, n));
      if (n > before || this.#gaveBack(fates.get(messageId))) return [];
      return [{ kind: "order", detail: `${pair}: #${n} came first after #${before}`, messageId }];
    });
  }

  #duplicateSends(): Finding[] {
    const ids = new Map<string, string>();
    const all = [...this.#sent, ...this.#received].map((each) => ({
      ...each,
      key: `${each.from} ${each.to} ${each.n}`,
    }));
    return all.flatMap(({ key, messageId }): Finding[] => {
      const before = ids.get(key) ?? messageId;
      ids.set(key, before);
      return before === messageId
        ? []
        : [{ kind: "duplicate_send", detail: `${key} is ${before} and ${messageId}`, messageId }];
    });
  }

  /** Each lease reaches one receiver once, is in the timeline, and says truly whether it is the first. */
  #attempts(fates: ReadonlyMap<string, MessageFate>): Finding[] {
    const seen = new Set<string>();
    const ackedAt = this.#firstAcks();
    return this.#received.flatMap(({ messageId, attempt, redelivered, at }): Finding[] => {
      if (attempt === undefined) return [];
      const found: Finding[] = [];
      const lease = `${messageId} attempt ${attempt}`;
      if (seen.has(lease)) {
        const late = (at ?? 0) > (ackedAt.get(messageId) ?? Number.POSITIVE_INFINITY);
        found.push({
          kind: late ? "duplicate_after_ack" : "attempt",
          detail: `${lease} was received twice${late ? ", the second time after its ack was answered" : ""}`,
          messageId,
        });
      }
      seen.add(lease);
      if (redelivered !== attempt > 1)
        found.push({ kind: "attempt", detail: `${lease} says redelivered: ${redelivered}`, messageId });
      const timeline = fates.get(messageId)?.deliveries.flatMap((delivery) => delivery.timeline);
      if (timeline && !timeline.some((entry) => entry.event === "leased" && entry.attempt === attempt))
        found.push({ kind: "attempt", detail: `${lease} is not in the timeline`, messageId });
      return found;
    });
  }

  /** After an ack is answered the message is acked, and no lease of it begins. */
  #afterAck(fates: ReadonlyMap<string, MessageFate>): Finding[] {
    return [...this.#firstAcks()].flatMap(([messageId, at]): Finding[] => {
      const again = fates
        .get(messageId)
        ?.deliveries.flatMap((delivery) => delivery.timeline)
        .find((entry) => entry.event === "leased" && Date.parse(entry.at) > at);
      if (!again) return [];
      const detail = `${messageId}: ack answered ${new Date(at).toISOString()}, leased again ${again.at}`;
      return [{ kind: "duplicate_after_ack", detail, messageId }];
    });
  }

  /** Whether a receiver gave it back, let its lease end, or was gone while it held it. */
  #gaveBack(fate: MessageFate | undefined): boolean {
    const timeline = fate?.deliveries.flatMap((delivery) => delivery.timeline) ?? [];
    return timeline.some(
      ({ event, reason, session }) =>
        event === "nacked" ||
        (event === "released" && !IN_ORDER.has(reason ?? "")) ||
        (event === "leased" && this.#gone.has(session ?? "")),
    );
  }

  #firstAcks(): Map<string, number> {
    const first = new Map<string, number>();
    for (const { messageId, at } of this.#acked) if (!first.has(messageId)) first.set(messageId, at);
    return first;
  }
}

/** Per delivery: attempts count 1, 2, 3 …, one lease at a time, nothing after the ack. */
function timelineFindings(fates: ReadonlyMap<string, MessageFate>): Finding[] {
  return [...fates.values()].flatMap(({ message, deliveries }) =>
    deliveries.flatMap(({ id, timeline }): Finding[] => {
      const found: Finding[] = [];
      const messageId = message.id;
      const told = () => `${messageId} (${id}): ${timeline.map(({ event }) => event).join(" ")}`;
      let leases = 0;
      let held = false;
      let acked = false;
      for (const { event, attempt } of timeline) {
        if (acked && (event === "leased" || event === "acked"))
          found.push({ kind: "duplicate_after_ack", detail: told(), messageId });
        if (event === "leased") {
          if (held) found.push({ kind: "lease", detail: `two leases at once: ${told()}`, messageId });
          if (attempt !== ++leases)
            found.push({ kind: "attempt", detail: `lease ${leases} has attempt ${attempt}: ${told()}`, messageId });
        }
        held = event === "leased" || (held && !["released", "nacked", "acked", "dead", "expired"].includes(event));
        acked ||= event === "acked";
      }
      return found;
    }),
  );
}
