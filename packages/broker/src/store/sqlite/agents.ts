/** SQL of agents. */
import { AgentId, numberedName } from "@agentmesh/protocol";
import type { Standing } from "../../mesh/acceptance/trust-class.ts";
import { timestamp } from "../../mesh/clock.ts";
import { MeshError } from "../../mesh/errors.ts";
import type { AgentRecord, AgentToRegister, FocusTerms, PolicyRules, RegisteredAgent } from "../../mesh/store.ts";
import {
  type AgentRow,
  agentRecord,
  focusOf,
  type PartyRow,
  policyOf,
  type StandingRow,
} from "../shared/rows/agents.ts";
import { callerStatements } from "./agent/callers.ts";
import type { profileStatements } from "./agent/profiles.ts";
import type { archiveStatements } from "./archive.ts";
import type { EngineContext } from "./context.ts";
import type { SessionsInMemory } from "./memory/sessions.ts";
import type { formerNameStatements } from "./names/former-names.ts";

/** Columns of an agent with what its inbox and its webhook say now; its sessions are in memory. */
export const AGENT = `
  SELECT a.pk, a.id, a.name, a.profile, a.registered_at, a.last_seen_at, a.archived_at, a.queued_count, a.held_count,
    a.open_count, a.trust, a.person, a.focus_until, a.focus_allows, a.focus_reason, a.asked_name,
    a.token_made_at, a.machine_pk, (SELECT json_object('id', m.id, 'host', m.host) FROM machine m WHERE m.pk = a.machine_pk) AS machine,
    iif(a.queued_count = 0, NULL, (SELECT d.accepted_at FROM delivery d WHERE d.agent_pk = a.pk
       AND d.state IN ('queued', 'leased') AND d.state = 'queued' ORDER BY d.seq LIMIT 1)) AS oldest_queued_at,
    (SELECT json_object('provenAt', w.proven_at, 'failedWhy', w.failed_why, 'restsUntil', w.rests_until)
       FROM webhook w WHERE w.agent_pk = a.pk) AS webhook
  FROM agent a`;

/** An agent that has left, and whose mail has not ended. */
export const REMOVED_WITH_MAIL = `SELECT pk FROM agent WHERE removed_at IS NOT NULL AND open_count > 0 LIMIT 1`;

/** Columns of an agent as acts know it, without its sessions. */
const PARTY = `
  SELECT a.pk, a.id, a.name, a.archived_at, a.queued_count, a.held_count, a.open_count, a.trust,
    a.focus_until, a.focus_allows, a.focus_reason
  FROM agent a`;

/** What decides how a message comes: whose agent it is, and where that says it works. */
const STANDING = `
  SELECT a.trust, a.person, a.machine_pk AS machine, json_extract(a.profile, '$.host') AS host,
    json_extract(a.profile, '$.repo') AS repo, json_extract(a.profile, '$.repoUrl') AS repoUrl
  FROM agent a WHERE a.pk = ?`;

/** The statements on agents. */
export function agentStatements(
  context: EngineContext,
  archive: ReturnType<typeof archiveStatements>,
  formerNames: ReturnType<typeof formerNameStatements>,
  profiles: ReturnType<typeof profileStatements>,
  sessions: SessionsInMemory,
) {
  const { db, clock, callers, delayed, happened, notice } = context;
  const selectByToken = db.prepare<[string], AgentRow>(`${AGENT} WHERE a.token_hash = ? AND a.removed_at IS NULL`);
  const selectById = db.prepare<[string], AgentRow>(`${AGENT} WHERE a.id = ? AND a.removed_at IS NULL`);
  const selectByName = db.prepare<[string], AgentRow>(
    `${AGENT} WHERE a.name = ? AND a.removed_at IS NULL AND a.archived_at IS NULL`,
  );
  const selectByFormerName = db.prepare<[string], AgentRow>(
    `${AGENT} WHERE a.pk = (SELECT agent_pk FROM former_name WHERE name = ?) AND a.removed_at IS NULL`,
  );
  const selectArchivedByName = db.prepare<[string], AgentRow>(
    `${AGENT} WHERE a.name = ? AND a.removed_at IS NULL AND a.archived_at IS NOT NULL
     ORDER BY a.archived_at DESC LIMIT 1`,
  );
  const selectQueued = db.prepare<[string], Pick<PartyRow, "queued_count">>(
    `SELECT queued_count FROM agent WHERE id = ?`,
  );
  const insert = db.prepare<[string, string, string, string, number, string, string | null, number | null]>(
    `INSERT INTO agent (id, name, token_hash, profile, registered_at, trust, asked_name, machine_pk)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const markPerson = db.prepare<[string]>(`UPDATE agent SET person = 1 WHERE token_hash = ? AND person = 0`);
  const selectStanding = db.prepare<[number], StandingRow>(STANDING);
  // Who was given a name by a person is nobody's namesake any more.
  const updateName = db.prepare<[string, number]>(`UPDATE agent SET name = ?, asked_name = NULL WHERE pk = ?`);
  const updateFocus = db.prepare<[number | null, string | null, string | null, number]>(
    `UPDATE agent SET focus_until = ?, focus_allows = ?, focus_reason = ? WHERE pk = ?`,
  );
  const selectFocusEnded = db.prepare<[number, number], { id: AgentId }>(
    `SELECT id FROM agent WHERE focus_until IS NOT NULL AND focus_until > ? AND focus_until <= ?`,
  );
  const selectPolicy = db.prepare<[number], { policy: string | null }>(`SELECT policy FROM agent WHERE pk = ?`);
  const updatePolicy = db.prepare<[string, number]>(`UPDATE agent SET policy = ? WHERE pk = ?`);
  const markRemoved = db.prepare<[number, number]>(
    `UPDATE agent SET removed_at = ?, token_hash = 'removed:' || id, former_token_hash = NULL WHERE pk = ?`,
  );

  const selectPk = db.prepare<[string], { pk: number }>(`SELECT pk FROM agent WHERE id = ?`);
  const selectRemovedWithMail = db.prepare<[], { pk: number }>(REMOVED_WITH_MAIL);
  const selectRow = db.prepare<[string], PartyRow>(`${PARTY} WHERE a.id = ? AND a.removed_at IS NULL`);
  const selectRowByPk = db.prepare<[number], PartyRow>(`${PARTY} WHERE a.pk = ? AND a.removed_at IS NULL`);
  const record = (row: AgentRow | undefined): AgentRecord | undefined =>
    row && agentRecord(row, sessions.newestOf(row.pk), clock.now());
  const row = (id: AgentId) => selectRow.get(id);

  function freeName(
    wanted: string,
    ifTaken: "refuse" | "number",
    otherNames: AgentToRegister["otherNames"] = () => [],
  ): string {
    const holder = record(selectByName.get(wanted));
    if (!holder) return wanted;
    if (ifTaken === "refuse") {
      throw new MeshError(
        "agent_name_taken",
        `Another agent is named ${wanted}. Choose another name, or register with ifTaken "number" to be given one like it.`,
      );
    }
    for (const name of otherNames(holder.profile)) if (!selectByName.get(name)) return name;
    for (let n = 2; ; n++) {
      const name = numberedName(wanted, n);
      if (!selectByName.get(name)) return name;
    }
  }

  /**
   * Notes a sign of life, and takes an agent out of the archive: with its name, or a numbered one when another agent has
   * that by now. Returns the name that it lost.
   */
  function revive({ pk, id, name: was, archived_at }: PartyRow): string | undefined {
    const name = archived_at === null ? was : freeName(was, "number");
    archive.noteLife(pk, name);
    if (archived_at === null) return undefined;
    formerNames.drop(name);
    notice("info", "agent.back", { agentId: id, name, was });
    happened(pk, "agent.back", name === was ? {} : { was });
    return name === was ? undefined : was;
  }

  return {
    row,
    /** What an agent is known by where a message of it, or for it, is accepted; also of one that has left. */
    standing(pk: number, byProgram = false): Standing {
      const row = selectStanding.get(pk);
      if (!row) throw new Error(`there is no agent with the key ${pk}`);
      return { ...row, person: row.person === 1 && !byProgram };
    },
    /** Key of an agent, also of one that has left; 0, which nobody has, for one that was never there. */
    pkOf: (id: AgentId) => selectPk.get(id)?.pk ?? 0,
    /** One that has left and whose inbox holds something open. */
    removedWithMail: () => selectRemovedWithMail.get()?.pk,
    byToken: callerStatements(context, sessions).byToken,
    queued: (id: AgentId): number => selectQueued.get(id)?.queued_count ?? 0,
    /** By id, and what is an id is nothing else; by the name of one that is there, then a former one, then of the one archived last. */
    find: (nameOrId: string) =>
      record(
        AgentId.safeParse(nameOrId).success
          ? selectById.get(nameOrId)
          : (selectByName.get(nameOrId) ?? selectByFormerName.get(nameOrId) ?? selectArchivedByName.get(nameOrId)),
      ),
    revive,
    current: (id: AgentId): AgentRecord => {
      const found = record(selectById.get(id));
      if (!found) throw new MeshError("agent_not_found", `Agent ${id} has left the mesh.`);
      return found;
    },

    ownerOf: (tokenHash: string) => selectByToken.get(tokenHash),
    register(agent: AgentToRegister, machinePk: number | null): RegisteredAgent {
      const known = selectByToken.get(agent.tokenHash);
      const renamedFrom = known && revive(known);
      if (known) {
        profiles.set(known.pk, agent.profile);
      } else {
        const name = freeName(agent.name, agent.ifTaken, agent.otherNames);
        const { id, tokenHash, profile, trust = "verified" } = agent;
        const asked = name === agent.name ? null : agent.name;
        insert.run(id, name, tokenHash, JSON.stringify(profile), clock.now(), trust, asked, machinePk);
        formerNames.drop(name);
        const pk = selectPk.get(id)?.pk ?? 0;
        happened(pk, "agent.registered", {});
        if (profile.summary !== undefined) happened(pk, "agent.summary", { summary: profile.summary });
      }
      if (agent.person === true) markPerson.run(agent.tokenHash);
      const stored = record(selectByToken.get(agent.tokenHash));
      if (!stored) throw new Error(`agent ${agent.id} vanished while it was registered`);
      return { agent: stored, created: known === undefined, renamedFrom };
    },

    /** Gives an agent another name; the old one leads to it. @throws MeshError agent_name_taken */
    rename({ pk, name: was }: Pick<AgentRow, "pk" | "name">, name: string): void {
      if (name === was) return;
      if (selectByName.get(name)) {
        throw new MeshError("agent_name_taken", `Another agent is named ${name}. Choose another name.`);
      }
      callers.forget(pk);
      updateName.run(name, pk);
      formerNames.drop(name);
      formerNames.put(was, pk);
      happened(pk, "agent.renamed", { was });
    },
    /** Begins a focus; without terms, ends it. */
    setFocus(pk: number, focus: FocusTerms | undefined): void {
      const before = selectRowByPk.get(pk);
      if (!focus) {
        updateFocus.run(null, null, null, pk);
        if (before && focusOf(before, clock.now())) happened(pk, "agent.focus", {});
        return;
      }
      const { forMs, allows, reason } = focus;
      const until = clock.now() + forMs;
      delayed(until);
      updateFocus.run(until, allows, reason ?? null, pk);
      const told = { until: timestamp(until), allows, ...(reason !== undefined && { reason }) };
      happened(pk, "agent.focus", { focus: told });
    },
    focusEnded: (after: number, until: number) => selectFocusEnded.all(after, until),
    policy: (pk: number): PolicyRules | undefined => policyOf(selectPolicy.get(pk)?.policy),
    setPolicy(pk: number, rules: PolicyRules): void {
      updatePolicy.run(JSON.stringify(rules), pk);
      happened(pk, "policy.set", {});
    },
    markRemoved(pk: number): void {
      // The last thing that is told of it.
      happened(pk, "agent.removed", {});
      callers.forget(pk);
      markRemoved.run(clock.now(), pk);
    },
  };
}
