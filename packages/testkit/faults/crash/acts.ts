/** The acts that write into a state folder, each of which may end at any of its steps. */
import { cpSync, readdirSync, rmSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { startTestBroker } from "testkit";
import { nodeSqlite } from "../../../broker/src/store/sqlite/driver/node-sqlite.ts";
import { BACKUPS, listBackups } from "../../../broker/src/store/sqlite/file/backups.ts";
import { init } from "../../../broker/src/store/sqlite/migrations/0001-init.ts";
import { makeOlderDatabase } from "../../../broker/test/store/older-database.ts";

/** One of them. */
export interface CrashAct {
  readonly name: string;
  /** Makes the folder as it is before the act; gives how many messages wait in it. */
  prepare(home: string): Promise<number>;
  readonly args?: readonly string[];
  readonly env?: Record<string, string>;
  /** Whether the act is over, once the broker has started. */
  isOver?(home: string): boolean;
  /** The act is the stop of a broker that was started before. */
  readonly stops?: true;
  /** What does not hold of the folder after the next start, in sentences. */
  wrongIn?(home: string): readonly string[];
  /** The disk is full at its steps, too; at other starts and at stops that is the subject of the fault disk-full. */
  readonly withoutRoom?: true;
  /** The act is a program's beside a running broker: what Node is to run, and with what. */
  program?(home: string): { readonly script: string; readonly args: readonly string[] };
}

const WAITING = 3;

/** A folder with a mesh in which messages wait; its broker ended by the signal. */
async function withMail(home: string, signal: NodeJS.Signals): Promise<number> {
  await using broker = await startTestBroker({ home });
  const alice = await broker.agent("alice");
  for (let n = 0; n < WAITING; n++) await alice.client.send({ to: "alice", body: `kept ${n}` });
  await broker.kill(signal);
  return WAITING;
}

const BALLAST_BYTES = 3_145_728;

/** As docs/operations.md says it. */
const BACKUP = `const { DatabaseSync, backup } = require("node:sqlite");
backup(new DatabaseSync(process.argv[1]), process.argv[2])`;

const OLD_SCHEMA = 2;
const OLD_WAITING = 2;
const LONG_MS = 30 * 86_400_000;

/** Whether there is a copy from before the migration, each whole and with the mail in it, and no part of one. */
function backupsWrongIn(home: string): string[] {
  const copies = listBackups(home);
  const names = readdirSync(join(home, BACKUPS));
  const wrong = copies.map(({ path }) => wholeCopy(path)).filter((text) => text !== undefined);
  if (copies.length < 1 || copies.length > 2) wrong.push(`there are ${copies.length} copies`);
  if (names.length !== copies.length) wrong.push(`beside the copies there is something else: ${names.join(", ")}`);
  return wrong;
}

function wholeCopy(path: string): string | undefined {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    const found = db
      .prepare(
        `SELECT (SELECT integrity_check FROM pragma_integrity_check) AS whole, (SELECT user_version FROM pragma_user_version) AS schema,
           (SELECT COUNT(*) FROM message) AS messages, (SELECT COUNT(*) FROM delivery WHERE state = 'queued') AS queued`,
      )
      .get();
    const wanted = { whole: "ok", schema: OLD_SCHEMA, messages: 3, queued: OLD_WAITING };
    const [is, should] = [found, wanted].map((each) => JSON.stringify(each));
    return is === should ? undefined : `the copy ${path} is ${is}, not ${should}`;
  } catch (error) {
    return `the copy ${path} cannot be read: ${error}`;
  } finally {
    db.close();
  }
}

/** Every act. */
export const crashActs: readonly CrashAct[] = [
  { name: "first start", prepare: async () => 0, withoutRoom: true },
  {
    name: "key making",
    async prepare(home) {
      await withMail(home, "SIGTERM");
      rmSync(join(home, "key"));
      return WAITING;
    },
  },
  {
    name: "ballast",
    prepare: (home) => withMail(home, "SIGTERM"),
    env: { AGENTMESH_BALLAST_BYTES: String(BALLAST_BYTES), AGENTMESH_MIN_FREE_DISK_BYTES: "0" },
    isOver: (home) => statSync(join(home, "ballast"), { throwIfNoEntry: false })?.size === BALLAST_BYTES,
  },
  { name: "start after kill -9", prepare: (home) => withMail(home, "SIGKILL") },
  {
    name: "migration",
    async prepare(home) {
      await withMail(home, "SIGTERM");
      for (const name of ["mesh.db", "mesh.mark.json"]) rmSync(join(home, name));
      const db = new DatabaseSync(join(home, "mesh.db"));
      db.exec(`PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; ${init}; PRAGMA user_version = 1`);
      db.close();
      return 0;
    },
  },
  {
    name: "migration with a backup",
    async prepare(home) {
      await withMail(home, "SIGTERM");
      for (const name of ["mesh.db", "mesh.mark.json"]) rmSync(join(home, name));
      const now = Date.now();
      // Mail that lives long enough for every step to be tried.
      const lives = ["message", "delivery"].map((table) => `UPDATE ${table} SET expires_at = ${now + LONG_MS};`);
      makeOlderDatabase(nodeSqlite(), home, OLD_SCHEMA, now, lives.join(" "));
      return OLD_WAITING;
    },
    wrongIn: backupsWrongIn,
    withoutRoom: true,
  },
  {
    name: "restored backup",
    async prepare(home) {
      await withMail(home, "SIGTERM");
      cpSync(join(home, "mesh.db"), join(home, "backup"));
      {
        await using broker = await startTestBroker({ home });
        const bob = await broker.agent("bob");
        await bob.client.send({ to: "alice", body: "after the backup" });
      }
      cpSync(join(home, "backup"), join(home, "mesh.db"));
      rmSync(join(home, "backup"));
      return WAITING;
    },
  },
  {
    name: "start empty",
    async prepare(home) {
      await withMail(home, "SIGTERM");
      truncateSync(join(home, "mesh.db"), 0);
      return 0;
    },
    args: ["--start-empty"],
  },
  { name: "stop", prepare: (home) => withMail(home, "SIGKILL"), stops: true },
  {
    name: "making a backup",
    prepare: (home) => withMail(home, "SIGKILL"),
    program: (home) => ({ script: BACKUP, args: [join(home, "mesh.db"), join(home, "backup.db")] }),
  },
];
