/** SQL of ids by their beginning: a range of the index that each id has. */
import { type AgentId, MAX_IDS_LOOKED_AT, type MachineId } from "@agentmesh/protocol";
import type { Viewer } from "../../../mesh/store.ts";
import { MOST_LIKE, tooManyLike, WHOLE_ID } from "../../shared/short-ids.ts";
import type { EngineContext } from "../context.ts";

/** What begins so; `viewer` is NULL for whoever may see all. */
interface Terms {
  readonly from: string;
  readonly below: string;
  readonly viewer: string | null;
}

const AGENTS = `
  SELECT a.id FROM agent a WHERE a.id >= :from AND a.id < :below AND a.removed_at IS NULL AND :viewer IS NULL
  ORDER BY a.id LIMIT ${MOST_LIKE}`;

const MINE = `(:viewer IS NULL OR m.sender_pk = (SELECT pk FROM agent WHERE id = :viewer)
    OR EXISTS (SELECT 1 FROM delivery o
               WHERE o.agent_pk = (SELECT pk FROM agent WHERE id = :viewer) AND o.message_pk = m.pk))`;

const MESSAGES = `
  SELECT m.id FROM message m WHERE m.id >= :from AND m.id < :below AND ${MINE} ORDER BY m.id LIMIT ${MOST_LIKE}`;

const DELIVERIES = `
  SELECT d.id FROM delivery d JOIN message m ON m.pk = d.message_pk
  WHERE d.id >= :from AND d.id < :below
    AND (:viewer IS NULL OR m.sender_pk = (SELECT pk FROM agent WHERE id = :viewer)
      OR d.agent_pk = (SELECT pk FROM agent WHERE id = :viewer))
  ORDER BY d.id LIMIT ${MOST_LIKE}`;

const THREADS = `
  SELECT DISTINCT m.thread_id AS id FROM message m
  WHERE m.thread_id >= :from AND m.thread_id < :below AND ${MINE} ORDER BY m.thread_id LIMIT ${MOST_LIKE}`;

/** Somebody of a machine to whom a delivery goes, or from whom it comes. */
const PARTIES_OF_DELIVERIES = `
  SELECT d.id, CASE WHEN r.machine_pk = own.pk AND r.removed_at IS NULL THEN r.id ELSE s.id END AS agent
  FROM machine own JOIN delivery d ON d.id >= :from AND d.id < :below
    JOIN message m ON m.pk = d.message_pk JOIN agent r ON r.pk = d.agent_pk JOIN agent s ON s.pk = m.sender_pk
  WHERE own.id = :machine
    AND ((r.machine_pk = own.pk AND r.removed_at IS NULL) OR (s.machine_pk = own.pk AND s.removed_at IS NULL))
  ORDER BY d.id LIMIT ${MOST_LIKE}`;

/** Somebody of a machine who sent a message, or got it: found by `joined`, which gives recipients with their deliveries. */
const partiesOfMessages = (joined: string) => `
  SELECT m.id, COALESCE(
      (SELECT s.id FROM agent s WHERE s.pk = m.sender_pk AND s.machine_pk = own.pk AND s.removed_at IS NULL),
      (SELECT r.id FROM ${joined}
       WHERE r.machine_pk = own.pk AND r.machine_pk IS NOT NULL AND r.removed_at IS NULL ORDER BY r.pk LIMIT 1)) AS agent
  FROM machine own JOIN message m ON m.id >= :from AND m.id < :below
  WHERE own.id = :machine AND agent IS NOT NULL
  ORDER BY m.id LIMIT ${MOST_LIKE}`;

/** Of one message each agent of the machine is looked up: it may have been published to thousands. Of several, their deliveries. */
const PARTIES_OF_MESSAGE = partiesOfMessages(
  "agent r CROSS JOIN delivery d ON d.agent_pk = r.pk AND d.message_pk = m.pk",
);
const PARTIES_OF_MESSAGES = partiesOfMessages(
  "delivery d CROSS JOIN agent r ON r.pk = d.agent_pk AND d.message_pk = m.pk",
);

/** What begins so, for whom. */
interface PartyTerms {
  readonly from: string;
  readonly below: string;
  readonly machine: MachineId;
}

/** How many ids begin so, whoever may see them, as far as they are counted. */
const CROWD = {
  msg: "SELECT COUNT(*) AS n FROM (SELECT 1 FROM message WHERE id >= :from AND id < :below LIMIT :most)",
  dlv: "SELECT COUNT(*) AS n FROM (SELECT 1 FROM delivery WHERE id >= :from AND id < :below LIMIT :most)",
  thr: "SELECT COUNT(*) AS n FROM (SELECT 1 FROM message WHERE thread_id >= :from AND thread_id < :below LIMIT :most)",
} as const;

/** How many deliveries the messages have whose ids begin so. */
const CROWD_OF_DELIVERIES = `SELECT COUNT(*) AS n FROM (SELECT 1 FROM message m CROSS JOIN delivery d ON d.message_pk = m.pk
  WHERE m.id >= :from AND m.id < :below LIMIT :most)`;

/** The statements on beginnings of ids. */
export function shortIdStatements({ db }: EngineContext) {
  const statements = new Map(
    Object.entries({ agt: AGENTS, msg: MESSAGES, dlv: DELIVERIES, thr: THREADS }).map(([prefix, sql]) => [
      prefix,
      db.prepare<[Terms], { id: string }>(sql),
    ]),
  );

  const parties = new Map(
    Object.entries({ msg: PARTIES_OF_MESSAGES, dlv: PARTIES_OF_DELIVERIES }).map(([prefix, sql]) => [
      prefix,
      db.prepare<[PartyTerms], { id: string; agent: AgentId }>(sql),
    ]),
  );

  const crowds = new Map(
    Object.entries(CROWD).map(([prefix, sql]) => [
      prefix,
      db.prepare<[{ from: string; below: string; most: number }], { n: number }>(sql),
    ]),
  );
  const countDeliveries = db.prepare<[{ from: string; below: string; most: number }], { n: number }>(
    CROWD_OF_DELIVERIES,
  );
  const partiesOfMessage = db.prepare<[PartyTerms], { id: string; agent: AgentId }>(PARTIES_OF_MESSAGE);
  /** Whose own they are is looked up one after the other. @throws MeshError invalid_request when there are too many for that */
  const refuseCrowd = (beginning: string, below: string, count = crowds.get(beginning.slice(0, 3))): void => {
    const counted = count?.get({ from: beginning, below, most: MAX_IDS_LOOKED_AT + 1 });
    if ((counted?.n ?? 0) <= MAX_IDS_LOOKED_AT) return;
    throw tooManyLike(beginning);
  };

  return {
    /** The same of deliveries and messages for a machine, each with the agent of it that has to do with it. */
    ofMachine(machine: MachineId, beginning: string) {
      const below = `${beginning}g`;
      const terms = { from: beginning, below, machine };
      const isMessage = beginning.startsWith("msg_");
      if (isMessage && beginning.length === WHOLE_ID) return partiesOfMessage.all(terms);
      refuseCrowd(beginning, below, isMessage ? countDeliveries : undefined);
      return parties.get(beginning.slice(0, 3))?.all(terms) ?? [];
    },
    /** Ids that begin so, at most six. Digits are hexadecimal: whatever begins so is below its beginning and a `g`. */
    like(beginning: string, viewer: Viewer): string[] {
      const below = `${beginning}g`;
      if (viewer !== undefined) refuseCrowd(beginning, below);
      const found =
        statements.get(beginning.slice(0, 3))?.all({ from: beginning, below, viewer: viewer ?? null }) ?? [];
      return found.map(({ id }) => id);
    },
  };
}
