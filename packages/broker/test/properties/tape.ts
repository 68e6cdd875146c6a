/** The log as the observer reads it after every command: each entry must have a cause among the answers. */
import type { LogEntry } from "@agentmesh/protocol";
import type { Store } from "../../src/mesh/store.ts";
import { type DeliveryHistory, type History, short } from "./history.ts";
import { demand } from "./promises.ts";

/** Small, so that most runs turn pages. */
const PAGE = 7;

/** Entries that wait for their cause, and all that had one. */
export class Tape {
  /** Every entry so far, with its delivery, in the order of the log. */
  readonly recorded: { readonly entry: LogEntry; readonly delivery: DeliveryHistory }[] = [];
  /** Deliveries with entries since the last `done`. */
  readonly touched = new Set<DeliveryHistory>();
  /** The cursor before the first entry. */
  readonly begin: string;
  /** Told of the next entry before anything else is: what follows from acts stands between their entries. */
  onNext: (entry: LogEntry) => void = () => {};
  readonly #history: History;
  readonly #waiting: LogEntry[] = [];
  #cursor: string;

  constructor(history: History, begin: string) {
    this.#history = history;
    this.begin = begin;
    this.#cursor = begin;
  }

  /** Reads what is new. */
  async read(store: Store): Promise<readonly LogEntry[]> {
    const read: LogEntry[] = [];
    for (;;) {
      const { entries, cursor } = await store.log({ after: this.#cursor, limit: PAGE, viewer: undefined });
      demand(entries.length <= PAGE, "log", () => `a page of ${PAGE} has ${entries.length} entries`);
      this.#waiting.push(...entries);
      read.push(...entries);
      this.#cursor = cursor;
      if (entries.length < PAGE) return read;
    }
  }

  get length(): number {
    return this.#waiting.length;
  }

  /** The next entry. */
  peek(): LogEntry | undefined {
    this.#announce();
    return this.#waiting[0];
  }

  /** The next entry, if it is of this delivery. */
  next(of: DeliveryHistory): string | undefined {
    const entry = this.#waiting[0];
    return entry?.deliveryId === of.id ? entry.event : undefined;
  }

  /** The delivery of the next entry, if the entry is this event. */
  nextOf(event: string): DeliveryHistory | undefined {
    this.#announce();
    const entry = this.#waiting[0];
    return entry?.event === event ? this.#history.delivery(entry.deliveryId) : undefined;
  }

  /** Takes the next entry, which must be this event of this delivery, with the given attempt and details. */
  take(event: string, of: DeliveryHistory, now: number, more: Partial<LogEntry> = {}): LogEntry {
    this.#announce();
    const entry = this.#waiting.shift();
    demand(
      entry?.event === event && entry.deliveryId === of.id,
      "timeline",
      () => `after ${event} of ${short(of)} the log's next entry is ${entry ? this.#name(entry) : "missing"}`,
    );
    const { message } = of.of;
    const expected: Partial<LogEntry> = {
      at: new Date(now).toISOString(),
      attempt: of.attempt,
      seq: of.seq,
      messageId: message.id,
      threadId: message.threadId,
      ...more,
    };
    for (const [key, value] of Object.entries(expected)) {
      const said = entry[key as keyof LogEntry];
      demand(said === value, "timeline", () => `${event} of ${short(of)} has ${key} ${said}, not ${value}`);
    }
    demand(
      entry.from.id === message.from.id && entry.from.name === message.from.name,
      "I10 authenticity",
      () => `the log says that ${short(of)} is from ${entry.from.name}; ${message.from.name} sent it`,
    );
    demand(entry.to.id === of.to.id, "I2 no misdelivery", () => `the log has ${short(of)} in ${entry.to.name}'s inbox`);
    of.timeline.push(entry);
    this.recorded.push({ entry, delivery: of });
    this.touched.add(of);
    return entry;
  }

  /** All entries must have been taken: nothing happens without a cause. */
  done(): void {
    const left = this.#waiting[0];
    demand(left === undefined, "timeline", () => `nobody asked for ${left && this.#name(left)}`);
  }

  #announce(): void {
    for (let entry = this.#waiting[0]; entry; entry = this.#waiting[0]) {
      this.onNext(entry);
      if (this.#waiting[0] === entry) return;
    }
  }

  #name(entry: LogEntry): string {
    return `${entry.event} of ${short(this.#history.delivery(entry.deliveryId))} (${entry.reason ?? "no reason"})`;
  }
}
