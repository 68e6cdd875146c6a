/**
 * Numbers in the order of commits: places of messages, of the timeline, of events and of the audit log. The row that counts them
 * is held until the commit, so that whoever sees one sees all before it; hence an act takes its other locks first.
 */
import type { Statements } from "../driver/database.ts";

/** What is counted. */
type Counted = "message" | "timeline" | "event" | "audit";

const NEXT = {
  message: `UPDATE counter SET message = message + $1 RETURNING message AS last`,
  timeline: `UPDATE counter SET timeline = timeline + $1 RETURNING timeline AS last`,
  event: `UPDATE counter SET event = event + $1 RETURNING event AS last`,
  audit: `UPDATE counter SET audit = audit + $1 RETURNING audit AS last`,
} as const;

/** How far they have come. */
export interface Counters {
  readonly message: number;
  readonly timeline: number;
  readonly event: number;
  /** The newest entry of the timeline that was deleted. */
  readonly forgotten: number;
}

/** The numbers of one transaction. */
export class Numbers {
  readonly #db: Statements;
  #held = false;

  constructor(db: Statements) {
    this.#db = db;
  }

  /** Whether others wait for this transaction to end. */
  get isHeld(): boolean {
    return this.#held;
  }

  /** The next number, or the first of so many. */
  async next(counted: Counted, count = 1): Promise<number> {
    const row = await this.#db.get<{ last: number }>(NEXT[counted], [count]);
    if (!row) throw new Error("the database has lost its counters");
    this.#held = true;
    return row.last - count + 1;
  }

  /** How far they have come; until this transaction ends nobody else takes one. */
  async hold(): Promise<Counters> {
    this.#held = true;
    return this.#read("FOR NO KEY UPDATE");
  }

  /** How far they have come, as this transaction sees it. */
  last(): Promise<Counters> {
    return this.#read("");
  }

  async #read(how: "" | "FOR NO KEY UPDATE"): Promise<Counters> {
    const row = await this.#db.get<Counters>(`SELECT message, timeline, event, forgotten FROM counter ${how}`);
    if (!row) throw new Error("the database has lost its counters");
    return row;
  }
}
