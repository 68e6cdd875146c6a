/** What a group of acts moves in the counts of inboxes and of what is kept: once for each agent. */

/** Of an inbox, more or fewer of each. */
interface Inbox {
  numbers: number;
  queued: number;
  held: number;
  open: number;
  bytes: number;
}

/** Of a sender. */
interface Kept {
  messages: number;
  bytes: number;
}

/** What is counted, by the keys of agents. */
export interface Tally {
  readonly inboxes: ReadonlyMap<number, Readonly<Inbox>>;
  readonly senders: ReadonlyMap<number, Readonly<Kept>>;
}

/** Counts of one group. */
export class Tallied implements Tally {
  readonly inboxes = new Map<number, Inbox>();
  readonly senders = new Map<number, Kept>();

  /** So much more of an inbox. */
  inbox(pk: number, more: Partial<Inbox>): void {
    const { numbers = 0, queued = 0, held = 0, open = 0, bytes = 0 } = more;
    const now = this.inboxes.get(pk) ?? { numbers: 0, queued: 0, held: 0, open: 0, bytes: 0 };
    now.numbers += numbers;
    now.queued += queued;
    now.held += held;
    now.open += open;
    now.bytes += bytes;
    this.inboxes.set(pk, now);
  }

  /** A message more is kept of a sender. */
  kept(pk: number, bytes: number): void {
    const now = this.senders.get(pk) ?? { messages: 0, bytes: 0 };
    now.messages++;
    now.bytes += bytes;
    this.senders.set(pk, now);
  }
}
