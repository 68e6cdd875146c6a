/** SQL of machines that joined, and of the tokens that are void since one or an agent was revoked. */
import type { AgentId, InviteKind, MachineId } from "@agentmesh/protocol";
import type { CallingMachine, MachineRecord, MachineToJoin, VoidToken } from "../../../mesh/store.ts";
import {
  callingMachine,
  type ItsAgents,
  MACHINE,
  type MachineRow,
  machineRecord,
} from "../../shared/access/machines.ts";
import type { EngineContext } from "../context.ts";

/** How many agents a machine has, how many of them have a session, and when one of them was heard of last. */
const ITS_AGENTS = `
  SELECT COUNT(*) AS agents, COUNT(s.beat_at) AS online, COALESCE(MAX(COALESCE(s.beat_at, a.last_seen_at)), 0) AS "heardAt"
  FROM agent a LEFT JOIN LATERAL
    (SELECT MAX(beat_at) AS beat_at FROM session WHERE agent_pk = a.pk) s ON TRUE
  WHERE a.machine_pk = $1 AND a.machine_pk IS NOT NULL AND a.removed_at IS NULL`;

/** The statements on machines. */
export function machineStatements({ db, now }: EngineContext) {
  const byCurrent = (tokenHash: string) =>
    db.get<MachineRow>(`${MACHINE} WHERE token_hash = $1 AND revoked_at IS NULL`, [tokenHash]);
  const byFormer = (tokenHash: string, at: number) =>
    db.get<MachineRow>(
      `${MACHINE} WHERE former_token_hash = $1 AND former_token_hash IS NOT NULL AND former_until > $2
         AND revoked_at IS NULL`,
      [tokenHash, at],
    );
  const byId = (id: string) => db.get<MachineRow>(`${MACHINE} WHERE id = $1`, [id]);
  const byHost = (host: string) =>
    db.all<MachineRow>(`${MACHINE} WHERE host = $1 AND revoked_at IS NULL ORDER BY pk LIMIT 10`, [host]);
  const present = (limit: number) =>
    db.all<MachineRow>(`${MACHINE} WHERE revoked_at IS NULL ORDER BY pk DESC LIMIT $1`, [limit]);
  const every = (limit: number) => db.all<MachineRow>(`${MACHINE} ORDER BY pk DESC LIMIT $1`, [limit]);
  const voidToken = (tokenHash: string) =>
    db.get<VoidToken>(`SELECT name, at FROM void_token WHERE token_hash = $1`, [tokenHash]);

  const record = async (row: MachineRow): Promise<MachineRecord> => {
    const its = await db.get<ItsAgents>(ITS_AGENTS, [row.pk]);
    return machineRecord(row, its ?? { agents: 0, online: 0, heardAt: 0 });
  };
  const records = async (rows: readonly MachineRow[]): Promise<MachineRecord[]> => {
    const found: MachineRecord[] = [];
    for (const row of rows) found.push(await record(row));
    return found;
  };
  const pkOf = async (id: MachineId): Promise<number | undefined> =>
    (await db.get<{ pk: number }>(`SELECT pk FROM machine WHERE id = $1 AND revoked_at IS NULL`, [id]))?.pk;

  return {
    /** Whether a machine has, or had, this token. */
    isTaken: async (tokenHash: string): Promise<boolean> =>
      ((await byCurrent(tokenHash)) ?? (await byFormer(tokenHash, 0)) ?? (await voidToken(tokenHash))) !== undefined,
    async record(pk: number): Promise<MachineRecord | undefined> {
      const row = await db.get<MachineRow>(`${MACHINE} WHERE pk = $1`, [pk]);
      return row && record(row);
    },
    async byToken(tokenHash: string): Promise<CallingMachine | undefined> {
      const row = (await byCurrent(tokenHash)) ?? (await byFormer(tokenHash, now));
      return row && callingMachine(row);
    },
    /** Key of one that was not revoked. */
    pkOf,
    /** The same; until this act ends it is not revoked, and no other agent of it registers. */
    heldPkOf: async (id: MachineId): Promise<number | undefined> =>
      (
        await db.get<{ pk: number }>(`SELECT pk FROM machine WHERE id = $1 AND revoked_at IS NULL FOR NO KEY UPDATE`, [
          id,
        ])
      )?.pk,
    async find(idOrHost: string): Promise<MachineRecord[]> {
      const known = await byId(idOrHost);
      return records(known ? [known] : await byHost(idOrHost));
    },
    list: async (all: boolean, limit: number) => records(await (all ? every(limit) : present(limit))),
    countPresent: async (): Promise<number> =>
      (await db.get<{ n: number }>(`SELECT COUNT(*) AS n FROM machine WHERE revoked_at IS NULL`))?.n ?? 0,
    async insert(
      { id, tokenHash, host, version, address }: MachineToJoin,
      kind: InviteKind,
      names: string | null,
    ): Promise<number> {
      const made = await db.get<{ pk: number }>(
        `INSERT INTO machine (id, token_hash, token_made_at, host, kind, names, version, address, joined_at, last_seen_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $3, $3) RETURNING pk`,
        [id, tokenHash, now, host, kind, names, version ?? null, address ?? null],
      );
      if (!made) throw new Error(`machine ${id} vanished while it joined`);
      return made.pk;
    },
    note: (id: MachineId, address: string | undefined) =>
      db.run(`UPDATE machine SET last_seen_at = $1, address = COALESCE($2, address) WHERE id = $3`, [
        ...[now, address ?? null, id],
      ]),
    /** Its credential is void for good, and so are its agents' tokens from the moment in which they leave. */
    async revoke(pk: number): Promise<void> {
      await db.run(
        `INSERT INTO void_token (token_hash, name, at)
         SELECT token_hash, host, $1::BIGINT FROM machine WHERE pk = $2
         UNION SELECT former_token_hash, host, $1::BIGINT FROM machine WHERE pk = $2 AND former_token_hash IS NOT NULL
         ON CONFLICT DO NOTHING`,
        [now, pk],
      );
      await db.run(`UPDATE machine SET revoked_at = $1 WHERE pk = $2`, [now, pk]);
    },
    countAgents: async (pk: number): Promise<number> =>
      (
        await db.get<{ n: number }>(
          `SELECT COUNT(*) AS n FROM agent WHERE machine_pk = $1 AND machine_pk IS NOT NULL AND removed_at IS NULL`,
          [pk],
        )
      )?.n ?? 0,
    /** Some of its agents that are there. */
    agentsOf: (pk: number, limit: number) =>
      db.all<{ id: AgentId; pk: number }>(
        `SELECT id, pk FROM agent
         WHERE machine_pk = $1 AND machine_pk IS NOT NULL AND removed_at IS NULL ORDER BY pk LIMIT $2`,
        [pk, limit],
      ),
    /** Agents of revoked machines that have not left yet. */
    ofRevoked: (limit: number) =>
      db.all<{ id: AgentId; pk: number }>(
        `SELECT a.id, a.pk FROM machine m JOIN agent a ON a.machine_pk = m.pk
         WHERE a.machine_pk IS NOT NULL AND a.removed_at IS NULL AND m.revoked_at IS NOT NULL ORDER BY a.pk LIMIT $1`,
        [limit],
      ),
    /** An agent's tokens are void for good. */
    voidOfAgent: (pk: number) =>
      db.run(
        `INSERT INTO void_token (token_hash, name, at)
         SELECT token_hash, name, $1::BIGINT FROM agent WHERE pk = $2
         UNION SELECT former_token_hash, name, $1::BIGINT FROM agent WHERE pk = $2 AND former_token_hash IS NOT NULL
         ON CONFLICT DO NOTHING`,
        [now, pk],
      ),
    voidToken,
  };
}
