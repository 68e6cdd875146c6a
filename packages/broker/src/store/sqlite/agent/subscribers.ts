/** SQL of those whom a message is published to: all that decides whether it comes into their inboxes, and how. */
import type { Standing } from "../../../mesh/acceptance/trust-class.ts";
import type { PartyRow, StandingRow } from "../../shared/rows/agents.ts";
import type { Database } from "../driver/database.ts";

/** A subscriber that has not got a message yet. */
interface SubscriberRow extends PartyRow, StandingRow {
  /** Of what is open in its inbox. */
  readonly open_bytes: number;
  /** The number of the next delivery in it. */
  readonly next_seq: number;
  readonly policy: string | null;
}

/** The same, with what it is known by. */
export interface Subscriber extends Omit<SubscriberRow, keyof Standing> {
  readonly trust: Standing["trust"];
  readonly standing: Standing;
}

/** Of these agents those that are there and have not got the message. */
export const SUBSCRIBERS = `
  SELECT a.pk, a.id, a.name, a.archived_at, a.queued_count, a.held_count, a.open_count, a.open_bytes, a.next_seq,
    a.focus_until, a.focus_allows, a.focus_reason, a.policy, a.trust, a.person, a.machine_pk AS machine,
    json_extract(a.profile, '$.host') AS host, json_extract(a.profile, '$.repo') AS repo,
    json_extract(a.profile, '$.repoUrl') AS repoUrl
  FROM json_each(:agents) CROSS JOIN agent a ON a.pk = json_each.value
  WHERE a.removed_at IS NULL
    AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.agent_pk = a.pk AND d.message_pk = :message)`;

/** The statement on subscribers. */
export function subscriberStatements({ db }: { readonly db: Database }) {
  const select = db.prepare<[{ agents: string; message: number }], SubscriberRow>(SUBSCRIBERS);
  return {
    /** Those of these agents that have not got a message and are there, in the order of the keys. */
    without(message: number, agentPks: readonly number[]): Subscriber[] {
      const rows = select.all({ agents: JSON.stringify(agentPks), message });
      const byPk = new Map(rows.map((row) => [row.pk, subscriberOf(row)]));
      return agentPks.map((pk) => byPk.get(pk)).filter((each) => each !== undefined);
    },
  };
}

function subscriberOf({ person, machine, host, repo, repoUrl, ...row }: SubscriberRow): Subscriber {
  return { ...row, standing: { trust: row.trust, person: person === 1, machine, host, repo, repoUrl } };
}
