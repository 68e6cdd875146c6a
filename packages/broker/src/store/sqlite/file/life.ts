/**
 * Lives of a database: one that was restored, copied or rolled back begins a new one, whose numbers and positions are
 * above all that can have been handed out before. How it is known, and why: decision 0018.
 */
import { existsSync } from "node:fs";
import { MeshError } from "../../../mesh/errors.ts";
import type { Notice } from "../context.ts";
import type { Database } from "../driver/database.ts";
import { newEpoch } from "./first-start.ts";
import { inodeOf, isStill, type Mark } from "./watermark.ts";

/** What a database says of itself when it is opened. */
export interface Known {
  readonly instanceId: string;
  readonly epoch: string;
  /** The word of its newest start; empty when there was none. */
  readonly start: string;
  /** Its newest position of the timeline. */
  readonly last: number;
  /** From which number its life counts; 0 in the first. */
  readonly first: number;
}

/** The files that a life is told by. */
export interface LifeFiles {
  readonly database: string;
  readonly mark: string;
}

/** Reads what a database says of itself; undefined when there is no mesh in it. */
export function readKnown(db: Database): Known | undefined {
  return db
    .prepare<[], Known>(
      `SELECT instance_id AS instanceId, epoch, start,
         COALESCE((SELECT seq FROM sqlite_sequence WHERE name = 'timeline'), 0) AS last,
         COALESCE((SELECT MAX(first) FROM life), 0) AS first
       FROM mesh`,
    )
    .get();
}

/** What shows that a database is not the one that was here last, in a clause; undefined when nothing does. Look before it is opened. */
export interface Signs {
  readonly mark: Mark | undefined;
  /** SQLite's log stood beside the database. */
  readonly hasLog: boolean;
  readonly files: LifeFiles;
}

/** Why a database begins a new life, in a clause; undefined when it goes on with the one it has. */
export function whyNewLife(known: Known, { mark, hasLog, files }: Signs): string | undefined {
  if (!mark) {
    const isUntouched = known.start === "" && known.last === 0;
    return isUntouched ? undefined : "there is no mark of it here";
  }
  if (mark.instanceId !== known.instanceId) return "another mesh was here";
  if (mark.lastPosition > known.last) return "it ends earlier than it did";
  const starts = [mark.start ?? "", ...(mark.before === undefined ? [] : [mark.before])];
  if (!starts.includes(known.start)) return "it is not as the newest start left it";
  if (mark.inode !== undefined && mark.inode !== inodeOf(files.mark)) return "its folder is a copy";
  if (mark.database !== undefined && !isStill(mark.database, files.database)) return "its file is another";
  return mark.clean || hasLog || mark.start === undefined ? undefined : "it was not closed, and its log is gone";
}

/** More than any inbox is sent between two marks. */
const BEYOND_THE_MARK = 1_000_000;
const TIME_COUNTS_FROM = Date.UTC(2026, 0, 1);

/**
 * From which number a new life counts. The seconds are for what no mark tells of: a copy restored twice, each time to an
 * empty folder, does not count from the same number.
 */
export function firstOfLife({ last, first }: Known, mark: Mark | undefined): number {
  const seconds = Math.floor((Date.now() - TIME_COUNTS_FROM) / 1_000);
  return Math.max(Math.max(last, first, mark?.lastPosition ?? 0) + BEYOND_THE_MARK, seconds);
}

/** Begins a new life inside a transaction: every inbox and the timeline count from `first`. Returns its epoch. */
export function beginLife(db: Database, first: number): string {
  const now = Date.now();
  db.prepare<[{ first: number; now: number }]>(
    `INSERT INTO life (first, began_at, lost_since) VALUES (:first, :now, MIN(:now, MAX(
       COALESCE((SELECT MAX(at) FROM timeline), 0), COALESCE((SELECT MAX(accepted_at) FROM message), 0))))`,
  ).run({ first, now });
  db.prepare<[{ first: number }]>(
    `INSERT INTO gap (agent_pk, first, behind)
     SELECT pk, next_seq, :first FROM agent WHERE removed_at IS NULL AND next_seq < :first`,
  ).run({ first });
  db.prepare<[{ first: number }]>(`UPDATE agent SET next_seq = :first WHERE next_seq < :first`).run({ first });
  // Not a row of the table: a timeline that was never written to has none yet.
  db.prepare(`DELETE FROM sqlite_sequence WHERE name = 'timeline'`).run();
  db.prepare<[number]>(`INSERT INTO sqlite_sequence (name, seq) VALUES ('timeline', ?)`).run(first);
  const epoch = newEpoch();
  db.prepare<[string]>(`UPDATE mesh SET epoch = ?`).run(epoch);
  return epoch;
}

/** Tells the log why a new life began, and what is known to be missing. */
export function tellNewLife(notice: Notice, why: string, known: Known, first: number, mark: Mark | undefined): void {
  const isSameLife = mark?.instanceId === known.instanceId && (mark.first ?? 0) === known.first;
  const events = isSameLife ? mark.lastPosition - known.last : 0;
  const numbers = "numbers and cursors of before are refused";
  if (events <= 0) {
    const detail = `the database is not the one that was here last: ${numbers}`;
    notice("warn", "store.new_life", { why, numbersFrom: first, detail });
  } else {
    const detail = `the newest part of the database is missing: senders that keep their idempotency keys may send again; ${numbers}`;
    notice("error", "store.tail_lost", { why, numbersFrom: first, events, detail });
  }
}

/** Whether a log stands beside the database. */
export function hasLogBeside(database: string): boolean {
  return existsSync(`${database}-wal`);
}

/** The time in an id of ours (UUIDv7), in milliseconds; NaN in any other text. */
function timeIn(id: string): number {
  return /^[a-z]+_[0-9a-f]{12}7[0-9a-f]{19}$/.test(id) ? Number.parseInt(id.slice(id.indexOf("_") + 1, -20), 16) : NaN;
}

/** The statements that know what another life gave. */
export type LifeStatements = ReturnType<typeof lifeStatements>;

/** Prepares them. */
export function lifeStatements(db: Database) {
  const selectGap = db.prepare<[{ agent: string; seq: number }], { n: number }>(
    `SELECT COUNT(*) AS n FROM gap WHERE agent_pk = (SELECT pk FROM agent WHERE id = :agent)
       AND first <= :seq AND behind > :seq`,
  );
  const selectLost = db.prepare<[{ at: number }], { n: number }>(
    `SELECT COUNT(*) AS n FROM life WHERE lost_since < :at AND began_at >= :at`,
  );
  return {
    /** Refuses a number that this inbox never gave and another life may have. @throws MeshError other_life */
    refuseNumber(agent: string, seq: number): void {
      if (!selectGap.get({ agent, seq })?.n) return;
      throw new MeshError(
        "other_life",
        `#${seq} is a number of another life of the database: it was restored from a backup or copied since, and what had that number is not in it. Nothing was done. Look at the inbox anew and use the numbers it shows.`,
      );
    },
    /** Refuses an id, of nothing that is here, that was made in a time which is missing. @throws MeshError other_life */
    refuseId(id: string): void {
      const at = timeIn(id);
      if (Number.isNaN(at) || !selectLost.get({ at })?.n) return;
      throw new MeshError(
        "other_life",
        `${id} is of another life of the database: it was restored from a backup or copied since, and that is not in it. Nothing was done. Look at the inbox anew, and have it sent again if it is missed.`,
      );
    },
  };
}
