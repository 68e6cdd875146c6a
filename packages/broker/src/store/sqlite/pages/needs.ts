/** SQL of what waits for a person: places along indexes, a piece at a time, without a text. */
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
import { inPieces } from "./pieces.ts";

const ask = (condition: string) => `
  SELECT k.message_pk AS pk, k.due_at AS at, m.id AS message_id, d.accepted_at, d.state = 'held' AS held,
    a.id AS from_id, a.name AS from_name, b.id AS to_id, b.name AS to_name,
    b.person AND b.archived_at IS NULL AND b.removed_at IS NULL AS to_person
  FROM ask k
  CROSS JOIN message m ON m.pk = k.message_pk
  CROSS JOIN delivery d ON d.message_pk = k.message_pk
  CROSS JOIN agent a ON a.pk = k.asker_pk
  CROSS JOIN agent b ON b.pk = k.debtor_pk
  WHERE k.closed_at IS NULL AND ${condition} AND k.due_at <= :until AND (k.due_at, k.message_pk) > (:at, :pk)
  ORDER BY k.due_at, k.message_pk LIMIT :limit`;

const held = (condition: string, at: string) => `
  SELECT d.pk, ${at} AS at, d.id, d.accepted_at, m.id AS message_id, s.id AS from_id, s.name AS from_name,
    r.id AS to_id, r.name AS to_name
  FROM delivery d
  CROSS JOIN message m ON m.pk = d.message_pk
  CROSS JOIN agent s ON s.pk = m.sender_pk
  CROSS JOIN agent r ON r.pk = d.agent_pk
  WHERE d.state = 'held' AND ${condition} ORDER BY 2, d.pk LIMIT :limit`;

const LISTED = `d.state = 'dead' AND d.dismissed_at IS NULL`;
const group = (condition: string) => `
  SELECT d.agent_pk AS agent, IFNULL(d.reason, '') AS reason, d.ended_at AS since, r.id AS to_id, r.name AS to_name,
    r.removed_at IS NOT NULL AS gone
  FROM delivery d CROSS JOIN agent r ON r.pk = d.agent_pk
  WHERE ${LISTED} AND ${condition} ORDER BY d.agent_pk, IFNULL(d.reason, ''), d.ended_at LIMIT 1`;

/** The statements, each along an index from a place on. */
export const NEEDS = {
  persons: `SELECT pk FROM agent
    WHERE person = 1 AND removed_at IS NULL AND archived_at IS NULL AND pk > :after ORDER BY pk LIMIT :limit`,
  owed: ask("k.debtor_pk = :agent"),
  awaited: ask("k.asker_pk = :agent"),
  due: ask("TRUE"),
  held: held("(d.accepted_at, d.pk) > (:at, :pk)", "d.accepted_at"),
  heldOf: held("d.agent_pk = :agent AND d.seq > :at AND :pk >= 0", "d.seq"),
  nextReason: group("d.agent_pk = :agent AND IFNULL(d.reason, '') > :reason"),
  nextDead: group("d.agent_pk > :agent"),
  letters: `
    SELECT d.id, m.id AS message_id, s.id AS from_id, s.name AS from_name
    FROM delivery d CROSS JOIN message m ON m.pk = d.message_pk CROSS JOIN agent s ON s.pk = m.sender_pk
    WHERE ${LISTED} AND d.agent_pk = :agent AND IFNULL(d.reason, '') = :reason ORDER BY d.ended_at, d.pk LIMIT :limit`,
  countLetters: `SELECT COUNT(*) AS n FROM (SELECT 1 FROM delivery d
    WHERE ${LISTED} AND d.agent_pk = :agent AND IFNULL(d.reason, '') = :reason LIMIT :limit)`,
} as const;

type AskTerms = Place & { readonly until: number; readonly agent?: number; readonly limit: number };
type Sought = Pick<NeedsSought, "limit"> & { readonly agent: number | undefined };

/** Goes through rows by their places until enough are kept, a piece between two yields. */
function* walk<Row extends Place>(
  page: (from: Place, limit: number) => Row[],
  isKept: (row: Row) => boolean,
  limit: number,
): Generator<undefined, Row[]> {
  const kept: Row[] = [];
  for (let from: Place = { at: -1, pk: 0 }; ; ) {
    const rows = page(from, PIECE);
    kept.push(...rows.filter(isKept));
    from = rows.at(-1) ?? from;
    if (rows.length < PIECE || kept.length >= limit) return kept.slice(0, limit);
    yield;
  }
}

/** The statements on needs. */
export function needStatements({ db, clock }: EngineContext) {
  const selectPersons = db.prepare<[{ after: number; limit: number }], { pk: number }>(NEEDS.persons);
  const selectPerson = db.prepare<[number], { pk: number }>(`SELECT pk FROM agent WHERE pk = ? AND person = 1`);
  const selectOwed = db.prepare<[AskTerms], AskRow>(NEEDS.owed);
  const selectAwaited = db.prepare<[AskTerms], AskRow>(NEEDS.awaited);
  const selectDue = db.prepare<[AskTerms], AskRow>(NEEDS.due);
  const selectHeld = db.prepare<[Place & { limit: number }], HeldRow>(NEEDS.held);
  const selectHeldOf = db.prepare<[Place & { agent: number; limit: number }], HeldRow>(NEEDS.heldOf);
  const nextReason = db.prepare<[{ agent: number; reason: string }], GroupRow>(NEEDS.nextReason);
  const nextDead = db.prepare<[{ agent: number }], GroupRow>(NEEDS.nextDead);
  type Letters = { agent: number; reason: string; limit: number };
  const selectLetters = db.prepare<[Letters], Ends & { id: DeliveryId }>(NEEDS.letters);
  const countLetters = db.prepare<[Letters], { n: number }>(NEEDS.countLetters);
  const selectBody = db.prepare<[MessageId], { id: MessageId; body: string; body_bytes: number; body_hash: string }>(
    `SELECT id, body, body_bytes, body_hash FROM message WHERE id = ?`,
  );

  const FOREVER = Number.MAX_SAFE_INTEGER;
  const asks =
    (select: typeof selectDue, terms: Omit<AskTerms, "limit" | "at" | "pk">) => (from: Place, limit: number) =>
      select.all({ ...terms, at: from.at, pk: from.pk, limit });
  return {
    /** Open questions to persons that are there, the first asked first as far as they are read. */
    *questions({ agent, limit }: Sought): Generator<undefined, AskNeed[]> {
      const found: AskRow[] = [];
      for (let after = 0; found.length < limit; ) {
        const persons =
          agent === undefined ? selectPersons.all({ after, limit: PIECE }) : selectPerson.all(agent).slice(0, 1);
        for (const { pk } of persons) {
          const owed = asks(selectOwed, { agent: pk, until: FOREVER });
          found.push(...(yield* walk(owed, isForPerson, limit - found.length)));
          if (found.length >= limit) break;
        }
        after = persons.at(-1)?.pk ?? after;
        if (agent !== undefined || persons.length < PIECE) break;
        yield;
      }
      return found.map(askNeed);
    },
    *overdue({ agent, limit }: Sought): Generator<undefined, AskNeed[]> {
      const until = clock.now();
      if (agent === undefined) return (yield* walk(asks(selectDue, { until }), isForAgent, limit)).map(askNeed);
      const owed = yield* walk(asks(selectOwed, { agent, until }), isForAgent, limit);
      // What an agent asked itself is owed already.
      const isOfOthers = (row: AskRow) => isForAgent(row) && row.from_id !== row.to_id;
      const awaited = yield* walk(asks(selectAwaited, { agent, until }), isOfOthers, limit);
      return [...owed, ...awaited].map(askNeed);
    },
    *held({ agent, limit }: Sought): Generator<undefined, HeldNeed[]> {
      const page = ({ at, pk }: Place, most: number) =>
        agent === undefined
          ? selectHeld.all({ at, pk, limit: most })
          : selectHeldOf.all({ at, pk, agent, limit: most });
      const rows = yield* walk(page, () => true, limit);
      return rows.map(heldNeed);
    },
    /** From one reason to the next, over all their letters. */
    *dead({ agent, limit }: Sought): Generator<undefined, DeadNeed[]> {
      const found: DeadNeed[] = [];
      // Before every reason, the empty one too.
      let at: Pick<GroupRow, "agent" | "reason"> | undefined;
      let ofOne = 0;
      while (found.length < limit) {
        const goesOn = agent !== undefined || ofOne < REASONS_OF_ONE;
        const row: GroupRow | undefined =
          (at && goesOn ? nextReason.get({ agent: at.agent, reason: at.reason }) : undefined) ??
          (agent === undefined
            ? nextDead.get({ agent: at?.agent ?? 0 })
            : at
              ? undefined
              : nextDead.get({ agent: agent - 1 }));
        if (!row || (agent !== undefined && row.agent !== agent)) break;
        ofOne = row.agent === at?.agent ? ofOne + 1 : 1;
        at = row;
        found.push(deadNeed(row));
        if (found.length % PIECE === 0) yield;
      }
      return found;
    },
    letters(agent: number, reason: string, limit: number, most: number) {
      const letters = selectLetters.all({ agent, reason, limit });
      return {
        letters: letters.map((row) => ({ id: row.id, messageId: row.message_id, from: fromOf(row) })),
        count: letters.length < limit ? letters.length : (countLetters.get({ agent, reason, limit: most })?.n ?? 0),
      };
    },
    *previews(ids: readonly MessageId[]): Generator<undefined, ReadonlyMap<MessageId, string>> {
      const shown = yield* inPieces(
        ids.keys(),
        (n) => selectBody.get(ids[n] ?? "msg_none"),
        (row) => [row.id, previewOf(row)] as const,
      );
      return new Map(shown);
    },
  };
}
