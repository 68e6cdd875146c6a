/** What is asked of deliveries, and the rows that an engine returns of them without their messages. */
import type { AgentId, MessageId } from "@agentmesh/protocol";
import type { DeliveryRow } from "./rows.ts";

/** The order of reading, before the number in the inbox. */
export const RANK = { interrupt: 0, message: 1, notice: 2 } as const;

/** What to look for in an inbox. */
export interface LeasableTerms {
  readonly agent: number;
  readonly session: string | null;
  readonly maxPushes: number | null;
  readonly leastUrgency: number;
  /** 1: the agent's webhook asks. */
  readonly webhook: 0 | 1;
  readonly max: number;
}

/** Which dead letters: those of an agent, or of all; before a place. */
export interface DeadTerms {
  readonly agent: number;
  readonly at: number;
  readonly id: string;
  readonly limit: number;
}

/** Which part of an inbox to show: numbers between `after` and `before`. */
export interface InboxTerms {
  readonly agent: number;
  readonly after: number;
  readonly before: number;
  readonly limit: number;
}

/** A lease that is over, or that its holder gives up. */
export interface LeaseRow {
  readonly pk: number;
  readonly attempt: number;
  readonly failures: number;
  /** Whether the holder has reported a push in this lease or an earlier one of its session. */
  readonly pushed: number;
  /** Where in the timeline a streamed lease began. */
  readonly stream_position: number | null;
  readonly agent_id: AgentId;
  readonly session_id: string | null;
  readonly expires_at: number;
}

/** What was streamed, and how much of it. */
export interface StreamedTerms {
  readonly session: string;
  readonly after: number;
  readonly until: number;
  readonly limit: number;
}

/** Until when, and behind which place. */
export interface DueTerms {
  readonly after: number;
  readonly agent: number;
  readonly pk: number;
  readonly until: number;
  readonly limit: number;
}

/** A delivery whose delay is over. */
export interface DueRow {
  readonly ready_at: number;
  readonly agent_pk: number;
  readonly pk: number;
  readonly agent_id: AgentId;
}

/** Which deliveries of a message: behind one, so many. */
export interface StatesTerms {
  readonly messageId: MessageId;
  readonly after: number;
  readonly limit: number;
}

/** How a delivery is, with its sender. */
export type StateRow = Pick<
  DeliveryRow,
  "pk" | "id" | "state" | "attempt" | "lease_ends_at" | "message_pk" | "sender_id"
>;
