/** Acts that wait share a transaction, and what they moved is counted as if each had been alone. */
import { packagedPostgres } from "testkit";
import { describe, expect, test } from "vitest";
import { newId } from "../../src/mesh/ids.ts";
import { openPostgres } from "../../src/store/postgres/database/open.ts";
import { postgresStore } from "../../src/store/postgres/postgres-store.ts";
import { messageFrom, registered } from "./parties.ts";
import { usePostgres } from "./postgres-engine.ts";

const version = packagedPostgres();
const QUOTA = { maxMessages: 1_000, maxBytes: 10_000_000 };
const MANY = 40;

/** What the database counts beside what there is, of every agent; those where they differ. */
const MISCOUNTED = `
  SELECT a.name FROM agent a JOIN keeping k ON k.agent_pk = a.pk
  CROSS JOIN LATERAL (
    SELECT COUNT(*) FILTER (WHERE d.state = 'queued') AS queued, COUNT(*) FILTER (WHERE d.state IN ('queued', 'leased', 'held')) AS open,
      COALESCE(SUM(d.bytes) FILTER (WHERE d.state IN ('queued', 'leased', 'held')), 0) AS bytes, COUNT(*) AS numbered
    FROM delivery d WHERE d.agent_pk = a.pk) d
  CROSS JOIN LATERAL (
    SELECT COUNT(*) AS messages, COALESCE(SUM(2048 + 2 * m.body_bytes), 0) AS bytes FROM message m WHERE m.sender_pk = a.pk) m
  WHERE (a.queued_count, a.open_count, a.open_bytes, a.next_seq - 1) <> (d.queued, d.open, d.bytes, d.numbered)
    OR (k.messages, k.bytes) <> (m.messages, m.bytes)`;

describe.skipIf(version.whyNot !== undefined)(
  `acts that wait, on ${version.name} (${version.whyNot ?? "here"})`,
  () => {
    const { newDatabase } = usePostgres(version);

    test("are accepted, leased and acked in few transactions, and counted exactly", async () => {
      const told: string[] = [];
      const database = await openPostgres({ url: await newDatabase(), connections: 4 });
      const store = postgresStore(database, { notice: (_, event) => told.push(event) });
      const ask = <Row extends object>(sql: string) => database.db.use((connection) => connection.script<Row>(sql));
      const transactions = async () => Number((await ask<{ id: string }>("SELECT pg_current_xact_id() AS id"))[0]?.id);
      const names = Array.from({ length: MANY }, (_, n) => n);
      const agents = await Promise.all(names.map((n) => registered(store, `agent-${n}`)));
      const before = await transactions();
      await Promise.all(
        agents.map((from, n) =>
          store.enqueue(messageFrom(from, agents[(n + 1) % MANY] ?? from, { body: "x".repeat(n + 1) }), QUOTA),
        ),
      );
      expect(await ask(MISCOUNTED)).toEqual([]);
      const terms = { max: 5, maxBytes: 1e6, leaseMs: 60_000, session: undefined };
      const taken = await Promise.all(agents.map((agentId) => store.lease({ agentId, ...terms })));
      expect(taken.map(({ leased, queued }) => [leased.length, queued])).toEqual(agents.map(() => [1, 0]));
      expect(await ask(MISCOUNTED)).toEqual([]);
      const acked = await Promise.all(
        agents.map(async (agentId, n) => {
          const { id = "", receipt = "" } = taken[n]?.leased[0]?.delivery ?? {};
          return (await store.ack(agentId, id, receipt, "handled")).kind;
        }),
      );
      expect(new Set(acked)).toEqual(new Set(["done"]));
      expect(await ask(MISCOUNTED)).toEqual([]);
      // 120 acts; and nothing was refused to a group, which would have done its acts one by one.
      expect((await transactions()) - before).toBeLessThan(MANY);
      expect(told).toEqual([]);
      await store.close();
    });

    test("are leased in the order of reading, also what is sent beside the lease", async () => {
      const store = postgresStore(await openPostgres({ url: await newDatabase() }), { notice: () => {} });
      const [ann, ben] = [await registered(store, "ann"), await registered(store, "ben")];
      await store.enqueue(messageFrom(ann, ben, { body: "first" }), QUOTA);
      const lease = { agentId: ben, max: 1, maxBytes: 1e6, leaseMs: 60_000, session: undefined };
      const [, { leased }] = await Promise.all([
        store.enqueue(messageFrom(ann, ben, { body: "urgent", urgency: "interrupt" }), QUOTA),
        store.lease(lease),
      ]);
      const { entries } = await store.log({ after: undefined, limit: 10, viewer: undefined });
      // Both were in one transaction: the send is ahead.
      expect(entries.map(({ event }) => event)).toEqual(["accepted", "accepted", "leased"]);
      expect(leased.map(({ delivery }) => delivery.message.body)).toEqual(["urgent"]);
      await store.close();
    });

    test("are leased by a read whatever its session holds of its stream", async () => {
      const store = postgresStore(await openPostgres({ url: await newDatabase() }), { notice: () => {} });
      const [ann, ben] = [await registered(store, "ann"), await registered(store, "ben")];
      const session = newId("ses");
      await store.openSession({ id: session, agentId: ben, profile: {}, pushPaths: [] });
      for (let n = 0; n < 90; n++) await store.enqueue(messageFrom(ann, ben, { body: `${n}` }), QUOTA);
      const read = { agentId: ben, max: 25, maxBytes: 1e6, leaseMs: 60_000, session };
      const streamed = { ...read, stream: { maxInFlight: 60 } };
      const taken = [await store.lease(streamed), await store.lease(streamed), await store.lease(streamed)];
      expect(taken.map(({ leased }) => leased.length)).toEqual([25, 25, 10]);
      expect((await store.lease(read)).leased).toHaveLength(25);
      await store.close();
    });
  },
);
