/** What senders and receivers saw of a mesh, and whether it kept its promise. */
import type { MessageStatus } from "@agentmesh/protocol";

/** One answered send: the `n`-th of this sender, who waits for each answer before the next. */
interface Sent {
  readonly from: string;
  readonly to: string;
  readonly n: number;
  readonly messageId: string;
}

/** One delivery as a receiver got it. */
interface Received {
  readonly by: string;
  readonly from: string;
  readonly to: string;
  readonly n: number;
  readonly messageId: string;
}

/** A broken promise. */
export interface Finding {
  readonly kind: "lost" | "misdelivered" | "phantom" | "order" | "duplicate_after_ack" | "duplicate_send";
  readonly detail: string;
}

/** Collects what happened; `check` compares it with what the broker says at the end. */
export class History {
  readonly #sent: Sent[] = [];
  readonly #received: Received[] = [];
  readonly #tried = new Set<string>();

  /** A send is about to be made: from now on it may appear. */
  trying(from: string, to: string, n: number): void {
    this.#tried.add(`${from} ${to} ${n}`);
  }

  /** A send was answered 2xx. */
  sent(sent: Sent): void {
    this.#sent.push(sent);
  }

  /** A receiver got a delivery. */
  received(received: Received): void {
    this.#received.push(received);
  }

  get acceptedCount(): number {
    return this.#sent.length;
  }

  get receivedCount(): number {
    return this.#received.length;
  }

  /** Messages whose final state must be looked up for {@link check}. */
  messageIds(): string[] {
    return [...new Set(this.#sent.map(({ messageId }) => messageId))];
  }

  /** Every broken promise, after all inboxes were drained. */
  check(statuses: ReadonlyMap<string, MessageStatus>): Finding[] {
    return [
      ...this.#lost(statuses),
      ...this.#strays(),
      ...this.#disorder(),
      ...this.#duplicateSends(),
      ...leasedAfterAck(statuses),
    ];
  }

  #lost(statuses: ReadonlyMap<string, MessageStatus>): Finding[] {
    const got = new Set(this.#received.map(({ messageId }) => messageId));
    return this.#sent.flatMap((sent) => {
      const state = statuses.get(sent.messageId)?.deliveries[0]?.state;
      if (got.has(sent.messageId) && state === "acked") return [];
      const detail = `${sent.from} → ${sent.to} #${sent.n} (${sent.messageId}): received ${got.has(sent.messageId)}, state ${state ?? "unknown to the broker"}`;
      return [{ kind: "lost" as const, detail }];
    });
  }

  #strays(): Finding[] {
    return this.#received.flatMap((each): Finding[] => {
      const name = `${each.from} → ${each.to} #${each.n}`;
      if (each.to !== each.by) return [{ kind: "misdelivered", detail: `${name} was received by ${each.by}` }];
      if (!this.#tried.has(`${each.from} ${each.to} ${each.n}`))
        return [{ kind: "phantom", detail: `${name} was never sent` }];
      return [];
    });
  }

  #disorder(): Finding[] {
    const last = new Map<string, number>();
    const seen = new Set<string>();
    return this.#received.flatMap(({ from, by, n, messageId }): Finding[] => {
      if (seen.has(messageId)) return [];
      seen.add(messageId);
      const pair = `${from} → ${by}`;
      const before = last.get(pair) ?? -1;
      last.set(pair, Math.max(before, n));
      return n > before ? [] : [{ kind: "order", detail: `${pair}: #${n} came first after #${before}` }];
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
      return before === messageId ? [] : [{ kind: "duplicate_send", detail: `${key} is ${before} and ${messageId}` }];
    });
  }
}

function leasedAfterAck(statuses: ReadonlyMap<string, MessageStatus>): Finding[] {
  return [...statuses.values()].flatMap(({ message, deliveries }) =>
    deliveries.flatMap(({ id, timeline }): Finding[] => {
      const acked = timeline.findIndex(({ event }) => event === "acked");
      const again = timeline.findIndex(({ event }, i) => i > acked && (event === "leased" || event === "acked"));
      return acked >= 0 && again > acked
        ? [
            {
              kind: "duplicate_after_ack",
              detail: `${message.id} (${id}): ${timeline.map(({ event }) => event).join(" ")}`,
            },
          ]
        : [];
    }),
  );
}
