/** SQL of tokens that are exchanged: the one before is good for a while beside the new one. */
import { AgentId, type MachineId } from "@agentmesh/protocol";
import type { EngineContext } from "../context.ts";

/** Who has, or had, a token: an agent, a machine, or somebody who was put out. */
const TAKEN = `
  SELECT id FROM agent WHERE token_hash = $1
  UNION ALL SELECT id FROM agent WHERE former_token_hash = $1 AND former_token_hash IS NOT NULL
  UNION ALL SELECT id FROM machine WHERE token_hash = $1
  UNION ALL SELECT id FROM machine WHERE former_token_hash = $1 AND former_token_hash IS NOT NULL
  UNION ALL SELECT 'void' FROM void_token WHERE token_hash = $1 LIMIT 1`;

/** The statements on them. */
export function tokenStatements({ db, now }: EngineContext) {
  const heldAgent = (id: string) =>
    db.get<{ token_hash: string }>(`SELECT token_hash FROM agent WHERE id = $1 AND removed_at IS NULL FOR UPDATE`, [
      id,
    ]);
  const heldMachine = (id: string) =>
    db.get<{ token_hash: string }>(`SELECT token_hash FROM machine WHERE id = $1 AND revoked_at IS NULL FOR UPDATE`, [
      id,
    ]);
  const rotateAgent = (id: string, hash: string, until: number) =>
    db.run(
      `UPDATE agent SET former_token_hash = token_hash, former_until = $1, token_hash = $2, token_made_at = $3
       WHERE id = $4 AND removed_at IS NULL`,
      [until, hash, now, id],
    );
  const rotateMachine = (id: string, hash: string, until: number) =>
    db.run(
      `UPDATE machine SET former_token_hash = token_hash, former_until = $1, token_hash = $2, token_made_at = $3
       WHERE id = $4 AND revoked_at IS NULL`,
      [until, hash, now, id],
    );

  return {
    /** Hashes of the tokens that a machine may show now. */
    ofMachine: async (id: string) =>
      (
        await db.all<{ hash: string }>(
          `SELECT token_hash AS hash FROM machine WHERE id = $1 AND revoked_at IS NULL
           UNION ALL SELECT former_token_hash FROM machine
           WHERE id = $1 AND revoked_at IS NULL AND former_token_hash IS NOT NULL AND former_until > $2`,
          [id, now],
        )
      ).map(({ hash }) => hash),
    /** The agent that had this token before another one: that one's hash, and whether this is good still. */
    async formerOf(hash: string): Promise<{ hash: string; name: string; isGood: boolean } | undefined> {
      const row = await db.get<{ token_hash: string; name: string; former_until: number }>(
        `SELECT token_hash, name, former_until FROM agent
         WHERE former_token_hash = $1 AND former_token_hash IS NOT NULL AND removed_at IS NULL`,
        [hash],
      );
      return row && { hash: row.token_hash, name: row.name, isGood: row.former_until > now };
    },
    /** Until when the token before is good; undefined when this is the token already, `taken` when it is or was another's. */
    async rotate(id: AgentId | MachineId, hash: string, overlapMs: number): Promise<number | undefined | "taken"> {
      const isAgent = AgentId.safeParse(id).success;
      const row = await (isAgent ? heldAgent(id) : heldMachine(id));
      if (!row || row.token_hash === hash) return undefined;
      if (await db.get(TAKEN, [hash])) return "taken";
      const until = now + overlapMs;
      await (isAgent ? rotateAgent(id, hash, until) : rotateMachine(id, hash, until));
      return until;
    },
  };
}
