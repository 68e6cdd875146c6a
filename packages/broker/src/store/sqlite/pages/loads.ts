/** SQL of what lies in inboxes, and of paths that do not bring it out: an agent at a time, each along an index. */
import type { AgentId } from "@agentmesh/protocol";
import type { FailingPath, InboxLoad, LoadPart } from "../../../mesh/store/needs.ts";
import {
  COUNTED,
  type FailingWebhookRow,
  inboxLoad,
  type LoadRow,
  type PathOwner,
  pathsFailing,
  webhookFailing,
} from "../../shared/rows/loads.ts";
import type { EngineContext } from "../context.ts";
import type { SessionsInMemory } from "../memory/sessions.ts";

/** Sessions that one piece goes through. */
const PIECE = 512;

/** The statements, each along an index. */
export const LOADS = {
  next: `
    SELECT MIN(q.pk) AS pk FROM (
      SELECT MIN(agent_pk) AS pk FROM delivery WHERE state IN ('queued', 'leased') AND agent_pk > :after
      UNION ALL
      SELECT MIN(agent_pk) FROM delivery WHERE state = 'held' AND agent_pk > :after) q`,
  load: `
    SELECT a.pk, a.id, a.name, a.person, a.queued_count, a.open_count, a.open_bytes,
      iif(a.queued_count = 0, NULL, (SELECT d.accepted_at FROM delivery d WHERE d.agent_pk = a.pk
         AND d.state IN ('queued', 'leased') AND d.state = 'queued' ORDER BY d.seq LIMIT 1)) AS queued_since,
      (SELECT MIN(q.at) FROM (
         SELECT * FROM (SELECT d.accepted_at AS at FROM delivery d WHERE d.agent_pk = a.pk
           AND d.state IN ('queued', 'leased') ORDER BY d.seq LIMIT 1)
         UNION ALL
         SELECT * FROM (SELECT d.accepted_at FROM delivery d WHERE d.agent_pk = a.pk
           AND d.state = 'held' ORDER BY d.seq LIMIT 1)) q) AS open_since,
      iif(a.person = 0, 0, (SELECT COUNT(*) FROM (SELECT k.message_pk FROM ask k
         WHERE k.debtor_pk = a.pk AND k.closed_at IS NULL LIMIT ${COUNTED}) q
         CROSS JOIN delivery d ON d.message_pk = q.message_pk WHERE d.state = 'queued')) AS questions
    FROM agent a WHERE a.pk = ? AND a.removed_at IS NULL AND a.archived_at IS NULL`,
  webhooks: `SELECT w.agent_pk AS pk, w.failed_why, w.rests_until, COALESCE(w.proven_at, w.set_at) AS since FROM webhook w
    WHERE w.failed_why IS NOT NULL AND w.agent_pk > :after AND w.agent_pk <= :until ORDER BY w.agent_pk LIMIT :limit`,
} as const;

/** The statements on loads. */
export function loadStatements({ db, clock }: EngineContext, memory: SessionsInMemory) {
  const next = db.prepare<[{ after: number }], { pk: number | null }>(LOADS.next);
  const selectLoad = db.prepare<[number], LoadRow>(LOADS.load);
  const selectWebhooks = db.prepare<[{ after: number; until: number; limit: number }], FailingWebhookRow>(
    LOADS.webhooks,
  );
  const selectParty = db.prepare<[number], PathOwner>(
    `SELECT id, name, registered_at FROM agent WHERE pk = ? AND removed_at IS NULL AND archived_at IS NULL`,
  );
  const selectId = db.prepare<[number], { id: AgentId }>(`SELECT id FROM agent WHERE pk = ?`);

  function loadOf(agentPk: number): InboxLoad[] {
    const row = selectLoad.get(agentPk);
    return row ? [inboxLoad(row, memory.newestOf(row.pk)?.session, clock.now())] : [];
  }

  /** The paths of an agent's newest session that fail. */
  function failingOf(agentPk: number): FailingPath[] {
    const session = memory.newestOf(agentPk)?.session;
    const fails = session?.pushPaths.some(({ failedWhy }) => failedWhy !== undefined);
    const owner = fails ? selectParty.get(agentPk) : undefined;
    return session && owner ? pathsFailing(owner, session, clock.now()) : [];
  }

  function webhookOf(row: FailingWebhookRow): FailingPath[] {
    const owner = selectParty.get(row.pk);
    return owner ? [webhookFailing(owner, row, clock.now())] : [];
  }

  return {
    /** Inboxes with something open behind one, in the order of their agents' keys. */
    loads(after: number, limit: number): LoadPart {
      const loads: InboxLoad[] = [];
      let pk = after;
      for (let looked = 0; looked < limit; looked++) {
        const found = next.get({ after: pk })?.pk ?? undefined;
        if (found === undefined) return { loads, next: undefined };
        pk = found;
        loads.push(...loadOf(pk));
      }
      return { loads, next: selectId.get(pk)?.id };
    },
    loadOf,
    *failing(agent: number | undefined, limit: number): Generator<undefined, FailingPath[]> {
      if (agent !== undefined) {
        const webhook = selectWebhooks.all({ after: agent - 1, until: agent, limit: 1 });
        return [...webhook.flatMap(webhookOf), ...failingOf(agent)];
      }
      const found = selectWebhooks.all({ after: 0, until: Number.MAX_SAFE_INTEGER, limit }).flatMap(webhookOf);
      const webhooks = found.length;
      let n = 0;
      for (const session of memory.all()) {
        if (++n % PIECE === 0) yield;
        const fails = session.pushPaths.some(({ failedWhy }) => failedWhy !== undefined);
        if (!fails || memory.newestOf(session.agentPk)?.session !== session) continue;
        found.push(...failingOf(session.agentPk));
        if (found.length - webhooks >= limit) break;
      }
      return found;
    },
  };
}
