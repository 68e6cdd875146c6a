/** Acts that wait share a transaction, and what they moved is counted as if each had been alone. */
import { packagedPostgres } from "testkit";
import { describe, expect, test } from "vitest";
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
  },
);
