/** What is committed and not yet on disk: nobody is answered, pushed to or shown anything before its flush has ended. */
import { tempDir, until } from "testkit";
import { expect, test } from "vitest";
import type { LeasedRecord } from "../../src/mesh/store.ts";
import { SLICES } from "../../src/store/sqlite/commits/slices.ts";
import { turn } from "../properties/world.ts";
import { heldStore, turns } from "./held-disk.ts";

test("nothing is answered, pushed or shown before it is on disk", async () => {
  using folder = tempDir();
  const { store, flushes, answers, send, hold } = await heldStore(folder.path);
  await store.openSession({ id: "ses_1", agentId: "agt_bob", profile: {}, pushPaths: [{ path: "stream" }] });
  const pushed: LeasedRecord[] = [];
  const told: string[] = [];
  store.listen({
    ready: (agentId) => told.push(agentId),
    offers: (agentId) =>
      agentId === "agt_bob"
        ? [
            {
              ...{ agentId, session: "ses_1", max: 25, maxBytes: 1e6, leaseMs: 60_000 },
              stream: { maxInFlight: 5, maxPushes: undefined },
            },
          ]
        : [],
    leased: (_session, leased) => pushed.push(...leased),
    advanced: () => told.push("log"),
    happened: () => told.push("events"),
  });
  await turns();
  const { cursor } = await store.events({ after: undefined, limit: 9, viewer: undefined });
  told.length = 0;
  hold();
  send(1);
  await turns();
  const shown = store.messageStatus("msg_1");
  const seen = store.events({ after: cursor, limit: 9, viewer: undefined });
  let isShown = false;
  void Promise.race([shown, seen]).then(() => {
    isShown = true;
  });
  await turns();
  expect([flushes.length, answers, pushed, told, isShown]).toEqual([1, [], [], [], false]);
  flushes[0]?.end();
  await turns();
  expect(answers).toEqual(["1 queued"]);
  expect(pushed.map(({ delivery }) => delivery.id)).toEqual(["dlv_1"]);
  expect(told).toEqual(expect.arrayContaining(["agt_bob", "log", "events"]));
  const types = (await seen).events.map(({ event }) => event.type);
  expect(types).toEqual(["delivery.accepted", "delivery.leased"]);
  expect((await shown)?.deliveries.map(({ state }) => state)).toEqual(["leased"]);
});

test("what is committed while a flush is under way is answered by the next one", async () => {
  using folder = tempDir();
  const { flushes, answers, send, hold } = await heldStore(folder.path);
  hold();
  send(1);
  await turns();
  for (let n = 2; n <= 30; n++) send(n);
  await turns();
  expect(flushes.length).toBe(1);
  flushes[0]?.end();
  await turns();
  expect(answers).toEqual(["1 queued"]);
  flushes[1]?.end();
  await turns();
  flushes[2]?.end();
  await turns();
  expect(answers.length).toBe(30);
});

test("after a flush that failed nobody is told that anything was stored, and the broker is told once", async () => {
  using folder = tempDir();
  const { flushes, answers, send, hold, unsynced } = await heldStore(folder.path);
  hold();
  send(1);
  await turns();
  for (let n = 2; n <= 30; n++) send(n);
  await turns();
  flushes[0]?.fail(new Error("EIO: i/o error, fdatasync"));
  await turns();
  send(31);
  await turns();
  expect(answers.length).toBe(31);
  for (const answer of answers) expect(answer).toContain("whether this was stored nobody knows");
  expect(unsynced).toEqual(["EIO: i/o error, fdatasync"]);
});

test("a close waits until what was committed is on disk, and answers it", async () => {
  using folder = tempDir();
  const { store, log, answers, send, hold, endFlushes } = await heldStore(folder.path);
  hold();
  send(1);
  await turns();
  send(2);
  const closed = store.close();
  await turns();
  expect([answers, log.closed]).toEqual([[], false]);
  await endFlushes();
  await closed;
  expect([answers, log.closed]).toEqual([["1 queued", "2 queued"], true]);
});

/** A first slice of four pieces, and one piece in each later one. */
const SMALL = { ...SLICES, pieces: 4, firstMs: 0, ms: 0 };

test("an act in slices goes on while the disk takes the first ones, and is answered when it has the last", async () => {
  using folder = tempDir();
  const { db, flushes, readers, publish, hold } = await heldStore(folder.path, SMALL);
  const stored = () => db.prepare<[], { n: number }>("SELECT COUNT(*) AS n FROM delivery").get()?.n;
  await readers(20, "news");
  hold();
  let isAnswered = false;
  const published = publish("news").finally(() => {
    isAnswered = true;
  });
  await until(() => stored() === 20);
  expect([isAnswered, flushes.length]).toEqual([false, 1]);
  flushes[0]?.end();
  await until(() => flushes.length === 2);
  expect(isAnswered).toBe(false);
  flushes[1]?.end();
  expect((await published).counts.accepted).toBe(20);
});

test("an act in slices that fails in a later one answers with what is on disk, when it is there", async () => {
  using folder = tempDir();
  const { store, db, flushes, send, hold } = await heldStore(folder.path, SMALL);
  for (let n = 1; n <= 20; n++) send(n);
  await until(() => db.prepare<[], { n: number }>("SELECT COUNT(*) AS n FROM delivery").get()?.n === 20);
  const terms = { agentId: "agt_bob", max: 20, maxBytes: 1e6, leaseMs: 60_000, session: undefined } as const;
  const { leased } = await store.lease(terms);
  const counted = "(SELECT COUNT(*) FROM delivery WHERE state = 'acked')";
  const acked = () => db.prepare<[], { n: number }>(`SELECT ${counted} AS n`).get()?.n;
  db.exec(`CREATE TEMP TRIGGER no_more BEFORE UPDATE ON delivery WHEN ${counted} >= 6
    BEGIN SELECT RAISE(FAIL, 'no more'); END`);
  hold();
  const acks = leased.map(({ delivery: { id, receipt } }) => ({ ref: id, receipt, evidence: "handled" as const }));
  let verdicts: readonly { kind: string }[] = [];
  void store.ackMany("agt_bob", acks).then((answer) => {
    verdicts = answer;
  });
  await until(() => acked() === 6);
  await turns();
  expect([acked(), verdicts]).toEqual([6, []]);
  for (const flush of flushes) flush.end();
  await until(() => flushes.length > 1);
  for (const flush of flushes) flush.end();
  await until(() => verdicts.length > 0);
  expect(verdicts.map(({ kind }) => kind)).toEqual(acks.map((_, n) => (n < 6 ? "done" : "refused")));
});

test("what others ask goes to the disk without a slice of a big act beside it, and the two take turns", async () => {
  using folder = tempDir();
  // A transaction is not over before its acts are, however slow the machine.
  const opened = await heldStore(folder.path, { ...SLICES, pieces: 1, firstMs: 0, ms: 0, batchMs: 10_000 });
  const { store, db, answers, send, readers, fails } = opened;
  await readers(40, "news");
  const count = db.prepare<[], { sent: number; published: number }>(
    `SELECT COUNT(*) FILTER (WHERE m.topic IS NULL) AS sent, COUNT(m.topic) AS published
     FROM delivery d JOIN message m ON m.pk = d.message_pk`,
  );
  const commits: { readonly sent: number; readonly published: number }[] = [];
  fails("COMMIT", "", () => {
    const now = count.get();
    if (now) commits.push(now);
    return false;
  });
  const published = store.publish(
    {
      ...{ id: "msg_0", threadId: "thr_0", senderId: "agt_bob", inReplyTo: undefined },
      ...{ topic: "news", body: "text", bodyBytes: 4, ttlMs: 60_000, idempotency: undefined },
    },
    { maxMessages: 100, maxBytes: 1e6 },
  );
  // As somebody who always asks for more.
  for (let n = 1; n <= 60; n++) {
    send(n);
    await turn();
    expect(count.get()?.sent, "it is done in the next turn, whatever goes on").toBe(n);
  }
  expect((await published).counts.accepted).toBe(40);
  await until(() => answers.length === 60, "all sends to be answered");
  const steps = commits.map((each, i) => {
    const before = commits[i - 1] ?? { sent: 0, published: 0 };
    return `${each.sent > before.sent ? "sends" : ""}${each.published > before.published ? "slice" : ""}`;
  });
  const [first, last] = [steps.findIndex((step) => step.includes("slice")), steps.lastIndexOf("slice")];
  const meanwhile = steps.slice(first + 1, last + 1);
  expect(meanwhile.filter((step) => step === "slice")).toHaveLength(39);
  expect(meanwhile.filter((step) => step === "sendsslice")).toEqual([]);
  expect(meanwhile.filter((step, i) => step === "sends" && meanwhile[i + 1] === "sends")).toEqual([]);
  expect(meanwhile.filter((step) => step === "sends").length).toBeGreaterThan(20);
  await store.close();
});
