/**
 * The seat of a broker at a database, for as long as it has it open. It is a lock of the broker's own connection, so that who is
 * killed has left, and a row that is renewed, so that who hangs has left, too. Whoever sits down alone knows that what is leased
 * there is held by nobody any more.
 */
import { v7 } from "uuid";
import type { Connection } from "../driver/database.ts";
import { type Line, openLine } from "../driver/line.ts";

/** Which of all advisory locks of a database the brokers of a mesh sit on. */
const LOCK = 2_026_113_002;

/** Into which channel they call. */
const CHANNEL = "agentmesh";

/** What goes on at a seat, in milliseconds. */
export interface SeatTimes {
  /** How often it is renewed. */
  readonly renewMs: number;
  /** How long one stays that is not. */
  readonly endsMs: number;
  /** How long a duty is kept that is not renewed; who has it stops believing that sooner. */
  readonly dutyMs: number;
  readonly believedMs: number;
  /** How long somebody who would be first waits for those whose connection may just have broken. */
  readonly waitsMs: number;
}

const USUAL: SeatTimes = { renewMs: 1_000, endsMs: 10_000, dutyMs: 5_000, believedMs: 3_000, waitsMs: 3_500 };

/** What a broker is told of its seat. */
export interface SeatListener {
  /** Others called something. */
  called(payload: string): void;
  /** What was called may not have been heard: everybody looks. */
  missed(): void;
  /** The seat had ended, and there is another one: what was streamed to sessions here may have returned. */
  seatedAnew(): void;
}

/** A broker's seat. */
export interface Seat {
  /** Its name in the database; another one when it had to sit down again. */
  readonly id: string;
  readonly owner: string;
  /** How long one stays that is not renewed, in milliseconds. */
  readonly endsMs: number;
  /** No other broker has the database open, and none gets a seat before this one has settled. */
  readonly isFirst: boolean;
  /** Whether this broker does now what one alone does. */
  readonly isOnDuty: boolean;
  listen(listener: SeatListener): void;
  /** Calls to the other brokers. @throws when the connection is broken */
  call(payload: string): Promise<void>;
  settle(): Promise<void>;
  leave(): Promise<void>;
  /** Goes without a word: others find that out. */
  abandon(): Promise<void>;
}

/** How to sit down. */
export interface SeatTerms {
  readonly url: string;
  readonly password?: (() => string) | undefined;
  readonly connectMs: number;
  /** Who sits down; the same for the next process of a broker of which there is one at a time. */
  readonly owner: string;
  readonly times?: SeatTimes | undefined;
}

const SIT = `INSERT INTO broker (id, owner, seated_at, renewed_at) VALUES ($1, $2, clock_timestamp(), clock_timestamp())`;
const RENEW = `UPDATE broker SET renewed_at = clock_timestamp() WHERE id = $1 RETURNING id`;
const LEAVE = `
  WITH seat AS (DELETE FROM broker WHERE id = $1),
       duty AS (UPDATE duty SET until = '-infinity' WHERE broker = $1)
  UPDATE session SET left_at = mesh_now() WHERE broker = $1 AND left_at IS NULL`;
const OTHERS = `
  SELECT id, renewed_at::TEXT AS renewed FROM broker
  WHERE id <> $1 AND owner <> $2 AND renewed_at > clock_timestamp() - $3 * INTERVAL '1 millisecond'`;
/**
 * What brokers hold that have not renewed their seats for so long: a lock that keeps everybody waiting, and that the next of their own
 * gets when the first is ended.
 */
const END_HELD = `
  SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity AS a
  JOIN (SELECT owner FROM broker GROUP BY owner
        HAVING MAX(renewed_at) < clock_timestamp() - $1 * INTERVAL '1 millisecond') AS hanging
    ON right(a.application_name, length(hanging.owner)) = hanging.owner
  WHERE a.datname = current_database() AND a.xact_start < clock_timestamp() - $1 * INTERVAL '1 millisecond'`;
const TAKE_DUTY = `
  UPDATE duty SET broker = $1, until = clock_timestamp() + $2 * INTERVAL '1 millisecond'
  WHERE (broker = $1 OR until < clock_timestamp()) AND EXISTS (SELECT 1 FROM broker WHERE id = $1) RETURNING one`;

/** Sits down; behind a first one that has not settled. @throws when the database cannot be reached */
export async function takeSeat(terms: SeatTerms): Promise<Seat> {
  const { times = USUAL } = terms;
  const listeners: SeatListener[] = [];
  const tell = (what: (listener: SeatListener) => void) => {
    for (const each of listeners) what(each);
  };
  let id = v7();
  let isFirst = false;
  let isSettled = false;
  let isLeft = false;
  let believedUntil = 0;
  let line: Line | undefined;

  /** On the first connection: is anybody else there? */
  const sitDown = async (connection: Connection): Promise<void> => {
    const alone = await connection.get<{ taken: boolean }>(`SELECT pg_try_advisory_lock($1) AS taken`, [LOCK]);
    isFirst = alone?.taken === true && (await isNobodyBack(connection, [id, terms.owner, times.endsMs], times));
    if (alone?.taken && !isFirst) await connection.script(`SELECT pg_advisory_unlock(${LOCK})`);
    if (!isFirst) await connection.script(`SELECT pg_advisory_lock_shared(${LOCK})`);
    await connection.run(SIT, [id, terms.owner]);
  };
  /** On a later one: the seat is as it was, or another one. */
  const sitDownAgain = async (connection: Connection): Promise<void> => {
    // Of this broker, too, where a network has forgotten its connections. Who may not do it leaves it to the database's own limits.
    await connection.run(END_HELD, [times.dutyMs]).catch(() => {});
    const isKept = (await connection.run(RENEW, [id])) === 1;
    // Behind one that took itself for the first, and sees by the renewal that it is not.
    await connection.script(`SELECT pg_advisory_lock_shared(${LOCK})`);
    if (isKept && (await connection.run(RENEW, [id])) === 1) return;
    id = v7();
    believedUntil = 0;
    await connection.run(SIT, [id, terms.owner]);
    tell((each) => each.seatedAnew());
  };
  line = await openLine({
    ...terms,
    channel: CHANNEL,
    begin: (connection) => (line ? sitDownAgain(connection) : sitDown(connection)),
    onCall: (payload) => tell((each) => each.called(payload)),
    onHearing: () => tell((each) => each.missed()),
  });
  const held = line;

  const renew = async (): Promise<void> => {
    if (!held.isUp || isLeft) return;
    const before = performance.now();
    const kept = await held.ask(RENEW, [id]);
    if (kept.length === 0) {
      // Others took this broker for gone, as one that was stopped and goes on.
      believedUntil = 0;
      id = v7();
      await held.ask(SIT, [id, terms.owner]);
      tell((each) => each.seatedAnew());
    }
    await held.ask(END_HELD, [times.dutyMs]).catch(() => {});
    if ((await held.ask(TAKE_DUTY, [id, times.dutyMs])).length > 0) believedUntil = before + times.believedMs;
  };
  const renewing = setInterval(() => {
    // A line that broke is made anew, and the seat renewed on it.
    renew().catch(() => {});
  }, times.renewMs);
  renewing.unref();
  const abandon = async (): Promise<void> => {
    isLeft = true;
    clearInterval(renewing);
    await held.close();
  };
  await renew();

  return {
    get id() {
      return id;
    },
    owner: terms.owner,
    endsMs: times.endsMs,
    isFirst,
    get isOnDuty() {
      return performance.now() < believedUntil;
    },
    listen: (listener) => {
      listeners.push(listener);
    },
    call: async (payload) => {
      await held.ask(`SELECT pg_notify('${CHANNEL}', $1)`, [payload]);
    },
    settle: async () => {
      if (!isFirst || isSettled) return;
      isSettled = true;
      // A connection that broke meanwhile keeps nobody waiting.
      await held.ask(`SELECT pg_advisory_lock_shared($1), pg_advisory_unlock($1)`, [LOCK]).catch(() => {});
    },
    leave: async () => {
      isLeft = true;
      // Whoever cannot say that it leaves is taken for gone a little later.
      await held.ask(LEAVE, [id]).catch(() => {});
      await abandon();
    },
    abandon,
  };
}

/** Whether none of those that renewed their seats a moment ago does it again: a connection can break and its broker live. */
async function isNobodyBack(
  connection: Connection,
  others: readonly (string | number)[],
  { renewMs, waitsMs }: SeatTimes,
): Promise<boolean> {
  const before = await connection.all<{ id: string; renewed: string }>(OTHERS, others);
  for (let waited = 0; before.length > 0 && waited < waitsMs; waited += renewMs / 2) {
    await connection.script(`SELECT pg_sleep(${renewMs / 2_000})`);
    const now = await connection.all<{ id: string; renewed: string }>(OTHERS, others);
    const isBack = now.some((each) => before.find(({ id: was }) => was === each.id)?.renewed !== each.renewed);
    if (isBack) return false;
  }
  return true;
}
