/** Several brokers on one Postgres database, and what becomes of them when it is away or not to be trusted. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { AgentId } from "@agentmesh/protocol";
import { assertInTime, packagedPostgres, startPostgres, until } from "testkit";
import { describe, expect, test } from "vitest";
import { newId } from "../../src/mesh/ids.ts";
import { openPostgres } from "../../src/store/postgres/database/open.ts";
import type { SeatTimes } from "../../src/store/postgres/database/seat.ts";
import { nodePostgres } from "../../src/store/postgres/driver/node-postgres.ts";
import { postgresStore } from "../../src/store/postgres/postgres-store.ts";
import { messageFrom, registered } from "./parties.ts";
import { QUICK, RETRY } from "./postgres-brokers.ts";
import { usePostgres } from "./postgres-engine.ts";

const version = packagedPostgres();
const QUOTA = { maxMessages: 1_000, maxBytes: 10_000_000 };

async function broker(url: string, times?: SeatTimes) {
  const open = await openPostgres({ url, connections: 6, ...(times && { times }) });
  return postgresStore(open, { notice: () => {} });
}

type Broker = Awaited<ReturnType<typeof broker>>;

async function sessionOf(store: Broker, agentId: AgentId) {
  const id = newId("ses");
  await store.openSession({ id, agentId, profile: {}, pushPaths: [] });
  return id;
}

/** Ends the connections that brokers hear by; those of their pools stay. */
async function breakLines(url: string): Promise<void> {
  const db = await nodePostgres({ url, connections: 1, connectMs: 5_000, onLost: () => {} });
  const lines = `FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid <> pg_backend_pid()
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
  await db.use((connection) => connection.all(`SELECT pg_terminate_backend(pid) ${lines}`));
  await db.close();
}

/** A broker in another process. */
function startChild(url: string, agentId: AgentId) {
  const program = fileURLToPath(new URL("postgres-broker-child.ts", import.meta.url));
  const args = ["--conditions=@agentmesh/source", program, url, agentId];
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => lines.push(line));
  const next = (named: string) =>
    until(() => {
      const at = lines.findIndex((line) => line.startsWith(named));
      return at < 0 ? undefined : lines.splice(at, 1)[0];
    }, `the other process to say "${named}"`);
  return {
    said: next,
    ask: (line: string) => {
      child.stdin.write(`${line}\n`);
      return next(line.startsWith("stream") ? "streamed" : "late");
    },
    signal: (signal: NodeJS.Signals) => child.kill(signal),
    end: async () => {
      child.stdin.end("end\n");
      await once(child, "exit");
    },
  };
}

const message = (from: AgentId, to: AgentId, body: string) => messageFrom(from, to, { body });

describe.skipIf(version.whyNot !== undefined)(`brokers on one ${version.name} (${version.whyNot ?? "here"})`, () => {
  const { newDatabase, server } = usePostgres(version);

  test("any number of them may be the first to open it, and are of one mesh", async () => {
    const url = await newDatabase();
    const stores = await Promise.all([1, 2, 3].map(() => broker(url)));
    expect(new Set(stores.map(({ instanceId }) => instanceId)).size).toBe(1);
    const names = await Promise.allSettled(
      stores.map((store, n) =>
        store.registerAgent({
          ...{ id: newId("agt"), tokenHash: `token-${n}`, name: "same", ifTaken: "number", profile: {} },
        }),
      ),
    );
    const given = names.map((each) => (each.status === "fulfilled" ? each.value.agent.name : String(each.reason)));
    expect(given.sort()).toEqual(["same", "same-2", "same-3"]);
    await Promise.all(stores.map((store) => store.close()));
  });

  test("what two accept at once, to and fro, has numbers without a gap, and who follows the log misses nothing", async () => {
    const url = await newDatabase();
    const [left, right] = [await broker(url), await broker(url)];
    const [alice, bob] = [await registered(left, "alice"), await registered(right, "bob")];
    const count = 40;
    const seen: string[] = [];
    let { cursor } = await right.log({ after: undefined, limit: 1, viewer: undefined });
    const follow = async () => {
      while (seen.length < 2 * count) {
        const read = await right.log({ after: cursor, limit: 7, viewer: undefined });
        cursor = read.cursor;
        seen.push(...read.entries.map(({ deliveryId }) => deliveryId));
      }
    };
    const sends = Array.from({ length: count }, (_, n) => [
      left.enqueue(message(alice, bob, `to bob ${n}`), QUOTA),
      right.enqueue(message(bob, alice, `to alice ${n}`), QUOTA),
    ]).flat();
    const [accepted] = await Promise.all([Promise.all(sends), follow()]);
    for (const agentId of [alice, bob]) {
      const { entries } = await left.listInbox({ agentId, which: "all", afterSeq: 0, limit: 2 * count });
      expect(entries.map(({ seq }) => seq)).toEqual(Array.from({ length: count }, (_, n) => n + 1));
      const bodies = entries.map(({ message: { body } }) => Number(body.split(" ").at(-1)));
      expect(bodies, "in the order of sending").toEqual(bodies.toSorted((a, b) => a - b));
    }
    expect(seen.toSorted()).toEqual(accepted.map(({ delivery }) => delivery.id).toSorted());
    await Promise.all([left.close(), right.close()]);
  });

  test("what waits is leased by one of two, its bounces have numbers without a gap, and a third that starts takes no lease away", async () => {
    const url = await newDatabase();
    const [left, right] = [await broker(url), await broker(url)];
    const [alice, bob] = [await registered(left, "alice"), await registered(right, "bob")];
    const count = 40;
    const numbers = Array.from({ length: count }, (_, n) => n + 1);
    for (const n of numbers) await left.enqueue(message(alice, bob, `to bob ${n}`), QUOTA);
    const terms = { agentId: bob, max: 3, maxBytes: 10_000, leaseMs: 60_000, session: undefined };
    const take = async (store: Broker) => {
      const taken = [];
      for (;;) {
        const { leased } = await store.lease(terms);
        if (leased.length === 0) return taken;
        taken.push(...leased.map(({ delivery }) => delivery));
      }
    };
    const [some, others] = await Promise.all([take(left), take(right)]);
    expect([...some, ...others].map(({ seq }) => seq).toSorted((a, b) => a - b)).toEqual(numbers);
    const third = await broker(url);
    expect((await third.stats()).deliveries).toMatchObject({ leased: count, queued: 0 });
    const bounce = () => "not for me";
    const reject = (store: Broker, { id, receipt }: (typeof some)[number]) =>
      store.reject(bob, id, receipt, { reason: "no", bounce });
    const verdicts = await Promise.all([
      ...some.map((delivery) => reject(right, delivery)),
      ...others.map((delivery) => reject(left, delivery)),
      ...numbers.map((n) => third.enqueue(message(bob, alice, `to alice ${n}`), QUOTA)),
    ]);
    expect(verdicts.filter((each) => "kind" in each && each.kind === "done")).toHaveLength(count);
    const { entries } = await third.listInbox({ agentId: alice, which: "all", afterSeq: 0, limit: 3 * count });
    expect(entries.map(({ seq }) => seq)).toEqual(Array.from({ length: 2 * count }, (_, n) => n + 1));
    expect(entries.filter(({ message: { kind } }) => kind === "bounce")).toHaveLength(count);
    await Promise.all([left, right, third].map((store) => store.close()));
  });

  test("leases of brokers that are gone are void for the next one, and for nobody while one of them is there", async () => {
    const url = await newDatabase();
    const [left, right] = [await broker(url), await broker(url)];
    const [alice, bob] = [await registered(left, "alice"), await registered(right, "bob")];
    await left.enqueue(message(alice, bob, "once"), QUOTA);
    await left.lease({ agentId: bob, max: 1, maxBytes: 1_000, leaseMs: 60_000, session: undefined });
    await left.close();
    const later = await broker(url);
    expect((await later.stats()).deliveries).toMatchObject({ leased: 1 });
    await Promise.all([right.close(), later.close()]);
    const last = await broker(url);
    expect((await last.stats()).deliveries).toMatchObject({ leased: 0, queued: 1 });
    await last.close();
  });

  test("what one accepts another is told of at once; who could not hear looks, and hears again", async () => {
    const url = await newDatabase();
    const [left, right] = [await broker(url), await broker(url)];
    const [alice, bob] = [await registered(left, "alice"), await registered(left, "bob")];
    const heard: number[] = [];
    let looks = 0;
    right.listen({
      ready: (agentId) => agentId === bob && heard.push(performance.now()),
      advanced: () => {},
      missed: () => {
        looks++;
      },
    });
    const times: number[] = [];
    for (let n = 0; n < 20; n++) {
      heard.length = 0;
      await left.enqueue(message(alice, bob, `to bob ${n}`), QUOTA);
      const answered = performance.now();
      const at = await until(() => heard[0], "the call");
      times.push(at - answered);
    }
    const median = times.toSorted((a, b) => a - b)[times.length / 2] ?? Number.NaN;
    console.log(`heard after ${median.toFixed(1)} ms, the latest after ${Math.max(...times).toFixed(1)} ms`);
    assertInTime(median, 50);

    await breakLines(url);
    await left.enqueue(message(alice, bob, "in between"), QUOTA);
    await until(() => looks > 0, "the look that a new connection is");
    // From here on whatever is heard comes over the new connection, during a send or between two.
    heard.length = 0;
    await until(async () => {
      await left.enqueue(message(alice, bob, "later"), QUOTA);
      return heard.length > 0;
    }, "calls to be heard again");
    await Promise.all([left.close(), right.close()]);
  });

  test("an end of a session or an agent by one broker is known to the other, whose streams it may be", async () => {
    const url = await newDatabase();
    const [left, right] = [await broker(url), await broker(url)];
    const bob = await registered(left, "bob");
    const over: string[] = [];
    const gone: string[] = [];
    right.listen({ ready: () => {}, advanced: () => {}, over: (id) => over.push(id), left: (id) => gone.push(id) });
    const session = await sessionOf(left, bob);
    await left.endSession(session, bob, "left", RETRY);
    await until(() => over.includes(session), "the end of the session");
    await left.removeAgent(bob);
    await until(() => gone.includes(bob), "the end of the agent");
    await Promise.all([left.close(), right.close()]);
  });

  test("a broker whose connection breaks keeps its seat, and one that starts in that moment takes no lease", async () => {
    const url = await newDatabase();
    const left = await broker(url);
    const [alice, bob] = [await registered(left, "alice"), await registered(left, "bob")];
    let anew = 0;
    left.listen({
      ready: () => {},
      advanced: () => {},
      seatedAnew: () => {
        anew++;
      },
    });
    await left.enqueue(message(alice, bob, "once"), QUOTA);
    await left.lease({ agentId: bob, max: 1, maxBytes: 1_000, leaseMs: 600_000, session: undefined });
    await breakLines(url);
    const right = await broker(url);
    expect((await right.stats()).deliveries).toMatchObject({ leased: 1, queued: 0 });
    expect(anew).toBe(0);
    await Promise.all([left.close(), right.close()]);
  });

  test("a broker that starts doubts nobody who talks to another", async () => {
    const url = await newDatabase();
    const left = await broker(url);
    const bob = await registered(left, "bob");
    await left.returnStreamed(await sessionOf(left, bob), 0, RETRY);
    const right = await broker(url);
    await right.doubtSession("all", 45_000, "broker_started");
    const [session] = (await right.sessionsOf(bob, 1)).sessions;
    expect(session?.doubt).toBeUndefined();
    await Promise.all([left.close(), right.close()]);
  });

  test("one broker at a time is on duty, and another one soon after it is gone", async () => {
    const url = await newDatabase();
    const brokers = [await broker(url, QUICK), await broker(url, QUICK), await broker(url, QUICK)];
    const onDuty = () => brokers.filter((each) => each.isOnDuty());
    for (let n = 0; n < 3; n++) {
      const one = await until(() => onDuty()[0], "a broker on duty");
      expect(onDuty()).toHaveLength(1);
      await one.close();
      brokers.splice(brokers.indexOf(one), 1);
    }
  });

  test("a broker that hangs is gone for the others; when it goes on it takes nothing from anybody", async () => {
    const url = await newDatabase();
    const left = await broker(url, QUICK);
    const [alice, bob] = [await registered(left, "alice"), await registered(left, "bob")];
    const [staying, moving] = [await sessionOf(left, bob), await sessionOf(left, bob)];
    for (const body of ["one", "two"]) await left.enqueue(message(alice, bob, body), QUOTA);
    const child = startChild(url, bob);
    for (const session of [moving, staying]) expect(await child.ask(`stream ${session}`)).toBe("streamed 1");
    const care = (graceMs: number) => left.endBrokers({ graceMs, ageMs: 45_000 }, RETRY);
    expect(await care(0)).toBe(0);
    child.signal("SIGSTOP");
    const doubt = async () => (await left.sessionsOf(bob, 2)).sessions.filter((each) => each.doubt).length;
    await until(async () => (await care(600_000)) === 0 && (await doubt()) === 2, "the others to take it for gone");
    expect((await left.stats()).deliveries).toMatchObject({ leased: 2, queued: 0 });
    // The client of one session goes on with another broker, and has what it was given.
    const had = await left.log({ after: undefined, limit: 10, viewer: undefined });
    expect(had.entries.length).toBeGreaterThan(0);
    await left.returnStreamed(moving, Number.MAX_SAFE_INTEGER, RETRY);
    await left.touchSession(moving, bob, undefined);
    expect(await care(0), "of the session that stayed away").toBe(1);
    expect((await left.stats()).deliveries).toMatchObject({ leased: 1, queued: 1 });
    await until(() => left.isOnDuty(), "the duty to be taken over");
    child.signal("SIGCONT");
    await child.said("seated anew");
    // Its timers go on where they were: what they set out to do is none of its business any more.
    expect(await child.ask(`late ${moving}`)).toMatch(/^late 0 (lease_lost|done|acked_before) false$/);
    expect((await left.sessionsOf(bob, 2)).sessions.filter((each) => each.doubt)).toHaveLength(1);
    const { deliveries } = await left.stats();
    expect(deliveries.leased + deliveries.queued + deliveries.acked).toBe(2);
    await child.end();
    await left.close();
  });

  test("a database that is killed is told of with when to try again, keeps what was accepted, and is used again when it is back", async () => {
    const store = await broker(await newDatabase());
    const [alice, bob] = [await registered(store, "alice"), await registered(store, "bob")];
    const before = await store.enqueue(message(alice, bob, "before"), QUOTA);
    await server().kill();
    await expect(store.enqueue(message(alice, bob, "while it is away"), QUOTA)).rejects.toMatchObject({
      code: "store_unavailable",
      extras: { retryAfterMs: 1_000 },
    });
    await expect(store.findAgent("bob")).rejects.toMatchObject({ code: "store_unavailable" });
    await server().start();
    const after = await until(() => store.enqueue(message(alice, bob, "after"), QUOTA).catch(() => undefined));
    expect([before.delivery.seq, after.delivery.seq]).toEqual([1, 2]);
    await store.close();
  });

  test.each([
    ["fsync", "off", /fsync is off, .* Set fsync = on/],
    ["full_page_writes", "off", /full_page_writes is off/],
    ["synchronous_commit", "off", /synchronous_commit is off/],
  ])("one with %s = %s is not opened, and it is said what to set", async (name, value, sentence) => {
    await using unsafe = await startPostgres(version, { [name]: value });
    await expect(openPostgres({ url: unsafe.addressOf("postgres") })).rejects.toThrow(sentence);
  });

  test("one of a newer schema is refused by its number, and left as it is", async () => {
    const url = await newDatabase();
    const { db } = await openPostgres({ url });
    await db.use((connection) => connection.run("INSERT INTO migration (version) VALUES (9999)"));
    await db.close();
    await expect(openPostgres({ url })).rejects.toThrow(/schema 9999; this broker knows schema \d/);
    const again = await nodePostgres({ url, connections: 1, connectMs: 5_000, onLost: () => {} });
    await again.use((connection) => connection.run("DELETE FROM migration WHERE version = 9999"));
    await again.close();
  });
});
