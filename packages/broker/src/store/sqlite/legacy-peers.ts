/** SQL of the predecessor's peers. */
import type { LegacyPeerRecord } from "../../mesh/store.ts";
import type { EngineContext } from "./context.ts";

/** The statements on peers. */
export function legacyPeerStatements({ db }: EngineContext) {
  const put = db.prepare<[string, string, string]>(
    `INSERT INTO legacy_peer (id, agent_pk, facts) SELECT ?, pk, ? FROM agent WHERE id = ?
     ON CONFLICT (id) DO UPDATE SET agent_pk = excluded.agent_pk, facts = excluded.facts`,
  );
  const selectAll = db.prepare<[], LegacyPeerRecord>(
    `SELECT p.id, a.id AS agentId, p.facts FROM legacy_peer p JOIN agent a ON a.pk = p.agent_pk
     WHERE a.removed_at IS NULL ORDER BY a.pk`,
  );

  return {
    put: ({ id, agentId, facts }: LegacyPeerRecord) => void put.run(id, facts, agentId),
    all: () => selectAll.all(),
  };
}
