/** SQL of the predecessor's peers. */
import type { LegacyPeerRecord } from "../../mesh/store.ts";
import type { EngineContext } from "./context.ts";

/** The statements on peers. */
export function legacyPeerStatements({ db }: EngineContext) {
  return {
    put: ({ id, agentId, facts }: LegacyPeerRecord) =>
      db.run(
        `INSERT INTO legacy_peer (id, agent_pk, facts) SELECT $1, pk, $2 FROM agent WHERE id = $3
         ON CONFLICT (id) DO UPDATE SET agent_pk = excluded.agent_pk, facts = excluded.facts`,
        [id, facts, agentId],
      ),
    all: () =>
      db.all<LegacyPeerRecord>(
        `SELECT p.id, a.id AS "agentId", p.facts FROM legacy_peer p JOIN agent a ON a.pk = p.agent_pk
         WHERE a.removed_at IS NULL ORDER BY a.pk`,
      ),
  };
}
