/** What an ended first start leaves is finished by the next one; a mesh that was there is never taken for such a rest. */
import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { cleanEnv, runProgram, startTestBroker, tempDir } from "testkit";
import { describe, expect, test } from "vitest";

/** The first page of a database without tables, as SQLite writes it when the journal mode is set. */
function firstPage(folder: string): Buffer {
  const path = join(folder, "page.db");
  const db = new DatabaseSync(path);
  db.exec("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL");
  db.close();
  const page = readFileSync(path);
  rmSync(path);
  expect(page.length).toBe(4_096);
  return page;
}

/** A journal of SQLite's that takes a database back to no page at all. */
function journalOfNothing(): Buffer {
  const journal = Buffer.alloc(512);
  Buffer.from("d9d505f920a163d7", "hex").copy(journal);
  journal.writeUInt32BE(512, 20);
  journal.writeUInt32BE(4_096, 24);
  return journal;
}

const RESTS: Readonly<Record<string, (folder: string) => void>> = {
  "an empty key": (folder) => writeFileSync(join(folder, "key"), "", { mode: 0o600 }),
  "half a key": (folder) => writeFileSync(join(folder, "key"), "amk_Abc", { mode: 0o600 }),
  "an empty database": (folder) => writeFileSync(join(folder, "mesh.db"), ""),
  "an empty database and an empty journal": (folder) => {
    writeFileSync(join(folder, "mesh.db"), "");
    writeFileSync(join(folder, "mesh.db-journal"), "");
  },
  "the first page and the journal that takes it back": (folder) => {
    writeFileSync(join(folder, "mesh.db"), firstPage(folder));
    writeFileSync(join(folder, "mesh.db-journal"), journalOfNothing());
  },
  "the first page alone, and an empty log": (folder) => {
    writeFileSync(join(folder, "mesh.db"), firstPage(folder));
    writeFileSync(join(folder, "mesh.db-wal"), "");
  },
  "drafts of everything": (folder) => {
    for (const name of ["key", "mesh.db", "mesh.mark.json", "broker.json", "port", "mesh.db.draft-wal"])
      writeFileSync(join(folder, name.includes("draft") ? name : `${name}.draft`), "half");
  },
};

describe("a first start", () => {
  test.each(Object.keys(RESTS))("is finished after one that left %s", async (rest) => {
    using folder = tempDir();
    RESTS[rest]?.(folder.path);
    await using broker = await startTestBroker({ home: folder.path });
    const alice = await broker.agent("alice");
    await alice.client.send({ to: "alice", body: "kept" });
    await broker.kill("SIGKILL");
    await broker.start();
    expect((await broker.admin.status()).deliveries.queued).toBe(1);
    expect(readdirSync(folder.path).filter((name) => name.includes("mesh.db.draft"))).toEqual([]);
  });

  const MESHES: Readonly<Record<string, (db: string) => void>> = {
    "cut to its first page": (db) => truncateSync(db, 4_096),
    "cut to half a page": (db) => truncateSync(db, 2_000),
    "with a first page of noise": (db) => writeFileSync(db, Buffer.alloc(4_096, 0x5a)),
    "gone, with its log beside it": (db) => {
      rmSync(db);
      writeFileSync(`${db}-wal`, Buffer.alloc(4_096, 1));
    },
  };
  test.each(Object.keys(MESHES))("is not made of a mesh %s, even when its mark is lost", async (damage) => {
    using folder = tempDir();
    const path = join(folder.path, "mesh.db");
    {
      await using broker = await startTestBroker({ home: folder.path });
      await broker.agent("alice");
    }
    rmSync(join(folder.path, "mesh.mark.json"));
    MESHES[damage]?.(path);
    const again = await runProgram("broker", ["--port", "0"], { env: cleanEnv({ AGENTMESH_HOME: folder.path }) });
    expect(again.code).toBe(74);
    expect(again.stderr).toContain("left in place");
  });

  test("is not made of a key that was emptied while its mesh is there", async () => {
    using folder = tempDir();
    {
      await using _broker = await startTestBroker({ home: folder.path });
    }
    truncateSync(join(folder.path, "key"), 0);
    const again = await runProgram("broker", ["--port", "0"], { env: cleanEnv({ AGENTMESH_HOME: folder.path }) });
    expect(again.code).toBe(77);
    expect(again.stderr).toContain("does not hold a mesh key");
  });
});
