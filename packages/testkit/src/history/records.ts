/** What senders and receivers wrote down, what the broker tells at the end, and what a rule finds in both. */

/** One answered send: the `n`-th of this sender, who waits for each answer before the next. */
export interface Sent {
  readonly from: string;
  readonly to: string;
  readonly n: number;
  readonly messageId: string;
  /** When the answer came (Date.now()). */
  readonly at?: number;
}

/** One delivery as a receiver got it. */
export interface Received {
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
export interface Acked {
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

/** What the broker tells of each message at the end. */
export type Fates = ReadonlyMap<string, MessageFate>;

/** All that was written down. */
export interface Records {
  readonly sent: readonly Sent[];
  readonly received: readonly Received[];
  /** When the first ack of a message was answered (Date.now()). */
  readonly ackedAt: ReadonlyMap<string, number>;
  /** "from to n" of each send that was tried, answered or not. */
  readonly tried: ReadonlySet<string>;
  /** Sessions of receivers that are gone without a word. */
  readonly gone: ReadonlySet<string>;
  /** Receivers give nothing back and let no lease end: what comes out of order was not put so by them. */
  readonly keepAll?: boolean;
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

/** Looks for one kind of broken promise. */
export type Rule = (records: Records, fates: Fates) => Finding[];
