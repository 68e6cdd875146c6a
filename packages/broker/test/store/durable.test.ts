/** What is committed and not yet on disk: nobody is answered, pushed to or shown anything before its flush has ended. */
import { tempDir, until } from "testkit";
import { expect, test } from "vitest";
import type { LeasedRecord, MessageToEnqueue } from "../../src/mesh/store.ts";
import { SLICES } from "../../src/store/sqlite/commits/slices.ts";
import { openDatabase } from "../../src/store/sqlite/file/open.ts";
import { sqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { turn } from "../properties/world.ts";
import { driver } from "./drivers.ts";
import { fakeClock } from "./fake-clock.ts";

const QUOTA = { maxMessages: 100, maxBytes: 1e6 };

/** A store of ada and bob whose flushes end when the test says so. */
async function begin(folder: string, sizes = SLICES) {
  const opened = openDatabase({ driver, folder, synchronous: "normal", startEmpty: false, notice: () => {} });
  const flushes: { end(): void; fail(error: Error): void }[] = [];
  let isHeld = false;
  const log = {
    closed: false,
    now: 0,
    flush: () => (isHeld ? new Promise<void>((end, fail) => flushes.push({ end, fail })) : Promise.resolve()),
    flushNow: () => {
      log.now++;
    },
    close: () => {
      log.closed = true;
    },
  };
  const unsynced: string[] = [];
  const trouble = { makeRoom: () => false, unsynced: ({ message }: Error) => void unsynced.push(message) };
  const store = sqliteStore({ ...opened, log }, fakeClock(), trouble, sizes);
  for (const name of ["ada", "bob"])
    await store.registerAgent({ id: `agt_${name}`, tokenHash: name, name, ifTaken: "refuse", profile: {} });
  const answers: string[] = [];
  const send = (n: number) => {
    const ids = { id: `msg_${n}`, threadId: `thr_${n}`, deliveryId: `dlv_${n}` } as const;
    const parties = { senderId: "agt_ada", recipientId: "agt_bob", inReplyTo: undefined } as const;
    const rest = { body: "text", bodyBytes: 4, ttlMs: 60_000, idempotency: undefined, answers: undefined };
    const message: MessageToEnqueue = { ...ids, ...parties, ...rest };
    void store.enqueue(message, QUOTA).then(
      ({ delivery }) => answers.push(`${n} ${delivery.state}`),
      (error: Error) => answers.push(`${n} ${error.message}`),
    );
  };
  return {
    ...{ store, db: opened.db, log, flushes, unsynced, answers, send },
    hold: () => {
      isHeld = true;
    },
  };
}

async function turns(): Promise<void> {
  for (let i = 0; i < 6; i++) await turn();
}

test("nothing is answered, pushed or shown before it is on disk", async () => {
  using folder = tempDir();
  const { store, flushes, answers, send, hold } = await begin(folder.path);
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
  });
  await turns();
  told.length = 0;
  hold();
  send(1);
  await turns();
  const shown = store.messageStatus("msg_1");
  let isShown = false;
  void shown.then(() => {
    isShown = true;
  });
  await turns();
  expect([flushes.length, answers, pushed, told, isShown]).toEqual([1, [], [], [], false]);
  flushes[0]?.end();
  await turns();
  expect(answers).toEqual(["1 queued"]);
  expect(pushed.map(({ delivery }) => delivery.id)).toEqual(["dlv_1"]);
  expect(told).toContain("agt_bob");
  expect((await shown)?.deliveries.map(({ state }) => state)).toEqual(["leased"]);
});

test("what is committed while a flush is under way is answered by the next one", async () => {
  using folder = tempDir();
  const { flushes, answers, send, hold } = await begin(folder.path);
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
  const { flushes, answers, send, hold, unsynced } = await begin(folder.path);
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

test("a close brings to disk what was committed, and answers it", async () => {
  using folder = tempDir();
  const { store, log, answers, send, hold } = await begin(folder.path);
  hold();
  send(1);
  await turns();
  send(2);
  await store.close();
  await turns();
  expect(answers).toEqual(["1 queued", "2 queued"]);
  expect([log.now > 0, log.closed]).toEqual([true, true]);
});

/** A first slice of four pieces, and one piece in each later one. */
const SMALL = { ...SLICES, pieces: 4, firstMs: 0, ms: 0 };

test("an act in slices goes on while the disk takes the first ones, and is answered when it has the last", async () => {
  using folder = tempDir();
  const { store, db, flushes, hold } = await begin(folder.path, SMALL);
  const stored = () => db.prepare<[], { n: number }>("SELECT COUNT(*) AS n FROM delivery").get()?.n;
  for (let n = 0; n < 20; n++) {
    await store.registerAgent({
      id: `agt_${n}`,
      tokenHash: `${n}`,
      name: `reader-${n}`,
      ifTaken: "refuse",
      profile: {},
    });
    await store.subscribe(`agt_${n}`, "news", 0, QUOTA);
  }
  hold();
  let isAnswered = false;
  const content = { topic: "news", body: "text", bodyBytes: 4, ttlMs: 60_000, idempotency: undefined };
  const ids = { id: "msg_1", threadId: "thr_1", senderId: "agt_ada", inReplyTo: undefined } as const;
  const published = store.publish({ ...ids, ...content }, QUOTA).finally(() => {
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
  const { store, db, flushes, send, hold } = await begin(folder.path, SMALL);
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
