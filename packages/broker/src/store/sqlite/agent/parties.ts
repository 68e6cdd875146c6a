/** SQL of agents with all that decides whether a message comes into their inboxes, and how. */
import type { AgentId } from "@agentmesh/protocol";
import type { Standing } from "../../../mesh/acceptance/trust-class.ts";
import type { PartyRow, StandingRow } from "../../shared/rows/agents.ts";
import type { Database } from "../driver/database.ts";

interface WholeRow extends PartyRow, StandingRow {
  /** Of what is open in its inbox. */
  readonly open_bytes: number;
  /** The number of the next delivery in it. */
  readonly next_seq: number;
  readonly policy: string | null;
}

/** An agent as who accepts a message needs to know it. */
export interface WholeParty extends Omit<WholeRow, keyof Standing> {
  readonly trust: Standing["trust"];
  readonly standing: Standing;
}

const WHOLE = `
  SELECT a.pk, a.id, a.name, a.archived_at, a.queued_count, a.held_count, a.open_count, a.open_bytes, a.next_seq,
    a.focus_until, a.focus_allows, a.focus_reason, a.policy, a.trust, a.person, a.machine_pk AS machine,
    json_extract(a.profile, '$.host') AS host, json_extract(a.profile, '$.repo') AS repo,
    json_extract(a.profile, '$.repoUrl') AS repoUrl`;

/** Of these agents those that are there and have not got the message. */
export const SUBSCRIBERS = `${WHOLE}
  FROM json_each(:agents) CROSS JOIN agent a ON a.pk = json_each.value
  WHERE a.removed_at IS NULL
    AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.agent_pk = a.pk AND d.message_pk = :message)`;

/** The statements on whole parties. */
export function partyStatements({ db }: { readonly db: Database }) {
  const selectById = db.prepare<[AgentId], WholeRow>(`${WHOLE} FROM agent a WHERE a.id = ? AND a.removed_at IS NULL`);
  const selectWithout = db.prepare<[{ agents: string; message: number }], WholeRow>(SUBSCRIBERS);
  return {
    byId(id: AgentId): WholeParty | undefined {
      const row = selectById.get(id);
      return row && wholeOf(row);
    },
    /** Those of these agents that have not got a message and are there, in the order of the keys. */
    without(message: number, agentPks: readonly number[]): WholeParty[] {
      const rows = selectWithout.all({ agents: JSON.stringify(agentPks), message });
      const byPk = new Map(rows.map((row) => [row.pk, wholeOf(row)]));
      return agentPks.map((pk) => byPk.get(pk)).filter((each) => each !== undefined);
    },
  };
}

function wholeOf({ person, machine, host, repo, repoUrl, ...row }: WholeRow): WholeParty {
  return { ...row, standing: { trust: row.trust, person: person === 1, machine, host, repo, repoUrl } };
}
