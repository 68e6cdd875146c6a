/** What fails between a COMMIT and the disk: nobody is told of more than what is there, nor of less. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { SessionId } from "@agentmesh/protocol";
import { tempDir } from "testkit";
import { describe, expect, test } from "vitest";
import { SLICES } from "../../src/store/sqlite/commits/slices.ts";
import { heldStore, turns } from "./held-disk.ts";

/** A first slice of four pieces, and one that takes all in the next. */
const SMALL = { ...SLICES, pieces: 4, firstMs: 0, ms: 1_000 };
const RETRY = { maxAttempts: 10, delayMs: () => 0 };

type Held = Awaited<ReturnType<typeof heldStore>>;

async function withMail(folder: string, mails: number): Promise<Held> {
  const held = await heldStore(folder, SMALL);
  for (let n = 1; n <= mails; n++) held.send(n);
  for (let i = 0; held.answers.length < mails && i < 50; i++) await turns();
  return held;
}

function ackAll({ store }: Held) {
  return store
    .lease({ agentId: "agt_bob", max: 20, maxBytes: 1e6, leaseMs: 60_000, session: undefined })
    .then(({ leased }) =>
      leased.map(({ delivery: { id, receipt } }) => ({ ref: id, receipt, evidence: "handled" as const })),
    );
}

test.each([
  ["whose last one is lost", "COMMIT", "SQLITE_FULL", 4, "storage_full"],
  ["that meets another program's lock", "BEGIN IMMEDIATE", "SQLITE_BUSY", 0, "store_unavailable"],
] as const)(
  "acks in slices %s while the first is on its way to the disk answer with those that are there, and why there are no more",
  async (_, sql, code, fewest, told) => {
    using folder = tempDir();
    const held = await withMail(folder.path, 10);
    const acks = await ackAll(held);
    held.hold();
    held.fails(sql, code, () => held.inState("acked") > fewest);
    const answer = held.store.ackMany("agt_bob", acks);
    await held.endFlushes();
    const verdicts = await answer;
    expect(verdicts.map(({ kind }) => kind)).toEqual(acks.map((_, n) => (n < 4 ? "done" : "refused")));
    expect(verdicts.at(-1)).toMatchObject({ error: { code: told } });
    expect(held.inState("acked")).toBe(4);
  },
);

describe("when its last slice is lost while the first is on its way to the disk", () => {
  test("ending a session is refused", async () => {
    using folder = tempDir();
    const held = await withMail(folder.path, 10);
    const session: SessionId = "ses_1";
    await held.store.openSession({ id: session, agentId: "agt_bob", profile: {}, pushPaths: [] });
    await held.store.lease({ agentId: "agt_bob", max: 20, maxBytes: 1e6, leaseMs: 60_000, session });
    held.hold();
    held.fails("COMMIT", "SQLITE_FULL", () => held.inState("queued") > 4);
    const answer = held.store.endSession(session, "agt_bob", "left", RETRY).catch((error: Error) => error);
    await held.endFlushes();
    expect(await answer).toMatchObject({ code: "storage_full" });
  });

  test("a publish is refused", async () => {
    using folder = tempDir();
    const held = await heldStore(folder.path, SMALL);
    await held.readers(10, "news");
    held.hold();
    held.fails("COMMIT", "SQLITE_FULL", () => held.inState("queued") > 4);
    const answer = held.publish("news").catch((error: Error) => error);
    await held.endFlushes();
    expect(await answer).toMatchObject({ code: "storage_full" });
  });
});

test("what was committed before a flush that failed is shown to nobody, then or later", async () => {
  using folder = tempDir();
  const { store, flushes, send, hold } = await heldStore(folder.path);
  hold();
  send(1);
  await turns();
  const look = () => store.messageStatus("msg_1").catch((error: Error) => error);
  const meanwhile = look();
  await turns();
  flushes[0]?.fail(new Error("EIO: i/o error, fdatasync"));
  expect(await meanwhile).toMatchObject({ code: "store_unavailable" });
  expect(await look()).toMatchObject({ code: "store_unavailable" });
});

test("a close under a flush that fails is refused, leaves the mark of a broker that was killed, and answers nobody", async () => {
  using folder = tempDir();
  const { store, flushes, answers, unsynced, log, send, hold } = await heldStore(folder.path);
  hold();
  send(1);
  await turns();
  const closed = store.close().catch((error: Error) => error);
  await turns();
  flushes[0]?.fail(new Error("EIO: i/o error, fdatasync"));
  expect(await closed).toMatchObject({ code: "store_unavailable" });
  expect(answers).toEqual([expect.stringContaining("whether this was stored nobody knows")]);
  expect([unsynced.length, log.closed]).toEqual([1, true]);
  expect(JSON.parse(readFileSync(join(folder.path, "mesh.mark.json"), "utf8"))).toMatchObject({ clean: false });
});

test("what a stream has asked for and its connection did not live to take comes back with the others of its session", async () => {
  using folder = tempDir();
  const held = await withMail(folder.path, 3);
  const session: SessionId = "ses_1";
  await held.store.openSession({ id: session, agentId: "agt_bob", profile: {}, pushPaths: [{ path: "stream" }] });
  held.hold();
  const other = held.store.setSummary("agt_ada", "at work");
  await turns();
  const terms = { agentId: "agt_bob", max: 25, maxBytes: 1e6, leaseMs: 60_000, session } as const;
  const asked = held.store.lease({ ...terms, stream: { maxInFlight: 2, maxPushes: undefined } });
  const back = held.store.returnStreamed(session, 0, RETRY);
  await held.endFlushes();
  await other;
  expect([(await asked).leased.length, await back, held.inState("queued")]).toEqual([2, 2, 3]);
});

test("a removal that is lost is told to nobody", async () => {
  using folder = tempDir();
  const { store, fails, heals } = await heldStore(folder.path);
  const left: string[] = [];
  store.listen({ ready: () => {}, advanced: () => {}, left: (agentId) => left.push(agentId) });
  await turns();
  fails("COMMIT", "SQLITE_FULL", () => true);
  await expect(store.removeAgent("agt_bob", undefined)).rejects.toMatchObject({ code: "storage_full" });
  heals();
  await store.setSummary("agt_ada", "at work");
  await turns();
  expect(left).toEqual([]);
});
