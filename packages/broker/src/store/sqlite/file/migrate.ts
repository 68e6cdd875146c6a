/** Brings a database to the newest schema: forward only, all missing steps in one transaction with the version. */
import type { Database } from "../driver/database.ts";
import { init } from "../migrations/0001-init.ts";
import { webhookDelay } from "../migrations/0002-webhook-delay.ts";
import { agentWords } from "../migrations/0003-agent-words.ts";
import { keeping } from "../migrations/0004-keeping.ts";
import { slices } from "../migrations/0005-slices.ts";
import { publishing } from "../migrations/0006-publishing.ts";
import { formerNames } from "../migrations/0007-former-names.ts";
import { topics } from "../migrations/0008-topics.ts";
import { tally } from "../migrations/0009-tally.ts";
import { listings } from "../migrations/0010-listings.ts";
import { dead } from "../migrations/0011-dead.ts";
import { lives } from "../migrations/0012-lives.ts";
import { doubts } from "../migrations/0013-doubts.ts";
import { askedNames } from "../migrations/0014-asked-names.ts";
import { beats } from "../migrations/0015-beats.ts";
import { wordsBehind } from "../migrations/0016-words-behind.ts";
import { trust } from "../migrations/0017-trust.ts";
import { events } from "../migrations/0018-events.ts";
import { machines } from "../migrations/0019-machines.ts";
import { hooks } from "../migrations/0020-hooks.ts";
import { agentCards } from "../migrations/from-0021/0021-agent-cards.ts";
import { needs } from "../migrations/from-0021/0022-needs.ts";
import { hookTo } from "../migrations/from-0021/0023-hook-to.ts";
import { followed } from "../migrations/from-0021/0024-followed.ts";
import { counting } from "../migrations/from-0021/0025-counting.ts";
import { eventWebhooks } from "../migrations/from-0021/0026-event-webhooks.ts";
import { waived } from "../migrations/from-0021/0027-waived.ts";

/** Every migration in order; the database's `user_version` is how many it has. Never edited after a release. */
export const migrations: readonly string[] = [
  init,
  webhookDelay,
  agentWords,
  keeping,
  slices,
  publishing,
  formerNames,
  topics,
  tally,
  listings,
  dead,
  lives,
  doubts,
  askedNames,
  beats,
  wordsBehind,
  trust,
  events,
  machines,
  hooks,
  agentCards,
  needs,
  hookTo,
  followed,
  counting,
  eventWebhooks,
  waived,
];

/** The database was written by a newer broker. */
export class NewerDatabaseError extends Error {
  override readonly name = "NewerDatabaseError";
}

/** The schema of a database. */
export function schemaOf(db: Database): number {
  return Number(db.pragma("user_version", { simple: true }));
}

/** Applies what is missing, all of it or nothing. Returns the versions before and after. */
export function migrate(db: Database): { from: number; to: number } {
  const from = schemaOf(db);
  const to = migrations.length;
  if (from >= to) return { from, to };
  db.exec("BEGIN IMMEDIATE");
  try {
    for (const sql of migrations.slice(from)) db.exec(sql);
    db.pragma(`user_version = ${to}`);
    db.exec("COMMIT");
  } catch (error) {
    if (db.inTransaction) db.exec("ROLLBACK");
    throw error;
  }
  return { from, to };
}
