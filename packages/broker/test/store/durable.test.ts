/** What is committed and not yet on disk: nobody is answered, pushed to or shown anything before its flush has ended. */
import { tempDir } from "testkit";
import { expect, test } from "vitest";
import type { LeasedRecord, MessageToEnqueue } from "../../src/mesh/store.ts";
import { openDatabase } from "../../src/store/sqlite/file/open.ts";
import { sqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { turn } from "../properties/world.ts";
import { driver } from "./drivers.ts";
import { fakeClock } from "./fake-clock.ts";

const QUOTA = { maxMessages: 100, maxBytes: 1e6 };

/** A store of ada and bob whose flushes end when the test says so. */
async function begin(folder: string) {
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
  const store = sqliteStore({ ...opened, log }, fakeClock(), trouble);
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
    ...{ store, log, flushes, unsynced, answers, send },
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
  // What was asked in between is shown with the flush that follows.
  flushes[1]?.end();
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
