/** A store of ada and bob whose flushes end when a test says so, and whose transactions fail when it says so. */
import type { AgentId } from "@agentmesh/protocol";
import type { MessageToEnqueue } from "../../src/mesh/store.ts";
import { SLICES } from "../../src/store/sqlite/commits/slices.ts";
import type { Statement } from "../../src/store/sqlite/driver/database.ts";
import { openDatabase } from "../../src/store/sqlite/file/open.ts";
import { sqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { turn } from "../properties/world.ts";
import { driver } from "./drivers.ts";
import { fakeClock } from "./fake-clock.ts";

const QUOTA = { maxMessages: 100, maxBytes: 1e6 };

/** Opens it in a folder. `fails` makes each COMMIT, or BEGIN, fail with SQLite's code while `when` says so. */
export async function heldStore(folder: string, sizes = SLICES) {
  const opened = openDatabase({ driver, folder, synchronous: "normal", startEmpty: false, notice: () => {} });
  const { db } = opened;
  let failing:
    | { readonly code: string; readonly when: () => boolean; readonly sql: "COMMIT" | "BEGIN IMMEDIATE" }
    | undefined;
  const failable = (sql: string, statement: Statement): Statement => {
    if (sql !== "COMMIT" && sql !== "BEGIN IMMEDIATE") return statement;
    const run: Statement["run"] = (...bound) => {
      if (failing?.sql === sql && failing.when()) throw Object.assign(new Error(failing.code), { code: failing.code });
      return statement.run(...bound);
    };
    return { run, get: (...bound) => statement.get(...bound), all: (...bound) => statement.all(...bound) };
  };
  const watched = new Proxy(db, {
    get: (of, key) => {
      if (key === "prepare") return (sql: string) => failable(sql, of.prepare(sql));
      const value = Reflect.get(of, key);
      return typeof value === "function" ? value.bind(of) : value;
    },
  });
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
  const store = sqliteStore({ ...opened, db: watched, log }, fakeClock(), trouble, sizes);
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
  const inState = (state: string) =>
    db.prepare<[string], { n: number }>("SELECT COUNT(*) AS n FROM delivery WHERE state = ?").get(state)?.n ?? 0;
  return {
    ...{ store, db, log, flushes, unsynced, answers, send, inState },
    /** So many more agents, who subscribe to a topic. */
    readers: async (count: number, topic: string) => {
      for (let n = 0; n < count; n++) {
        const id: AgentId = `agt_${n}`;
        await store.registerAgent({ id, tokenHash: id, name: `reader-${n}`, ifTaken: "refuse", profile: {} });
        await store.subscribe(id, topic, 0, QUOTA);
      }
    },
    /** One message of ada's to all of them. */
    publish: (topic: string) =>
      store.publish(
        {
          ...{ id: "msg_1", threadId: "thr_1", senderId: "agt_ada", inReplyTo: undefined },
          ...{ topic, body: "text", bodyBytes: 4, ttlMs: 60_000, idempotency: undefined },
        },
        QUOTA,
      ),
    fails: (sql: "COMMIT" | "BEGIN IMMEDIATE", code: string, when: () => boolean) => {
      failing = { sql, code, when };
    },
    heals: () => {
      failing = undefined;
    },
    /** Ends each flush until none is asked for any more. */
    endFlushes: async () => {
      for (let [ended, idle] = [0, 0]; idle < 3; await turns()) {
        idle = ended === flushes.length ? idle + 1 : 0;
        while (ended < flushes.length) flushes[ended++]?.end();
      }
    },
    hold: () => {
      isHeld = true;
    },
  };
}

/** Some turns of the event loop. */
export async function turns(): Promise<void> {
  for (let i = 0; i < 6; i++) await turn();
}
