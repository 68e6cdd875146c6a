/** SQL of machines that joined, and of the tokens that are void since one or an agent was revoked. */
import type { AgentId, InviteKind, MachineId } from "@agentmesh/protocol";
import type { CallingMachine, MachineRecord, MachineToJoin, VoidToken } from "../../../mesh/store.ts";
import { callingMachine, MACHINE, type MachineRow, machineRecord } from "../../shared/access/machines.ts";
import type { EngineContext } from "../context.ts";
import type { SessionsInMemory } from "../memory/sessions.ts";

/** Agents that are there of a machine that was revoked. */
export const OF_REVOKED = `
  SELECT a.id FROM machine m JOIN agent a ON a.machine_pk = m.pk
  WHERE a.machine_pk IS NOT NULL AND a.removed_at IS NULL AND m.revoked_at IS NOT NULL LIMIT ?`;

/** The statements on machines. */
export function machineStatements({ db, clock }: EngineContext, sessions: SessionsInMemory) {
  const insert = db.prepare<
    [string, string, number, string, string, string | null, string | null, string | null, number, number]
  >(
    `INSERT INTO machine (id, token_hash, token_made_at, host, kind, names, version, address, joined_at, last_seen_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const selectByToken = db.prepare<[string], MachineRow>(`${MACHINE} WHERE token_hash = ? AND revoked_at IS NULL`);
  const selectByFormer = db.prepare<[string, number], MachineRow>(
    `${MACHINE} WHERE former_token_hash = ? AND former_token_hash IS NOT NULL AND former_until > ? AND revoked_at IS NULL`,
  );
  const selectByPk = db.prepare<[number], MachineRow>(`${MACHINE} WHERE pk = ?`);
  const selectById = db.prepare<[string], MachineRow>(`${MACHINE} WHERE id = ?`);
  const selectByHost = db.prepare<[string], MachineRow>(`${MACHINE} WHERE host = ? AND revoked_at IS NULL LIMIT 10`);
  const selectPresent = db.prepare<[number], MachineRow>(
    `${MACHINE} WHERE revoked_at IS NULL ORDER BY pk DESC LIMIT ?`,
  );
  const selectAll = db.prepare<[number], MachineRow>(`${MACHINE} ORDER BY pk DESC LIMIT ?`);
  const countPresent = db.prepare<[], { n: number }>(`SELECT COUNT(*) AS n FROM machine WHERE revoked_at IS NULL`);
  const note = db.prepare<[number, string | null, string]>(
    `UPDATE machine SET last_seen_at = ?, address = COALESCE(?, address) WHERE id = ?`,
  );
  const revoke = db.prepare<[number, number]>(`UPDATE machine SET revoked_at = ? WHERE pk = ?`);
  const selectAgents = db.prepare<[number], { pk: number; last_seen_at: number | null }>(
    `SELECT pk, last_seen_at FROM agent WHERE machine_pk = ? AND machine_pk IS NOT NULL AND removed_at IS NULL`,
  );
  const countAgents = db.prepare<[number], { n: number }>(
    `SELECT COUNT(*) AS n FROM agent WHERE machine_pk = ? AND machine_pk IS NOT NULL AND removed_at IS NULL`,
  );
  const selectOfRevoked = db.prepare<[number], { id: AgentId }>(OF_REVOKED);
  const selectPkById = db.prepare<[string], { pk: number }>(
    `SELECT pk FROM machine WHERE id = ? AND revoked_at IS NULL`,
  );
  const selectVoid = db.prepare<[string], VoidToken>(`SELECT name, at FROM void_token WHERE token_hash = ?`);
  const voidOfMachine = db.prepare<[{ pk: number; now: number }]>(
    `INSERT OR IGNORE INTO void_token (token_hash, name, at)
     SELECT token_hash, host, :now FROM machine WHERE pk = :pk
     UNION SELECT former_token_hash, host, :now FROM machine WHERE pk = :pk AND former_token_hash IS NOT NULL`,
  );
  const voidOfAgent = db.prepare<[{ pk: number; now: number }]>(
    `INSERT OR IGNORE INTO void_token (token_hash, name, at)
     SELECT token_hash, name, :now FROM agent WHERE pk = :pk
     UNION SELECT former_token_hash, name, :now FROM agent WHERE pk = :pk AND former_token_hash IS NOT NULL`,
  );

  const record = (row: MachineRow): MachineRecord => {
    const agents = selectAgents.all(row.pk);
    const beats = agents.map(({ pk, last_seen_at }) => sessions.newestOf(pk)?.beatAt ?? last_seen_at ?? 0);
    return machineRecord(row, {
      agents: agents.length,
      online: agents.filter(({ pk }) => sessions.newestOf(pk) !== undefined).length,
      heardAt: Math.max(0, ...beats),
    });
  };

  return {
    /** Whether a machine has, or had, this token. */
    isTaken: (tokenHash: string): boolean =>
      selectByToken.get(tokenHash) !== undefined ||
      selectByFormer.get(tokenHash, 0) !== undefined ||
      selectVoid.get(tokenHash) !== undefined,
    record: (pk: number): MachineRecord | undefined => {
      const row = selectByPk.get(pk);
      return row && record(row);
    },
    byToken(tokenHash: string): CallingMachine | undefined {
      const row = selectByToken.get(tokenHash) ?? selectByFormer.get(tokenHash, clock.now());
      return row && callingMachine(row);
    },
    /** Key of one that was not revoked. */
    pkOf: (id: MachineId): number | undefined => selectPkById.get(id)?.pk,
    find: (idOrHost: string): MachineRecord[] => {
      const byId = selectById.get(idOrHost);
      return (byId ? [byId] : selectByHost.all(idOrHost)).map(record);
    },
    list: (all: boolean, limit: number) => (all ? selectAll : selectPresent).all(limit).map(record),
    countPresent: (): number => countPresent.get()?.n ?? 0,
    insert({ id, tokenHash, host, version, address }: MachineToJoin, kind: InviteKind, names: string | null): number {
      const now = clock.now();
      insert.run(id, tokenHash, now, host, kind, names, version ?? null, address ?? null, now, now);
      const made = selectPkById.get(id);
      if (!made) throw new Error(`machine ${id} vanished while it joined`);
      return made.pk;
    },
    note: (id: MachineId, address: string | undefined) => note.run(clock.now(), address ?? null, id),
    /** Its credential is void for good, and so are its agents' tokens from the moment in which they leave. */
    revoke(pk: number): void {
      voidOfMachine.run({ pk, now: clock.now() });
      revoke.run(clock.now(), pk);
    },
    countAgents: (pk: number): number => countAgents.get(pk)?.n ?? 0,
    /** Agents of revoked machines that have not left yet. */
    ofRevoked: (limit: number) => selectOfRevoked.all(limit),
    /** An agent's tokens are void for good. */
    voidOfAgent: (pk: number) => voidOfAgent.run({ pk, now: clock.now() }),
    voidToken: (tokenHash: string) => selectVoid.get(tokenHash),
  };
}
