/** From an older schema to the newest: a copy first, then all steps or none; a newer one is refused. */
import { rmSync } from "node:fs";
import type { Notice } from "../context.ts";
import type { Database, Driver } from "../driver/database.ts";
import { type Backup, backUp, isDamage, listBackups } from "./backups.ts";
import { type Found, messageOf } from "./look.ts";
import { migrate, migrations, NewerDatabaseError } from "./migrate.ts";

/** What decides about the copy. */
export interface UpgradeTerms {
  readonly driver: Driver;
  readonly folder: string;
  /** Migrates without a copy made first. */
  readonly noBackup?: boolean;
  /** Free bytes below which nothing new is taken: a copy leaves that much. */
  readonly minFreeBytes?: number;
  /** Told what happened on the way, for the log. */
  readonly notice: Notice;
}

/** What came of the copy: neither where there is nothing to lose, or the person wants none. */
export interface First {
  readonly backup?: Backup;
  /** What is wrong with the database, in a sentence. */
  readonly fault?: string;
}

/** Makes the copy of a database that is to be migrated. @throws NewerDatabaseError, BackupError */
export function backUpFirst(terms: UpgradeTerms, database: string, found: Found): First {
  const { driver, folder: home, notice, noBackup = false, minFreeBytes = 0 } = terms;
  const { schema: from, bytes } = found;
  const to = migrations.length;
  if (from > to) throw newer(database, from, home);
  if (from === to || !found.hasContent) return {};
  if (noBackup) {
    notice("warn", "store.no_backup", { from, to, detail: "the database is migrated without a copy, as asked" });
    return {};
  }
  try {
    return { backup: backUp({ driver, home, database, from, to, bytes, minFreeBytes, notice }) };
  } catch (error) {
    if (!isDamage(error)) throw error;
    return { fault: `The database ${database} is damaged and cannot be copied (${messageOf(error)}).` };
  }
}

function newer(database: string, schema: number, home: string): NewerDatabaseError {
  const knows = migrations.length;
  const before = listBackups(home).find((each) => each.schema <= knows);
  const copy = before
    ? ` Or go back to the copy from ${before.madeAt}, before it was migrated, without what came after: ${before.path} (docs/operations.md, Backup, says how).`
    : "";
  return new NewerDatabaseError(
    `${database} has schema ${schema}; this broker knows schemas up to ${knows}. Run a newer agentmesh-broker.${copy}`,
  );
}

/** A migration that fails leaves the database as it was, and no copy of what is still there. */
export function migrateWith(db: Database, backup: Backup | undefined): { from: number; to: number } {
  try {
    return migrate(db);
  } catch (error) {
    if (backup) rmSync(backup.path, { force: true });
    throw error;
  }
}
