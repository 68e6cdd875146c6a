/** SQL of what lies in inboxes, and of paths that do not bring it out: an agent at a time, each along an index. */
import type { AgentId } from "@agentmesh/protocol";
import type { FailingPath, InboxLoad, LoadPart } from "../../../mesh/store/needs.ts";
import { pathsOf } from "../../shared/rows/agents.ts";
import type { EngineContext } from "../context.ts";
import type { SessionsInMemory } from "../memory/sessions.ts";

/** Sessions that one piece goes through, and questions of a person that are counted. */
const PIECE = 512;
const COUNTED = 1_000;

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

interface LoadRow {
  readonly pk: number;
  readonly id: AgentId;
  readonly name: string;
  readonly person: 0 | 1;
  readonly queued_count: number;
  readonly open_count: number;
  readonly open_bytes: number;
  readonly queued_since: number | null;
  readonly open_since: number | null;
  readonly questions: number;
}

interface WebhookRow {
  readonly pk: number;
  readonly failed_why: string;
  readonly rests_until: number | null;
  readonly since: number;
}

/** The statements on loads. */
export function loadStatements({ db, clock }: EngineContext, memory: SessionsInMemory) {
  const next = db.prepare<[{ after: number }], { pk: number | null }>(LOADS.next);
  const selectLoad = db.prepare<[number], LoadRow>(LOADS.load);
  const selectWebhooks = db.prepare<[{ after: number; until: number; limit: number }], WebhookRow>(LOADS.webhooks);
  const selectParty = db.prepare<[number], { id: AgentId; name: string; registered_at: number }>(
    `SELECT id, name, registered_at FROM agent WHERE pk = ? AND removed_at IS NULL AND archived_at IS NULL`,
  );
  const selectId = db.prepare<[number], { id: AgentId }>(`SELECT id FROM agent WHERE pk = ?`);
  const ageOf = (agentPk: number) => {
    const newest = memory.newestOf(agentPk);
    return newest && Math.max(0, clock.now() - newest.session.seenAt);
  };

  function loadOf(agentPk: number): InboxLoad[] {
    const row = selectLoad.get(agentPk);
    if (!row) return [];
    const newest = memory.newestOf(row.pk);
    return [
      {
        agent: { id: row.id, name: row.name },
        person: row.person === 1,
        queued: row.queued_count,
        open: row.open_count,
        openBytes: row.open_bytes,
        questions: row.questions,
        queuedSince: row.queued_since ?? undefined,
        openSince: row.open_since ?? undefined,
        heartbeatAgeMs: ageOf(row.pk),
        pushPaths: newest ? pathsOf(newest.session) : [],
      },
    ];
  }

  /** The paths of an agent's newest session that fail. */
  function pathsFailing(agentPk: number): FailingPath[] {
    const session = memory.newestOf(agentPk)?.session;
    const failing = session?.pushPaths.filter(({ failedWhy }) => failedWhy !== undefined) ?? [];
    const party = failing.length > 0 ? selectParty.get(agentPk) : undefined;
    if (!party) return [];
    const { id, name, registered_at } = party;
    return failing.map(({ path, failedWhy = "", provenAt }) => ({
      agent: { id, name },
      path,
      why: failedWhy,
      since: provenAt === undefined ? registered_at : Date.parse(provenAt),
      restsUntil: undefined,
      heartbeatAgeMs: ageOf(agentPk),
    }));
  }

  function webhookFailing({ pk, failed_why: why, rests_until, since }: WebhookRow): FailingPath[] {
    const party = selectParty.get(pk);
    if (!party) return [];
    const restsUntil = rests_until !== null && rests_until > clock.now() ? rests_until : undefined;
    const agent = { id: party.id, name: party.name };
    return [{ agent, path: "webhook", why, since, restsUntil, heartbeatAgeMs: undefined }];
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
        return [...webhook.flatMap(webhookFailing), ...pathsFailing(agent)];
      }
      const found = selectWebhooks.all({ after: 0, until: Number.MAX_SAFE_INTEGER, limit }).flatMap(webhookFailing);
      const webhooks = found.length;
      let n = 0;
      for (const session of memory.all()) {
        if (++n % PIECE === 0) yield;
        const fails = session.pushPaths.some(({ failedWhy }) => failedWhy !== undefined);
        if (!fails || memory.newestOf(session.agentPk)?.session !== session) continue;
        found.push(...pathsFailing(session.agentPk));
        if (found.length - webhooks >= limit) break;
      }
      return found;
    },
  };
}
