/** Connections to a Postgres whose other end says nothing any more: a broker that was stopped, a network that forgot them. */
import type { AgentId } from "@agentmesh/protocol";
import { assertInTime, openDatabaseLines, packagedPostgres, until } from "testkit";
import { describe, expect, test } from "vitest";
import { type OpenTerms, openPostgres } from "../../src/store/postgres/database/open.ts";
import { nodePostgres } from "../../src/store/postgres/driver/node-postgres.ts";
import { postgresStore } from "../../src/store/postgres/postgres-store.ts";
import { messageFrom, registered } from "./parties.ts";
import { QUICK } from "./postgres-brokers.ts";
import { usePostgres } from "./postgres-engine.ts";

const version = packagedPostgres();
const QUOTA = { maxMessages: 1_000, maxBytes: 10_000_000 };

async function storeOf(url: string, terms: Partial<OpenTerms> = {}) {
  return postgresStore(await openPostgres({ url, ...terms }), { notice: () => {} });
}

const message = (from: AgentId, to: AgentId, body: string) => messageFrom(from, to, { body });

describe.skipIf(version.whyNot !== undefined)(`connections to ${version.name} (${version.whyNot ?? "here"})`, () => {
  const { newDatabase, server } = usePostgres(version);

  test("a broker that is stopped in the midst of an act keeps the others waiting for some seconds", async () => {
    const url = await newDatabase();
    const store = await storeOf(url);
    const [alice, bob] = [await registered(store, "alice"), await registered(store, "bob")];
    const stopped = await nodePostgres({ url, connections: 1, connectMs: 5_000, onLost: () => {} });
    const { promise: goesOn, resolve: goOn } = Promise.withResolvers<void>();
    const { promise: holds, resolve: hold } = Promise.withResolvers<void>();
    const act = stopped.use(async (connection) => {
      await connection.script("BEGIN; SELECT message FROM counter FOR NO KEY UPDATE");
      hold();
      await goesOn;
      await connection.script("COMMIT");
    });
    await holds;
    const began = performance.now();
    const { delivery } = await store.enqueue(message(alice, bob, "past it"), QUOTA);
    assertInTime(performance.now() - began, 10_000);
    expect(delivery.seq).toBe(1);
    goOn();
    await expect(act, "what it was at is not done").rejects.toThrow();
    await stopped.close();
    await store.close();
  });

  test("what a broker holds that hangs is ended by another, with all that it has waiting for the same", async () => {
    const url = await newDatabase();
    const store = await storeOf(url, { times: QUICK });
    const [alice, bob] = [await registered(store, "alice"), await registered(store, "bob")];
    const owner = "one-that-hangs";
    const hanging = await nodePostgres({ url, owner, connections: 4, connectMs: 5_000, onLost: () => {} });
    await hanging.use((connection) =>
      connection.run("INSERT INTO broker (id, owner, seated_at, renewed_at) VALUES ($1, $1, now(), now())", [owner]),
    );
    const { promise: never } = Promise.withResolvers<void>();
    const waiting: boolean[] = [];
    const acts = [1, 2, 3, 4].map(() =>
      hanging.use(async (connection) => {
        await connection.script("BEGIN");
        waiting.push(true);
        await connection.script("SELECT message FROM counter FOR NO KEY UPDATE");
        await never;
      }),
    );
    for (const act of acts) act.catch(() => {});
    await until(() => waiting.length === acts.length, "its acts");
    const began = performance.now();
    await store.enqueue(message(alice, bob, "past all of them"), QUOTA);
    assertInTime(performance.now() - began, 4_500);
    await store.close();
  });

  test("connections over which nothing comes any more are given up, and others made", async () => {
    const name = /\/(mesh_\d+)\?/.exec(await newDatabase())?.[1] ?? "";
    await using lines = await openDatabaseLines(server(), 1);
    const store = await storeOf(lines.addressOf(0, name), { connections: 2, silentMs: 2_000 });
    const [alice, bob] = [await registered(store, "alice"), await registered(store, "bob")];
    await lines.spoil(0, "forget");
    const send = () => store.enqueue(message(alice, bob, "once"), QUOTA);
    await expect(send()).rejects.toMatchObject({ code: "store_unavailable", extras: { retryAfterMs: 1_000 } });
    const { delivery } = await until(() => send().catch(() => undefined), "a send over another connection");
    expect(delivery.seq).toBe(1);
    await store.close();
  });
});
