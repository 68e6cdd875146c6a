/** SQL of tokens that are exchanged: the one before is good for a while beside the new one. */
import { AgentId, type MachineId } from "@agentmesh/protocol";
import type { EngineContext } from "../context.ts";

/** Who has, or had, a token: an agent, a machine, or somebody who was put out. */
const TAKEN = `
  SELECT id FROM agent WHERE token_hash = :hash
  UNION ALL SELECT id FROM agent WHERE former_token_hash = :hash AND former_token_hash IS NOT NULL
  UNION ALL SELECT id FROM machine WHERE token_hash = :hash
  UNION ALL SELECT id FROM machine WHERE former_token_hash = :hash AND former_token_hash IS NOT NULL
  UNION ALL SELECT 'void' FROM void_token WHERE token_hash = :hash LIMIT 1`;

interface Terms {
  readonly id: string;
  readonly hash: string;
  readonly now: number;
  readonly until: number;
}

/** The statements on them. */
export function tokenStatements({ db, clock, callers }: EngineContext) {
  const selectTaken = db.prepare<[{ hash: string }], { id: string }>(TAKEN);
  const selectAgent = db.prepare<[string], { pk: number; token_hash: string }>(
    `SELECT pk, token_hash FROM agent WHERE id = ? AND removed_at IS NULL`,
  );
  const selectMachine = db.prepare<[string], { pk: number; token_hash: string }>(
    `SELECT pk, token_hash FROM machine WHERE id = ? AND revoked_at IS NULL`,
  );
  const rotateAgent = db.prepare<[Terms]>(
    `UPDATE agent SET former_token_hash = token_hash, former_until = :until, token_hash = :hash, token_made_at = :now
     WHERE id = :id AND removed_at IS NULL`,
  );
  const rotateMachine = db.prepare<[Terms]>(
    `UPDATE machine SET former_token_hash = token_hash, former_until = :until, token_hash = :hash, token_made_at = :now
     WHERE id = :id AND revoked_at IS NULL`,
  );

  const selectFormer = db.prepare<[string], { token_hash: string; name: string; former_until: number }>(
    `SELECT token_hash, name, former_until FROM agent
     WHERE former_token_hash = ? AND former_token_hash IS NOT NULL AND removed_at IS NULL`,
  );

  const selectOfMachine = db.prepare<[{ id: string; now: number }], { hash: string }>(
    `SELECT token_hash AS hash FROM machine WHERE id = :id AND revoked_at IS NULL
     UNION ALL SELECT former_token_hash FROM machine
     WHERE id = :id AND revoked_at IS NULL AND former_token_hash IS NOT NULL AND former_until > :now`,
  );

  return {
    /** Hashes of the tokens that a machine may show now. */
    ofMachine: (id: string) => selectOfMachine.all({ id, now: clock.now() }).map(({ hash }) => hash),
    /** The agent that had this token before another one: that one's hash, and whether this is good still. */
    formerOf(hash: string): { readonly hash: string; readonly name: string; readonly isGood: boolean } | undefined {
      const row = selectFormer.get(hash);
      return row && { hash: row.token_hash, name: row.name, isGood: row.former_until > clock.now() };
    },
    /** Until when the token before is good; undefined when this is the token already, `taken` when it is or was another's. */
    rotate(id: AgentId | MachineId, hash: string, overlapMs: number): number | undefined | "taken" {
      const isAgent = AgentId.safeParse(id).success;
      const row = (isAgent ? selectAgent : selectMachine).get(id);
      if (!row || row.token_hash === hash) return undefined;
      if (selectTaken.get({ hash })) return "taken";
      const now = clock.now();
      if (isAgent) callers.forget(row.pk);
      (isAgent ? rotateAgent : rotateMachine).run({ id, hash, now, until: now + overlapMs });
      return now + overlapMs;
    },
  };
}
