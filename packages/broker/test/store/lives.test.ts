/** Lives of a database: what begins one, what does not, and what becomes of the numbers of another. */
import { copyFileSync, cpSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DeliveryRef } from "@agentmesh/protocol";
import { type TempDir, tempDir } from "testkit";
import { v7 } from "uuid";
import { describe, expect, test } from "vitest";
import type { Store } from "../../src/mesh/store.ts";
import type { Driver } from "../../src/store/sqlite/driver/database.ts";
import { openDatabase } from "../../src/store/sqlite/file/open.ts";
import { sqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { driversOfRun } from "./drivers.ts";
import { fakeClock } from "./fake-clock.ts";

const QUOTA = { maxMessages: 100, maxBytes: 10_000 };

/** A store in a folder, with what it said when it was opened. */
function openAt(driver: Driver, folder: string, startEmpty = false) {
  const said: { event: string; why: unknown }[] = [];
  const notice = (_: string, event: string, { why }: Record<string, unknown>) => void said.push({ event, why });
  const open = openDatabase({ driver, folder, synchronous: "full", startEmpty, notice });
  const store = sqliteStore(open, fakeClock());
  const lifeOf = said.find(({ event }) => event === "store.new_life" || event === "store.tail_lost");
  return { store, db: open.db, epoch: open.epoch, why: lifeOf?.why, event: lifeOf?.event };
}

const id = () => v7().replaceAll("-", "");

async function register(store: Store, ...names: string[]): Promise<void> {
  for (const name of names) {
    await store.registerAgent({ id: `agt_${name}`, tokenHash: name, name, ifTaken: "refuse", profile: {} });
  }
}

/** Sends bob something; returns its delivery. */
async function send(store: Store, body: string, answers?: `dlv_${string}`) {
  const { delivery } = await store.enqueue(
    {
      ...{ id: `msg_${id()}`, threadId: `thr_${id()}`, deliveryId: `dlv_${id()}`, senderId: "agt_alice" },
      ...{ recipientId: "agt_bob", body, bodyBytes: body.length, inReplyTo: undefined, ttlMs: 60_000 },
      ...{ idempotency: undefined, answers },
    },
    QUOTA,
  );
  return delivery;
}

const ackOf = (store: Store, ref: string) => store.ack("agt_bob", ref, undefined, "handled");

/** A copy of the database as SQLite makes one. */
function backUp(folder: TempDir, driver: Driver): string {
  const copy = join(folder.path, "copy-of-mesh.db");
  rmSync(copy, { force: true });
  const db = driver.open(join(folder.path, "mesh.db"));
  db.prepare("VACUUM INTO ?").run(copy);
  db.close();
  return copy;
}

function removeDatabase(folder: string): void {
  for (const end of ["", "-wal", "-shm"]) rmSync(join(folder, `mesh.db${end}`), { force: true });
}

type Way = [how: string, restore: (folder: string, copy: string) => void];
/** Each way to put a copy in place. */
const ways: Way[] = [
  [
    "as docs/operations.md says",
    (folder, copy) => {
      removeDatabase(folder);
      copyFileSync(copy, join(folder, "mesh.db"));
    },
  ],
  [
    "over the file that is there",
    (folder, copy) => {
      for (const end of ["-wal", "-shm"]) rmSync(join(folder, `mesh.db${end}`), { force: true });
      copyFileSync(copy, join(folder, "mesh.db"));
    },
  ],
  [
    "with a log that is not its own",
    (folder, copy) => {
      copyFileSync(copy, join(folder, "restored.db"));
      renameSync(join(folder, "restored.db"), join(folder, "mesh.db"));
      writeFileSync(join(folder, "mesh.db-wal"), "");
    },
  ],
  [
    "without the mark",
    (folder, copy) => {
      removeDatabase(folder);
      copyFileSync(copy, join(folder, "mesh.db"));
      rmSync(join(folder, "mesh.mark.json"));
    },
  ],
];

describe.each(driversOfRun.map((driver) => ({ driver, of: driver.name })))("a database by $of", ({ driver }) => {
  test.each(ways)("restored %s at once after an act counts on above all numbers of before", async (_, restore) => {
    using folder = tempDir();
    const first = openAt(driver, folder.path);
    await register(first.store, "alice", "bob");
    const kept = await send(first.store, "kept");
    const copy = backUp(folder, driver);
    // Within the 5 s in which the mark is not written again: it knows nothing of this one.
    const lost = await send(first.store, "lost");
    await register(first.store, "carol");
    const { cursor } = await first.store.log({ after: undefined, limit: 1, viewer: undefined });
    first.db.close();
    restore(folder.path, copy);

    const again = openAt(driver, folder.path);
    expect(again.why).toBeDefined();
    const next = await send(again.store, "another");
    expect(next.seq).toBeGreaterThan(1_000_000);
    await expect(ackOf(again.store, String(lost.seq))).rejects.toMatchObject({ code: "other_life" });
    await expect(ackOf(again.store, lost.id)).rejects.toMatchObject({ code: "other_life" });
    await expect(again.store.placeMessage(String(lost.seq), "agt_bob")).rejects.toMatchObject({ code: "other_life" });
    await expect(again.store.placeMessage(lost.id, undefined)).rejects.toMatchObject({ code: "other_life" });
    await expect(again.store.log({ after: cursor, limit: 1, viewer: undefined })).rejects.toMatchObject({
      code: "cursor_invalid",
    });
    expect(await ackOf(again.store, "999999999999"), "a number that no life gave is just unknown").toEqual({
      kind: "not_found",
    });
    expect(await ackOf(again.store, `dlv_${id()}`), "and an id of now").toEqual({ kind: "not_found" });
    const named = [lost.id, String(kept.seq), String(lost.seq), String(next.seq)];
    const acks = named.map((ref) => ({
      ref: DeliveryRef.parse(ref),
      receipt: "of another life",
      evidence: "handled" as const,
    }));
    expect(await again.store.ackMany("agt_bob", acks), "each for itself").toMatchObject([
      { kind: "refused", error: { code: "other_life" } },
      { kind: "lease_lost" },
      { kind: "refused", error: { code: "other_life" } },
      { kind: "lease_lost" },
    ]);
    expect(await ackOf(again.store, String(kept.seq)), "what is in the copy has its number").toMatchObject({
      kind: "done",
      delivery: { id: kept.id },
    });
    expect(await ackOf(again.store, String(next.seq))).toMatchObject({ kind: "done", delivery: { id: next.id } });

    await register(again.store, "carol");
    await expect(again.store.ack("agt_carol", "1", undefined, "handled")).rejects.toMatchObject({ code: "other_life" });
    await again.store.close();
  });

  test("a second life of the same copy counts from above the first", async () => {
    using folder = tempDir();
    const first = openAt(driver, folder.path);
    await register(first.store, "alice", "bob");
    const copy = backUp(folder, driver);
    first.db.close();
    let highest = 0;
    for (const [, restore] of ways.filter(([how]) => how !== "without the mark")) {
      restore(folder.path, copy);
      const { store, db } = openAt(driver, folder.path);
      const { seq } = await send(store, "x");
      expect(seq).toBeGreaterThan(highest);
      highest = seq;
      db.close();
    }
  });

  test("goes on with its numbers after a clean stop, a kill, and a start that was cut off", async () => {
    using folder = tempDir();
    const first = openAt(driver, folder.path);
    const epochs = new Set([first.epoch]);
    await register(first.store, "alice", "bob");
    expect((await send(first.store, "1")).seq).toBe(1);
    await first.store.close();
    const clean = openAt(driver, folder.path);
    expect(await send(clean.store, "2")).toMatchObject({ seq: 2 });
    // Two starts beside a handle that is dropped: the log stays, as after a kill.
    const killed = openAt(driver, folder.path);
    clean.db.close();
    const cutOff = openAt(driver, folder.path);
    killed.db.close();
    expect(await send(cutOff.store, "3")).toMatchObject({ seq: 3 });
    for (const each of [clean, killed, cutOff]) {
      expect(each.why).toBeUndefined();
      epochs.add(each.epoch);
    }
    expect(epochs.size).toBe(1);
    await cutOff.store.close();
  });

  test("in a copied folder is another; in a moved one it is the same", async () => {
    using outer = tempDir();
    const [here, there, copied] = ["here", "there", "copied"].map((name) => join(outer.path, name));
    if (!here || !there || !copied) throw new Error("three folders");
    mkdirSync(here);
    const first = openAt(driver, here);
    await register(first.store, "alice", "bob");
    await send(first.store, "1");
    await first.store.close();
    renameSync(here, there);
    cpSync(there, copied, { recursive: true });
    const moved = openAt(driver, there);
    expect(moved.why).toBeUndefined();
    expect(await send(moved.store, "2")).toMatchObject({ seq: 2 });
    const copy = openAt(driver, copied);
    expect(copy.why).toMatch(/^its (folder is a copy|file is another)$/);
    expect((await send(copy.store, "2 of the copy")).seq).toBeGreaterThan(1_000_000);
    await expect(ackOf(copy.store, "2")).rejects.toMatchObject({ code: "other_life" });
    await moved.store.close();
    await copy.store.close();

    // And the copy's database in the place of the first one, as far on as that.
    removeDatabase(there);
    copyFileSync(join(copied, "mesh.db"), join(there, "mesh.db"));
    const back = openAt(driver, there);
    expect(back.why).toBe("it is not as the newest start left it");
    expect((await send(back.store, "2 in a third life")).seq).toBeGreaterThan(1_000_000);
    await back.store.close();
  });

  test("restored with its whole folder, mark and all, is another", async () => {
    using outer = tempDir();
    const [home, copied] = [join(outer.path, "home"), join(outer.path, "copied")];
    mkdirSync(home);
    const first = openAt(driver, home);
    await register(first.store, "alice", "bob");
    await first.store.close();
    cpSync(home, copied, { recursive: true });
    const second = openAt(driver, home);
    const lost = await send(second.store, "lost");
    second.db.close();
    rmSync(home, { recursive: true });
    cpSync(copied, home, { recursive: true });
    const { store } = openAt(driver, home);
    expect((await send(store, "another")).seq).toBeGreaterThan(1_000_000);
    await expect(ackOf(store, String(lost.seq))).rejects.toMatchObject({ code: "other_life" });
    await store.close();
  });

  test("an empty one that took the place of a damaged one counts on above its numbers", async () => {
    using folder = tempDir();
    const first = openAt(driver, folder.path);
    await register(first.store, "alice", "bob");
    await send(first.store, "1");
    await first.store.close();
    writeFileSync(join(folder.path, "mesh.db"), "no database at all");
    const { store } = openAt(driver, folder.path, true);
    await register(store, "alice", "bob");
    expect((await send(store, "1 again")).seq).toBeGreaterThan(1_000_000);
    await expect(ackOf(store, "1")).rejects.toMatchObject({ code: "other_life" });
    await store.close();
  });
});
