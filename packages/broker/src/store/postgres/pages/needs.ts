/** SQL of what waits for a person: places along indexes, without a text. */
import type { DeliveryId, MessageId } from "@agentmesh/protocol";
import type { AskNeed, DeadNeed, HeldNeed, NeedsSought } from "../../../mesh/store/needs.ts";
import { previewOf } from "../../shared/rows/body.ts";
import {
  type AskRow,
  askNeed,
  deadNeed,
  type Ends,
  fromOf,
  type GroupRow,
  type HeldRow,
  heldNeed,
  isForAgent,
  isForPerson,
  PIECE,
  type Place,
  REASONS_OF_ONE,
} from "../../shared/rows/needs.ts";
import type { EngineContext } from "../context.ts";

const ask = (condition: string) => `
  SELECT k.message_pk AS pk, k.due_at AS at, m.id AS message_id, d.accepted_at, (d.state = 'held')::INT AS held,
    a.id AS from_id, a.name AS from_name, b.id AS to_id, b.name AS to_name,
    (b.person = 1 AND b.archived_at IS NULL AND b.removed_at IS NULL)::INT AS to_person
  FROM ask k
  JOIN message m ON m.pk = k.message_pk
  JOIN delivery d ON d.message_pk = k.message_pk
  JOIN agent a ON a.pk = k.asker_pk
  JOIN agent b ON b.pk = k.debtor_pk
  WHERE k.closed_at IS NULL AND k.due_at <= $1 AND (k.due_at, k.message_pk) > ($2, $3) AND ${condition}
  ORDER BY k.due_at, k.message_pk LIMIT $4`;

const held = (condition: string, at: string) => `
  SELECT d.pk, ${at} AS at, d.id, d.accepted_at, m.id AS message_id, s.id AS from_id, s.name AS from_name,
    r.id AS to_id, r.name AS to_name
  FROM delivery d
  JOIN message m ON m.pk = d.message_pk
  JOIN agent s ON s.pk = m.sender_pk
  JOIN agent r ON r.pk = d.agent_pk
  WHERE d.state = 'held' AND ${condition} ORDER BY 2, d.pk LIMIT $1`;

const LISTED = `d.state = 'dead' AND d.dismissed_at IS NULL`;
const group = (condition: string) => `
  SELECT d.agent_pk AS agent, COALESCE(d.reason, '') AS reason, d.ended_at AS since, r.id AS to_id, r.name AS to_name,
    (r.removed_at IS NOT NULL)::INT AS gone
  FROM delivery d JOIN agent r ON r.pk = d.agent_pk
  WHERE ${LISTED} AND ${condition} ORDER BY d.agent_pk, COALESCE(d.reason, ''), d.ended_at LIMIT 1`;

/** The statements, each along an index from a place on. */
const NEEDS = {
  persons: `SELECT pk FROM agent
    WHERE person = 1 AND removed_at IS NULL AND archived_at IS NULL AND pk > $1 ORDER BY pk LIMIT $2`,
  owed: ask("k.debtor_pk = $5"),
  awaited: ask("k.asker_pk = $5"),
  due: ask("TRUE"),
  held: held("(d.accepted_at, d.pk) > ($2, $3)", "d.accepted_at"),
  heldOf: held("d.agent_pk = $3 AND d.seq > $2", "d.seq"),
  nextReason: group("d.agent_pk = $1 AND COALESCE(d.reason, '') > $2"),
  nextDead: group("d.agent_pk > $1"),
  letters: `
    SELECT d.id, m.id AS message_id, s.id AS from_id, s.name AS from_name
    FROM delivery d JOIN message m ON m.pk = d.message_pk JOIN agent s ON s.pk = m.sender_pk
    WHERE ${LISTED} AND d.agent_pk = $1 AND COALESCE(d.reason, '') = $2 ORDER BY d.ended_at, d.pk LIMIT $3`,
  countLetters: `SELECT COUNT(*) AS n FROM (SELECT 1 FROM delivery d
    WHERE ${LISTED} AND d.agent_pk = $1 AND COALESCE(d.reason, '') = $2 LIMIT $3) q`,
} as const;

type Sought = Pick<NeedsSought, "limit"> & { readonly agent: number | undefined };
type Page<Row> = (from: Place, limit: number) => Promise<Row[]>;

/** Goes through rows by their places until enough are kept. */
async function walk<Row extends Place>(page: Page<Row>, isKept: (row: Row) => boolean, limit: number): Promise<Row[]> {
  const kept: Row[] = [];
  for (let from: Place = { at: -1, pk: 0 }; ; ) {
    const rows = await page(from, PIECE);
    kept.push(...rows.filter(isKept));
    from = rows.at(-1) ?? from;
    if (rows.length < PIECE || kept.length >= limit) return kept.slice(0, limit);
  }
}

/** The statements on needs. */
export function needStatements({ db, now }: EngineContext) {
  const asks =
    (sql: string, until: number, agent?: number): Page<AskRow> =>
    ({ at, pk }, limit) =>
      db.all<AskRow>(sql, [until, at, pk, limit, ...(agent === undefined ? [] : [agent])]);
  const persons = (after: number) => db.all<{ pk: number }>(NEEDS.persons, [after, PIECE]);
  const person = (pk: number) => db.all<{ pk: number }>(`SELECT pk FROM agent WHERE pk = $1 AND person = 1`, [pk]);
  const next = (at: Pick<GroupRow, "agent" | "reason">) => db.get<GroupRow>(NEEDS.nextReason, [at.agent, at.reason]);
  const nextOfOthers = (agent: number) => db.get<GroupRow>(NEEDS.nextDead, [agent]);

  return {
    /** Open questions to persons that are there, the first asked first as far as they are read. */
    async questions({ agent, limit }: Sought): Promise<AskNeed[]> {
      const found: AskRow[] = [];
      for (let after = 0; found.length < limit; ) {
        const some = agent === undefined ? await persons(after) : await person(agent);
        for (const { pk } of some) {
          const owed = asks(NEEDS.owed, Number.MAX_SAFE_INTEGER, pk);
          found.push(...(await walk(owed, isForPerson, limit - found.length)));
          if (found.length >= limit) break;
        }
        after = some.at(-1)?.pk ?? after;
        if (agent !== undefined || some.length < PIECE) break;
      }
      return found.map(askNeed);
    },
    async overdue({ agent, limit }: Sought): Promise<AskNeed[]> {
      if (agent === undefined) return (await walk(asks(NEEDS.due, now), isForAgent, limit)).map(askNeed);
      const owed = await walk(asks(NEEDS.owed, now, agent), isForAgent, limit);
      // What an agent asked itself is owed already.
      const isOfOthers = (row: AskRow) => isForAgent(row) && row.from_id !== row.to_id;
      const awaited = await walk(asks(NEEDS.awaited, now, agent), isOfOthers, limit);
      return [...owed, ...awaited].map(askNeed);
    },
    async held({ agent, limit }: Sought): Promise<HeldNeed[]> {
      const page: Page<HeldRow> = ({ at, pk }, most) =>
        agent === undefined
          ? db.all<HeldRow>(NEEDS.held, [most, at, pk])
          : db.all<HeldRow>(NEEDS.heldOf, [most, at, agent]);
      return (await walk(page, () => true, limit)).map(heldNeed);
    },
    /** From one reason to the next, over all their letters. */
    async dead({ agent, limit }: Sought): Promise<DeadNeed[]> {
      const found: DeadNeed[] = [];
      // Before every reason, the empty one too.
      let at: Pick<GroupRow, "agent" | "reason"> | undefined;
      let ofOne = 0;
      while (found.length < limit) {
        const goesOn = agent !== undefined || ofOne < REASONS_OF_ONE;
        let row: GroupRow | undefined = at && goesOn ? await next(at) : undefined;
        if (!row && agent === undefined) row = await nextOfOthers(at?.agent ?? 0);
        else if (!row && !at && agent !== undefined) row = await nextOfOthers(agent - 1);
        if (!row || (agent !== undefined && row.agent !== agent)) break;
        ofOne = row.agent === at?.agent ? ofOne + 1 : 1;
        at = row;
        found.push(deadNeed(row));
      }
      return found;
    },
    async letters(agent: number, reason: string, limit: number, most: number) {
      const letters = await db.all<Ends & { id: DeliveryId }>(NEEDS.letters, [agent, reason, limit]);
      const count = () => db.get<{ n: number }>(NEEDS.countLetters, [agent, reason, most]);
      return {
        letters: letters.map((row) => ({ id: row.id, messageId: row.message_id, from: fromOf(row) })),
        count: letters.length < limit ? letters.length : ((await count())?.n ?? 0),
      };
    },
    async previews(ids: readonly MessageId[]): Promise<ReadonlyMap<MessageId, string>> {
      const rows = await db.all<{ id: MessageId; body: string; body_hash: string }>(
        `SELECT id, body, body_hash FROM message WHERE id = ANY ($1::TEXT[])`,
        [ids],
      );
      return new Map(rows.map((row) => [row.id, previewOf(row)]));
    },
  };
}
