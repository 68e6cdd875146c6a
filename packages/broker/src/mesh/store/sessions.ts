/** The part of the Store port about sessions. */
import type { AgentId, AgentProfile, PushPath, SessionId } from "@agentmesh/protocol";
import type { AgentRecord, DoubtWhy, RetryPolicy, SessionDoubt } from "../records/index.ts";

/** A session that may be gone, and whose it is. */
export interface DoubtedSession {
  readonly id: SessionId;
  readonly agentId: AgentId;
}

/** A session as it is known now. */
export interface SessionRecord {
  readonly id: SessionId;
  readonly heartbeatAgeMs: number;
  readonly lastHeardAt: number;
  readonly silent: boolean;
  readonly doubt: SessionDoubt | undefined;
  readonly pushPaths: PushPath[];
}

/** What the mesh needs kept of sessions. */
export interface SessionStore {
  openSession(session: {
    readonly id: SessionId;
    readonly agentId: AgentId;
    readonly profile: AgentProfile;
    readonly pushPaths: PushPath[];
  }): Promise<AgentRecord>;
  /**
   * Renews a session of this agent; false when there is no such session. The time of a heartbeat is the one thing that is
   * answered before it is on disk (`writeHeartbeats`); what else changes by it is there.
   */
  touchSession(id: SessionId, agentId: AgentId, pushPaths: PushPath[] | undefined): Promise<boolean>;
  /** Writes the heartbeats of the last minute, once a minute; until then a killed broker's successor knows the ones before. */
  writeHeartbeats(): Promise<void>;
  hasSession(id: SessionId): Promise<boolean>;
  /** The sessions of an agent that were heard of last, and how many it has. */
  sessionsOf(agentId: AgentId, limit: number): Promise<{ readonly sessions: SessionRecord[]; readonly total: number }>;
  /**
   * Ends a session of this agent and returns its leases; undefined when there is no such session. One that is `gone` has
   * spoiled its attempts; one that left has not.
   */
  endSession(id: SessionId, agentId: AgentId, how: "left" | "gone", retry: RetryPolicy): Promise<number | undefined>;
  /**
   * Lets the last heartbeat of a session, or of all, count as at least `ageMs` old until the next one, and notes since when
   * and why: its process is probably gone.
   */
  doubtSession(session: DoubtedSession | "all", ageMs: number, why: DoubtWhy): Promise<void>;
  /** Ends every session that was not renewed for `offlineAfterMs`, and names them; one of the future ages from now on. */
  expireSessions(offlineAfterMs: number, retry: RetryPolicy): Promise<SessionId[]>;
}
