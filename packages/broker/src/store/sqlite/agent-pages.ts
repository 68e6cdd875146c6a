/** SQL of looks at all agents: how many there are, and who has a live session, a page at a time. */
import { type AgentId, DeliveryState, type SessionId } from "@agentmesh/protocol";
import { z } from "zod";
import type { StoreStats } from "../../mesh/store.ts";
import type { EngineContext } from "./context.ts";

/** A session on the way through all of them. */
export interface SessionRow {
  readonly id: SessionId;
  readonly seen_at: number;
  readonly agent_id: AgentId;
}

/** The looks, each along an index from a place on. */
export const AGENT_PAGES = {
  // By id: a heartbeat moves a session in every other order, and it would be missed or seen twice.
  sessions: `SELECT s.id, s.seen_at, a.id AS agent_id FROM session s CROSS JOIN agent a ON a.pk = s.agent_pk
    WHERE s.id > :after ORDER BY s.id LIMIT :limit`,
} as const;

const Tally = z.record(z.enum([...DeliveryState.options, "present", "archived"]), z.int());

/** The statements on all agents. */
export function agentPageStatements({ db }: EngineContext) {
  const selectTally = db.prepare<[], { what: string; n: number }>(`SELECT what, n FROM tally`);
  const selectSessions = db.prepare<[{ after: string; limit: number }], SessionRow>(AGENT_PAGES.sessions);

  return {
    /** How many deliveries there are in each state, and how many agents. */
    tally(): Omit<StoreStats, "bytes"> {
      const { present, archived, ...deliveries } = Tally.parse(
        Object.fromEntries(selectTally.all().map(({ what, n }) => [what, n])),
      );
      return { deliveries, agents: { present, archived } };
    },
    sessions: (after: string, limit: number) => selectSessions.all({ after, limit }),
  };
}
