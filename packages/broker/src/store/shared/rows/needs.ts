/** What waits for a person, as an engine returns it, and what the mesh gets. */
import type { AgentId, DeliveryId, MessageId } from "@agentmesh/protocol";
import type { AskNeed, DeadNeed, HeldNeed } from "../../../mesh/store/needs.ts";

/** Rows that one piece reads. */
export const PIECE = 128;
/** Reasons of one agent's dead letters that are told among those of all: one agent does not keep the others from being told. */
export const REASONS_OF_ONE = 100;

/** Where a row stands among those like it. */
export interface Place {
  readonly at: number;
  readonly pk: number;
}

/** A message, and who sent it. */
export interface Ends {
  readonly message_id: MessageId;
  readonly from_id: AgentId;
  readonly from_name: string;
}

/** Who it is for. */
export interface ToRow {
  readonly to_id: AgentId;
  readonly to_name: string;
}

/** A question without an answer. */
export interface AskRow extends Place, Ends, ToRow {
  readonly accepted_at: number;
  readonly held: 0 | 1;
  readonly to_person: 0 | 1;
}

/** A delivery that is held. */
export interface HeldRow extends Place, Ends, ToRow {
  readonly id: DeliveryId;
  readonly accepted_at: number;
}

/** Dead letters of one agent for one reason, by the first of them. */
export interface GroupRow extends ToRow {
  readonly agent: number;
  readonly reason: string;
  readonly since: number;
  readonly gone: 0 | 1;
}

/** Who sent it. */
export const fromOf = ({ from_id: id, from_name: name }: Ends) => ({ id, name });
const toOf = ({ to_id: id, to_name: name }: ToRow) => ({ id, name });

/** An open question. */
export function askNeed(row: AskRow): AskNeed {
  return {
    messageId: row.message_id,
    from: fromOf(row),
    to: toOf(row),
    toPerson: row.to_person === 1,
    askedAt: row.accepted_at,
    dueAt: row.at,
  };
}

/** A delivery that waits to be let in. */
export function heldNeed(row: HeldRow): HeldNeed {
  return {
    id: row.id,
    messageId: row.message_id,
    from: fromOf(row),
    to: toOf(row),
    since: row.accepted_at,
  };
}

/** Dead letters of a kind. */
export function deadNeed(row: GroupRow): DeadNeed {
  return { to: toOf(row), isGone: row.gone === 1, reason: row.reason, since: row.since };
}

/** Whether a question waits unread for a person. */
export function isForPerson({ held, to_person }: AskRow): boolean {
  return held === 0 && to_person === 1;
}

/** Whether a question waits for an agent. */
export function isForAgent({ held, to_person }: AskRow): boolean {
  return held === 0 && to_person === 0;
}
