/** What every engine must do with many acks in one call, and with a lease of many. One suite, run by each engine's test file. */
import type { AgentId, DeliveryRef } from "@agentmesh/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { LeaseTerms, Store } from "../../src/mesh/store.ts";
import type { EngineUnderTest } from "./conformance.ts";
import { type FakeClock, fakeClock } from "./fake-clock.ts";
import { messageFrom, registered } from "./parties.ts";

const QUOTA = { maxMessages: 1_000, maxBytes: 10_000_000 };
const RETRY = { maxAttempts: 3, delayMs: () => 0 };

/** Defines the suite for one engine. */
export function acksConformance(name: string, make: () => EngineUnderTest): void {
  describe(`${name} with many at a time`, () => {
    let engine: EngineUnderTest;
    let clock: FakeClock;
    let store: Store;
    let alice: AgentId;
    let bob: AgentId;

    beforeEach(async () => {
      engine = make();
      clock = fakeClock();
      store = await engine.open(clock);
      [alice, bob] = [await agent("alice"), await agent("bob")];
    });

    afterEach(async () => {
      await store.close();
      await engine.dispose();
    });

    const agent = (name: string) => registered(store, name);

    const send = async (to: AgentId, body = "text") =>
      (await store.enqueue(messageFrom(alice, to, { body }), QUOTA)).delivery;

    const sendMany = (to: AgentId, count: number, body?: string) =>
      Promise.all(Array.from({ length: count }, () => send(to, body)));
    const lease = (more: Partial<LeaseTerms> = {}) =>
      store.lease({ agentId: bob, max: 25, maxBytes: 1e9, leaseMs: 10_000, session: undefined, ...more });
    const handled = (ref: DeliveryRef, receipt?: string) => ({ ref, receipt, evidence: "handled" as const });
    const kinds = async (agentId: AgentId, acks: Parameters<Store["ackMany"]>[1]) =>
      (await store.ackMany(agentId, acks)).map(({ kind }) => kind);
    const statesOf = async (agentId: AgentId) =>
      (await store.listInbox({ agentId, which: "all", afterSeq: 0, limit: 1_000 })).entries.map(({ state }) => state);

    test("each ack of many is answered as its own would be, in its place, and a refused one changes nothing for the others", async () => {
      const mine = await sendMany(bob, 6);
      const strangers = await send(alice);
      const [first, second] = (await lease({ max: 2 })).leased.map(({ delivery }) => delivery);
      await store.reject(bob, "2", second?.receipt ?? "", { reason: "not mine" });
      const acks = [
        handled(strangers.id),
        handled("1", "a receipt that never was"),
        handled("2"),
        handled(mine[2]?.id ?? "1"),
        handled("999"),
        handled("1", first?.receipt),
        handled("3"),
        { ...handled("6"), evidence: "read" as const },
      ];
      const answers = ["not_found", "lease_lost", "settled", "done", "not_found", "done", "acked_before", "done"];
      expect(await kinds(bob, acks)).toEqual(answers);
      expect(await statesOf(bob)).toEqual(["acked", "dead", "acked", "queued", "queued", "acked"]);
      expect(await statesOf(alice), "another agent's delivery").toEqual(["queued"]);
      const again = ["not_found", "acked_before", "settled", "acked_before"];
      expect((await kinds(bob, acks)).slice(0, 4)).toEqual(again);
      const { entries } = await store.log({ after: undefined, limit: 100, viewer: bob });
      const acked = entries.filter(({ event, to }) => event === "acked" && to.id === bob);
      expect(acked.map(({ seq, reason }) => `#${seq} ${reason}`)).toEqual(["#3 handled", "#1 handled", "#6 read"]);
    });

    test("another agent that acks all of an inbox is told that there is nothing, and ends nothing", async () => {
      const mine = await sendMany(bob, 40);
      await lease();
      const eve = await agent("eve");
      const acks = mine.flatMap(({ id, seq }) => [handled(id), handled(String(seq))]);
      expect(new Set(await kinds(eve, acks))).toEqual(new Set(["not_found"]));
      expect((await store.stats()).deliveries).toMatchObject({ acked: 0, leased: 25, queued: 15 });
    });

    test("many acks free the inbox, and say that a stream has credit again", async () => {
      const mine = await sendMany(bob, 60);
      const told: AgentId[] = [];
      store.listen({ ready: (id) => told.push(id), advanced: () => {} });
      await store.ackMany(
        bob,
        mine.map(({ id }) => handled(id)),
      );
      await new Promise(setImmediate);
      expect(told).toContain(bob);
      const { open, entries } = await store.listInbox({ agentId: bob, which: "open", afterSeq: 0, limit: 10 });
      expect([open, entries]).toEqual([0, []]);
      expect((await store.findAgent("bob"))?.queued).toBe(0);
    });

    test("a delivery that many acks name more than once, by id and by number, is acked once", async () => {
      const mine = await sendMany(bob, 3);
      await lease({ max: 1 });
      const acks = mine.flatMap(({ id, seq }) => [handled(id), handled(String(seq)), handled(id)]);
      const once = ["done", "acked_before", "acked_before"];
      expect(await kinds(bob, acks)).toEqual([...once, ...once, ...once]);
      const { entries } = await store.log({ after: undefined, limit: 100, viewer: bob });
      expect(entries.filter(({ event }) => event === "acked").map(({ seq, attempt }) => [seq, attempt])).toEqual([
        [1, 1],
        [2, 0],
        [3, 0],
      ]);
      expect((await store.stats()).deliveries).toMatchObject({ acked: 3, leased: 0, queued: 0 });
      expect(await store.findAgent("bob")).toMatchObject({ queued: 0, inHand: 0, held: 0 });
    });

    test("many that are leased and acked beside others are counted as each by itself would be", async () => {
      await sendMany(bob, 70);
      const { leased } = await lease({ max: 66 });
      expect(await store.findAgent("bob")).toMatchObject({ queued: 4, inHand: 66 });
      const [one, ...others] = leased.map(({ delivery }) => delivery);
      await store.nack(bob, one?.id ?? "1", one?.receipt ?? "", { reason: "later", delayMs: 0, retry: RETRY });
      const acks = [
        ...others.slice(0, 60).map(({ id, receipt }) => handled(id, receipt)),
        handled("69"),
        handled("70"),
      ];
      expect(new Set(await kinds(bob, acks))).toEqual(new Set(["done"]));
      expect(await store.findAgent("bob")).toMatchObject({ queued: 3, inHand: 5 });
      expect((await store.stats()).deliveries).toMatchObject({ acked: 62, leased: 5, queued: 3 });
      expect((await lease()).leased.map(({ delivery }) => [delivery.seq, delivery.attempt])).toEqual([
        [1, 2],
        [67, 1],
        [68, 1],
      ]);
    });

    test("none at all is answered with nothing", async () => {
      expect(await store.ackMany(bob, [])).toEqual([]);
    });

    test("a lease of many is in the order of reading, each once, and says what is behind it", async () => {
      await sendMany(bob, 150);
      const [one, other] = await Promise.all([lease({ max: 100 }), lease({ max: 100 })]);
      const seqs = [one, other].map(({ leased }) => leased.map(({ delivery }) => delivery.seq));
      expect(seqs[0]).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
      expect(seqs[1]).toEqual(Array.from({ length: 50 }, (_, i) => i + 101));
      expect([one.queued, other.queued]).toEqual([50, 0]);
      const receipts = [one, other].flatMap(({ leased }) => leased.map(({ delivery }) => delivery));
      expect(new Set(receipts.map(({ receipt }) => receipt)).size).toBe(150);
      expect(
        new Set(
          await kinds(
            bob,
            receipts.map(({ id, receipt }) => handled(id, receipt)),
          ),
        ),
      ).toEqual(new Set(["done"]));
    });

    test("a lease of many keeps to its bytes, and takes one delivery whatever its size", async () => {
      await sendMany(bob, 60, "x".repeat(100));
      expect((await lease({ max: 60, maxBytes: 4_000 })).leased).toHaveLength(40);
      expect((await lease({ max: 60, maxBytes: 1 })).leased).toHaveLength(1);
      expect((await lease({ max: 60, maxBytes: 1_999 })).leased).toHaveLength(19);
    });

    test("what a lease of many takes comes back when its time is over, also what lay under the same receipts", async () => {
      await sendMany(bob, 40);
      const { leased } = await lease({ max: 40 });
      clock.advance(10_001);
      await store.expireLeases(100, RETRY);
      const acks = leased.map(({ delivery: { id, receipt } }) => handled(id, receipt));
      expect(new Set(await kinds(bob, acks))).toEqual(new Set(["lease_lost"]));
      expect((await lease({ max: 40 })).leased.map(({ delivery }) => delivery.attempt)).toEqual(leased.map(() => 2));
    });
  });
}
