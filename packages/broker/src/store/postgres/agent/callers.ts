/** SQL of whoever calls: an agent by its token, or for a while by the one before. */
import type { KnownAgent } from "../../../mesh/store.ts";
import { type CallerRow, callerOf, knownAgent } from "../../shared/rows/agents.ts";
import type { EngineContext } from "../context.ts";
import { NEWEST_BEAT } from "../rows/signs.ts";

/** What a caller is known by; nobody is one whose machine was revoked, though it leaves a slice later. */
export const CALLER = `
  SELECT a.token_hash, a.pk, a.id, a.name, a.asked_name, a.profile, a.registered_at, a.last_seen_at, a.archived_at, a.trust, a.person,
    CASE WHEN m.pk IS NOT NULL THEN json_build_object('id', m.id, 'host', m.host)::TEXT END AS machine,
    ${NEWEST_BEAT} AS newest_beat
  FROM agent a LEFT JOIN machine m ON m.pk = a.machine_pk
  WHERE a.removed_at IS NULL AND m.revoked_at IS NULL`;

/** A caller with the newest heartbeat of its sessions. */
export interface HeardRow extends CallerRow {
  readonly token_hash: string;
  readonly newest_beat: number | null;
}

/** The statements on callers. */
export function callerStatements({ db, now }: EngineContext) {
  return {
    async byToken(tokenHash: string): Promise<KnownAgent | undefined> {
      const row =
        (await db.get<HeardRow>(`${CALLER} AND a.token_hash = $1`, [tokenHash])) ??
        (await db.get<HeardRow>(
          `${CALLER} AND a.former_token_hash = $1 AND a.former_token_hash IS NOT NULL AND a.former_until > $2`,
          [tokenHash, now],
        ));
      return row && knownAgent(callerOf(row), row.newest_beat ?? undefined, now);
    },
  };
}
