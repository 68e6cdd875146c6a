/** Sessions as an engine returns them, and as they are known. */
import { type AgentId, PushPath, type SessionId } from "@agentmesh/protocol";
import type { DoubtWhy } from "../../../mesh/store.ts";
import type { SessionSigns } from "./agents.ts";

/** A session as stored. */
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

/** A session as it is known now. */
export interface Session extends SessionSigns {
  readonly id: SessionId;
  readonly agentId: AgentId;
  readonly agentPk: number;
  readonly beatAt: number;
  /** Position of the timeline when it was last heard of. */
  readonly heard: number;
  readonly silent: boolean;
}

/** The same, read. */
export function sessionOf(row: SessionRow): Session {
  const { doubted_at: at, doubted_why: why } = row;
  return {
    ...{ id: row.id, agentId: row.agent_id, agentPk: row.agent_pk },
    ...{ beatAt: row.beat_at, seenAt: row.seen_at, heard: row.heard, silent: row.silent === 1 },
    doubt: at === null || why === null ? undefined : { at, why },
    pushPaths: PushPath.array().parse(JSON.parse(row.push_paths)),
    provenAt: row.proven_at ?? undefined,
  };
}
