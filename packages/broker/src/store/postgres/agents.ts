/** SQL of agents. */
import { AgentId, numberedName } from "@agentmesh/protocol";
import type { Standing } from "../../mesh/acceptance/trust-class.ts";
import { MeshError } from "../../mesh/errors.ts";
import type { AgentRecord, AgentToRegister, RegisteredAgent } from "../../mesh/store.ts";
import { type AgentRow, agentRecord, type PartyRow, type StandingRow } from "../shared/rows/agents.ts";
import { callerStatements } from "./agent/callers.ts";
import type { profileStatements } from "./agent/profiles.ts";
import type { archiveStatements } from "./archive.ts";
import { NotSharedError } from "./commits/locked.ts";
import type { EngineContext } from "./context.ts";
import { MESH_PK } from "./migrations/0003-counts.ts";
import type { formerNameStatements } from "./names/former-names.ts";
import { NEWEST, newestSigns } from "./rows/signs.ts";

/** An agent with what its sessions say of it. */
export interface SeenRow extends AgentRow {
  readonly newest: string | null;
}

/** Columns of an agent with what its sessions, its inbox and its webhook say now. */
export const AGENT = `
  SELECT a.pk, a.id, a.name, a.profile, a.registered_at, a.last_seen_at, a.archived_at, a.queued_count, a.held_count,
    a.open_count, a.trust, a.person, a.focus_until, a.focus_allows, a.focus_reason, a.asked_name,
    a.token_made_at, a.machine_pk,
    (SELECT json_build_object('id', m.id, 'host', m.host)::TEXT FROM machine m WHERE m.pk = a.machine_pk) AS machine,
    CASE WHEN a.queued_count > 0 THEN (SELECT d.accepted_at FROM delivery d WHERE d.agent_pk = a.pk
       AND d.state IN ('queued', 'leased') AND d.state = 'queued' ORDER BY d.seq LIMIT 1) END AS oldest_queued_at,
    (SELECT json_build_object('provenAt', w.proven_at, 'failedWhy', w.failed_why, 'restsUntil', w.rests_until)::TEXT
       FROM webhook w WHERE w.agent_pk = a.pk) AS webhook,
    ${NEWEST} AS newest
  FROM agent a`;

/** Columns of an agent as acts know it, without its sessions. */
const PARTY = `
  SELECT a.pk, a.id, a.name, a.archived_at, a.queued_count, a.held_count, a.open_count, a.trust,
    a.focus_until, a.focus_allows, a.focus_reason
  FROM agent a`;

/** What decides how a message comes: whose agent it is, and where that says it works. */
const STANDING = `
  SELECT a.trust, a.person, a.machine_pk AS machine, a.profile::JSON ->> 'host' AS host,
    a.profile::JSON ->> 'repo' AS repo, a.profile::JSON ->> 'repoUrl' AS "repoUrl"
  FROM agent a WHERE a.pk = $1`;

/** In one order for all acts, so that none waits for one that waits for it; keys that refer to them are not kept waiting. */
const LOCK = `SELECT pk FROM agent WHERE pk = ANY ($1::BIGINT[]) ORDER BY pk FOR NO KEY UPDATE`;

/** The statements on agents. */
export function agentStatements(
  context: EngineContext,
  archive: ReturnType<typeof archiveStatements>,
  formerNames: ReturnType<typeof formerNameStatements>,
  profiles: ReturnType<typeof profileStatements>,
) {
  const { db, now, happened, notice, numbers, locked } = context;
  const one = (where: string, ...values: (string | number)[]) => db.get<SeenRow>(`${AGENT} WHERE ${where}`, values);
  const present = (name: string) => one("a.name = $1 AND a.removed_at IS NULL AND a.archived_at IS NULL", name);
  const byId = (id: string) => one("a.id = $1 AND a.removed_at IS NULL", id);
  const byFormerName = (name: string) =>
    one("a.pk = (SELECT agent_pk FROM former_name WHERE name = $1) AND a.removed_at IS NULL", name);
  const archivedBy = (name: string) =>
    one(
      `a.name = $1 AND a.removed_at IS NULL AND a.archived_at IS NOT NULL
       ORDER BY a.archived_at DESC LIMIT 1`,
      name,
    );
  const ownerOf = (tokenHash: string) => one("a.token_hash = $1 AND a.removed_at IS NULL", tokenHash);
  const record = (row: SeenRow | undefined): AgentRecord | undefined =>
    row && agentRecord(row, newestSigns(row.newest), now);
  const row = (id: AgentId) => db.get<PartyRow>(`${PARTY} WHERE a.id = $1 AND a.removed_at IS NULL`, [id]);
  const rowByPk = (pk: number) => db.get<PartyRow>(`${PARTY} WHERE a.pk = $1 AND a.removed_at IS NULL`, [pk]);
  const pkOf = async (id: AgentId): Promise<number> =>
    (await db.get<{ pk: number }>(`SELECT pk FROM agent WHERE id = $1`, [id]))?.pk ?? 0;

  /**
   * What hangs on an agent, its inbox and what is kept of it, is changed by whoever locked it. All that an act needs are locked
   * at once, before it takes a number.
   */
  async function lock(pks: readonly number[]): Promise<void> {
    const missing = [...new Set(pks)].filter((pk) => pk !== 0 && !locked.has(pk));
    if (missing.length === 0) return;
    if (locked.isWhole) throw new NotSharedError();
    if (numbers.isHeld) throw new Error(`agents ${missing.join(", ")} were not locked before a number was taken`);
    await db.all(LOCK, [missing]);
    for (const pk of missing) locked.add(pk);
  }

  /** The same with the mesh itself, of which a notice may be kept. */
  const lockWithMesh = (pks: readonly number[]) => lock([...pks, MESH_PK]);

  /** The same of one, by its id; its row as it is from now on. */
  async function lockedRow(id: AgentId): Promise<PartyRow | undefined> {
    const pk = await pkOf(id);
    if (pk === 0) return undefined;
    await lock([pk]);
    return rowByPk(pk);
  }

  async function freeName(
    wanted: string,
    ifTaken: "refuse" | "number",
    otherNames: AgentToRegister["otherNames"] = () => [],
  ): Promise<string> {
    const holder = record(await present(wanted));
    if (!holder) return wanted;
    if (ifTaken === "refuse") {
      throw new MeshError(
        "agent_name_taken",
        `Another agent is named ${wanted}. Choose another name, or register with ifTaken "number" to be given one like it.`,
      );
    }
    for (const name of otherNames(holder.profile)) if (!(await present(name))) return name;
    for (let n = 2; ; n++) {
      const name = numberedName(wanted, n);
      if (!(await present(name))) return name;
    }
  }

  /**
   * Notes a sign of life, and takes an agent out of the archive: with its name, or a numbered one when another agent has
   * that by now. Returns the name that it lost.
   */
  async function revive({ pk, id, name: was, archived_at }: PartyRow): Promise<string | undefined> {
    const name = archived_at === null ? was : await freeName(was, "number");
    await archive.noteLife(pk, name);
    if (archived_at === null) return undefined;
    await formerNames.drop(name);
    notice("info", "agent.back", { agentId: id, name, was });
    await happened(pk, "agent.back", name === was ? {} : { was });
    return name === was ? undefined : was;
  }

  return {
    lock,
    lockWithMesh,
    /** Whether this act has locked one. */
    holds: (pk: number): boolean => locked.has(pk),
    lockedRow,
    row,
    rowByPk,
    /** What an agent is known by where a message of it, or for it, is accepted; also of one that has left. */
    async standing(pk: number, byProgram = false): Promise<Standing> {
      const found = await db.get<StandingRow>(STANDING, [pk]);
      if (!found) throw new Error(`there is no agent with the key ${pk}`);
      return { ...found, person: found.person === 1 && !byProgram };
    },
    /** Key of an agent, also of one that has left; 0, which nobody has, for one that was never there. */
    pkOf,
    /** One that has left and whose inbox holds something open. */
    removedWithMail: async () =>
      (await db.get<{ pk: number }>(`SELECT pk FROM agent WHERE removed_at IS NOT NULL AND open_count > 0 LIMIT 1`))
        ?.pk,
    byToken: callerStatements(context).byToken,
    queued: async (id: AgentId): Promise<number> =>
      (await db.get<{ queued_count: number }>(`SELECT queued_count FROM agent WHERE id = $1`, [id]))?.queued_count ?? 0,
    /** By id, and what is an id is nothing else; by the name of one that is there, then a former one, then of the one archived last. */
    find: async (nameOrId: string) =>
      record(
        AgentId.safeParse(nameOrId).success
          ? await byId(nameOrId)
          : ((await present(nameOrId)) ?? (await byFormerName(nameOrId)) ?? (await archivedBy(nameOrId))),
      ),
    revive,
    current: async (id: AgentId): Promise<AgentRecord> => {
      const found = record(await byId(id));
      if (!found) throw new MeshError("agent_not_found", `Agent ${id} has left the mesh.`);
      return found;
    },

    ownerOf,
    async register(agent: AgentToRegister, machinePk: number | null): Promise<RegisteredAgent> {
      const known = await ownerOf(agent.tokenHash);
      if (known) await lock([known.pk]);
      const renamedFrom = known && (await revive(known));
      if (known) {
        await profiles.set(known.pk, agent.profile);
      } else {
        const name = await freeName(agent.name, agent.ifTaken, agent.otherNames);
        const { id, tokenHash, profile, trust = "verified" } = agent;
        const asked = name === agent.name ? null : agent.name;
        const made = await db.get<{ pk: number }>(
          `INSERT INTO agent (id, name, token_hash, profile, registered_at, trust, asked_name, machine_pk)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING pk`,
          [id, name, tokenHash, JSON.stringify(profile), now, trust, asked, machinePk],
        );
        await formerNames.drop(name);
        const pk = made?.pk ?? 0;
        await happened(pk, "agent.registered", {});
        if (profile.summary !== undefined) await happened(pk, "agent.summary", { summary: profile.summary });
      }
      if (agent.person === true) {
        await db.run(`UPDATE agent SET person = 1 WHERE token_hash = $1 AND person = 0`, [agent.tokenHash]);
      }
      const stored = record(await ownerOf(agent.tokenHash));
      if (!stored) throw new Error(`agent ${agent.id} vanished while it was registered`);
      return { agent: stored, created: known === undefined, renamedFrom };
    },

    /** Gives an agent another name; the old one leads to it. @throws MeshError agent_name_taken */
    async rename({ pk, name: was }: Pick<AgentRow, "pk" | "name">, name: string): Promise<void> {
      if (name === was) return;
      if (await present(name)) {
        throw new MeshError("agent_name_taken", `Another agent is named ${name}. Choose another name.`);
      }
      // Who was given a name by a person is nobody's namesake any more.
      await db.run(`UPDATE agent SET name = $1, asked_name = NULL WHERE pk = $2`, [name, pk]);
      await formerNames.drop(name);
      await formerNames.put(was, pk);
      await happened(pk, "agent.renamed", { was });
    },
    async markRemoved(pk: number): Promise<void> {
      // The last thing that is told of it.
      await happened(pk, "agent.removed", {});
      await db.run(
        `UPDATE agent SET removed_at = $1, token_hash = 'removed:' || id, former_token_hash = NULL WHERE pk = $2`,
        [now, pk],
      );
    },
  };
}
