/** Several brokers on one Postgres database, and what becomes of them when it is away or not to be trusted. */
import { packagedPostgres, startPostgres, until } from "testkit";
import { describe, expect, test } from "vitest";
import { newId } from "../../src/mesh/ids.ts";
import type { MessageToEnqueue } from "../../src/mesh/store.ts";
import { openPostgres } from "../../src/store/postgres/database/open.ts";
import { nodePostgres } from "../../src/store/postgres/driver/node-postgres.ts";
import { postgresStore } from "../../src/store/postgres/postgres-store.ts";
import { usePostgres } from "./postgres-engine.ts";

const version = packagedPostgres();
const QUOTA = { maxMessages: 1_000, maxBytes: 10_000_000 };

async function broker(url: string) {
  return postgresStore(await openPostgres({ url, connections: 6 }), { notice: () => {} });
}

type Broker = Awaited<ReturnType<typeof broker>>;

async function agent(store: Broker, name: string) {
  const asked = { id: newId("agt"), tokenHash: `hash-of-${name}`, name, ifTaken: "refuse", profile: {} } as const;
  return (await store.registerAgent(asked)).agent.id;
}

function message(senderId: MessageToEnqueue["senderId"], recipientId: MessageToEnqueue["recipientId"], body: string) {
  const id = newId("msg");
  return {
    ...{ id, threadId: `thr_${id.slice(4)}` as const, senderId, recipientId, deliveryId: newId("dlv"), body },
    ...{ bodyBytes: body.length, inReplyTo: undefined, ttlMs: 60_000, idempotency: undefined, answers: undefined },
  };
}

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
    const [alice, bob] = [await agent(left, "alice"), await agent(right, "bob")];
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
    const [alice, bob] = [await agent(left, "alice"), await agent(right, "bob")];
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
    const [alice, bob] = [await agent(left, "alice"), await agent(right, "bob")];
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

  test("a database that is killed is told of with when to try again, keeps what was accepted, and is used again when it is back", async () => {
    const store = await broker(await newDatabase());
    const [alice, bob] = [await agent(store, "alice"), await agent(store, "bob")];
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
