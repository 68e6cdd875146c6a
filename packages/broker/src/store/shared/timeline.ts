/** What engines share of the timeline: what is noted, and of how much. */
import type { TimelineEvent } from "@agentmesh/protocol";

/** Whose a delivery is, and who sent its message. */
export interface Parties {
  readonly recipient_pk: number;
  readonly sender_pk: number;
}

/** What is noted beside the event. */
export interface Note {
  readonly attempt: number;
  /** Of the delivery, where they have been read already. */
  readonly parties?: Parties;
  readonly session?: string | null;
  readonly path?: string | null;
  readonly reason?: string | null;
}

/** Entries of one delivery that are kept of each event: the newest. */
export const MAX_ENTRIES_PER_EVENT = 100;

/** What a receiver can do as often as it likes under one lease; of leases there are many only when there were many attempts. */
export const REPEATABLE: ReadonlySet<TimelineEvent> = new Set(["extended", "pushed", "push_failed"]);
