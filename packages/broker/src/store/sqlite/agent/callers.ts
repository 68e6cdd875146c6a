/** SQL of whoever calls: an agent by its token, or for a while by the one before. */
import type { KnownAgent } from "../../../mesh/store.ts";
import { type CallerRow, callerOf, knownAgent } from "../../shared/rows/agents.ts";
import type { EngineContext } from "../context.ts";
import type { SessionsInMemory } from "../memory/sessions.ts";

/** What a caller is known by; nobody is one whose machine was revoked, though it leaves a slice later. */
const CALLER = `
  SELECT a.pk, a.id, a.name, a.asked_name, a.profile, a.registered_at, a.last_seen_at, a.archived_at, a.trust, a.person,
    iif(m.pk IS NULL, NULL, json_object('id', m.id, 'host', m.host)) AS machine
  FROM agent a LEFT JOIN machine m ON m.pk = a.machine_pk
  WHERE a.removed_at IS NULL AND m.revoked_at IS NULL`;

/** The statements on callers. */
export function callerStatements({ db, clock, callers }: EngineContext, sessions: SessionsInMemory) {
  const selectCaller = db.prepare<[string], CallerRow>(`${CALLER} AND a.token_hash = ?`);
  const selectCallerByFormer = db.prepare<[string, number], CallerRow>(
    `${CALLER} AND a.former_token_hash = ? AND a.former_token_hash IS NOT NULL AND a.former_until > ?`,
  );

  return {
    byToken(tokenHash: string): KnownAgent | undefined {
      const caller = callers.get(tokenHash, () => {
        const row = selectCaller.get(tokenHash);
        return row && callerOf(row);
      });
      // Not kept in memory: it is good for a time only.
      const former = caller ? undefined : selectCallerByFormer.get(tokenHash, clock.now());
      if (former) return knownAgent(callerOf(former), sessions.newestOf(former.pk)?.beatAt, clock.now());
      return caller && knownAgent(caller, sessions.newestOf(caller.pk)?.beatAt, clock.now());
    },
  };
}
