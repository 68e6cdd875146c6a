/** A mesh kept in a file of SQLite in the state folder. */
import { lockDatabase } from "../held-files.ts";
import { meshKey } from "../mesh-key.ts";
import { alreadyServedText, unsyncedText } from "../state-files.ts";
import { SLICES } from "../store/sqlite/commits/slices.ts";
import type { DiskTrouble } from "../store/sqlite/commits/storage-error.ts";
import { listBackups } from "../store/sqlite/file/backups.ts";
import { DiskUnder } from "../store/sqlite/file/disk.ts";
import { DatabaseDamagedError } from "../store/sqlite/file/look.ts";
import { openDatabase } from "../store/sqlite/file/open.ts";
import { sqliteStore } from "../store/sqlite/sqlite-store.ts";
import { AlreadyRunningError } from "./already-running.ts";
import type { EngineTerms, KeptIn } from "./kept-in.ts";

/** What SQLite holds open: whatever is written into one that was removed or replaced would be gone. */
const DATABASE = ["mesh.db", "mesh.db-wal", "mesh.db-shm"];

/** Opens it. @throws AlreadyRunningError, StateFolderError, DatabaseDamagedError, NewerDatabaseError, BackupError, MovedAwayError */
export async function inSqlite({ config, clock, notice, driver: chosen, fail }: EngineTerms): Promise<KeptIn> {
  const { home, minFreeDiskBytes: minFreeBytes, ballastBytes } = config;
  const { driver, why } = chosen;
  const key = meshKey(home);
  const disk = new DiskUnder({ folder: home, minFreeBytes, ballastBytes, notice });
  const database = openDatabase({
    driver,
    folder: home,
    synchronous: config.sqliteSynchronous,
    startEmpty: config.startEmpty,
    noBackup: config.noBackup,
    minFreeBytes,
    notice,
  });
  const unlock = await lockDatabase(home, key);
  if (!unlock) {
    database.log?.close();
    database.db.close();
    throw new AlreadyRunningError(alreadyServedText(home));
  }
  let unsynced: DatabaseDamagedError | undefined;
  const trouble: DiskTrouble = {
    makeRoom: (tries) => disk.full(tries),
    unsynced: (error) => {
      unsynced = new DatabaseDamagedError(unsyncedText(home, error));
      fail(unsynced);
    },
  };
  const store = sqliteStore(database, clock, trouble, SLICES, config.remoteSenders);
  return {
    store,
    meshKey: key,
    disk,
    engine: "sqlite",
    heldFiles: DATABASE,
    facts: async () => ({
      engine: "sqlite",
      synchronous: config.sqliteSynchronous,
      driver: { name: driver.name, sqlite: driver.sqlite, ...(why !== undefined && { why }) },
      ...(database.migrated && { migrated: database.migrated }),
      backups: listBackups(home),
    }),
    watch: () => disk.watch(),
    close: async () => {
      try {
        // While it stops nobody else hears of it.
        await store.close().catch((error: unknown) => {
          throw unsynced ?? error;
        });
      } finally {
        unlock();
      }
    },
  };
}
