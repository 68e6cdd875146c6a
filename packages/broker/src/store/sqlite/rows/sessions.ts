/** Rows of sessions as SQLite returns them, and the sessions in memory. */
import { type AgentId, PushPath, type SessionId } from "@agentmesh/protocol";
import type { DoubtWhy } from "../../../mesh/store.ts";
import type { SessionInMemory } from "../memory/sessions.ts";

/** A session, as the broker before left it. */
export interface SessionRow {
  readonly id: SessionId;
  readonly agent_id: AgentId;
  readonly agent_pk: number;
  readonly seen_at: number;
  readonly beat_at: number;
  readonly heard: number;
  readonly silent: number;
  readonly doubted_at: number | null;
  readonly doubted_why: DoubtWhy | null;
  readonly push_paths: string;
  readonly proven_at: number | null;
}

/** A session as it was written, by so much younger. */
export function sessionOf(row: SessionRow, younger: number): SessionInMemory {
  const { doubted_at: at, doubted_why: why } = row;
  return {
    ...{ id: row.id, agentId: row.agent_id, agentPk: row.agent_pk, sign: 0 },
    ...{ beatAt: row.beat_at, seenAt: row.seen_at + younger, heard: row.heard, silent: row.silent === 1 },
    doubt: at === null || why === null ? undefined : { at, why },
    pushPaths: PushPath.array().parse(JSON.parse(row.push_paths)),
    provenAt: row.proven_at ?? undefined,
  };
}

/** What is written of a session, in the order of the columns that are. */
export function columnsOf(session: SessionInMemory) {
  const { id, seenAt, beatAt, heard, silent, doubt, pushPaths, provenAt } = session;
  const paths = JSON.stringify(pushPaths);
  return [id, seenAt, beatAt, heard, silent ? 1 : 0, doubt?.at, doubt?.why, paths, provenAt].map(
    (each) => each ?? null,
  );
}
