/** What every engine must do where nobody is to owe an answer any more. One suite, run by each engine's test file. */
import type { AgentId, MessageId } from "@agentmesh/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Store, WaiveTerms } from "../../src/mesh/store.ts";
import type { EngineUnderTest } from "./conformance.ts";
import { type FakeClock, fakeClock } from "./fake-clock.ts";
import { messageFrom, registered } from "./parties.ts";

const QUOTA = { maxMessages: 1_000, maxBytes: 10_000_000 };
const BY_ASKER: WaiveTerms = { why: "by its asker", nudge: ({ seq }) => `no answer to #${seq}` };
const BY_KEY: WaiveTerms = { ...BY_ASKER, why: "with the mesh key", bounce: ({ to }) => `go on without ${to.name}` };
const NOTICES = { nudge: () => "owed", bounce: () => "not answered" };

/** Defines the suite for one engine. */
export function waivesConformance(name: string, make: () => EngineUnderTest): void {
  describe(`${name} where an answer is waived`, () => {
    let engine: EngineUnderTest;
    let clock: FakeClock;
    let store: Store;
    let asker: AgentId;
    let debtor: AgentId;
    let told: Set<AgentId>;

    beforeEach(async () => {
      engine = make();
      clock = fakeClock();
      store = await engine.open(clock);
      [asker, debtor] = [await registered(store, "asker"), await registered(store, "debtor")];
      told = new Set();
      store.listen({ ready: (id) => told.add(id), advanced: () => {} });
    });

    afterEach(async () => {
      await store.close();
      await engine.dispose();
    });

    const ask = async (answerWithinMs = 10_000) => {
      const { message } = await store.enqueue(messageFrom(asker, debtor, { body: "which?", answerWithinMs }), QUOTA);
      return message.id;
    };
    const answer = (to: MessageId) =>
      store.enqueue(messageFrom(debtor, asker, { body: "this", inReplyTo: to, answers: undefined }), QUOTA);
    const inbox = async (agentId: AgentId) =>
      (await store.listInbox({ agentId, which: "open", afterSeq: 0, limit: 100 })).entries
        .filter(({ message }) => message.kind !== "message")
        .map(({ message }) => `${message.kind}: ${message.body}`);
    const owed = async () => (await store.listAsks("owed", undefined, 10)).length;
    const entries = async (id: MessageId) =>
      ((await store.messageStatus(id))?.deliveries[0]?.timeline ?? [])
        .filter(({ event }) => event === "waived")
        .map(({ reason }) => reason);
    const rejected = async () => {
      const { leased } = await store.lease({
        agentId: debtor,
        max: 1,
        maxBytes: 1e6,
        leaseMs: 1e4,
        session: undefined,
      });
      const { id = "none", receipt = "" } = leased[0]?.delivery ?? {};
      await store.reject(debtor, id, receipt, { reason: "no" });
      return id;
    };

    test("nobody owes it any more, who owed it is told once, and whoever waits for it looks", async () => {
      const id = await ask();
      told.clear();
      const waivedAt = clock.now();
      const done = { kind: "done", from: { id: asker, name: "asker" }, to: { id: debtor, name: "debtor" } };
      const first = await store.waive(id, asker, BY_ASKER);
      expect(first).toMatchObject(done);
      await expect.poll(() => [...told].sort()).toEqual([asker, debtor].sort());
      expect([await owed(), await entries(id)]).toEqual([0, ["by its asker"]]);
      expect(await store.askStatus(id)).toMatchObject({ ended: true, waived: true, reply: undefined });
      const [shown] = (await store.listInbox({ agentId: debtor, which: "open", afterSeq: 0, limit: 1 })).entries;
      expect(shown?.message).toMatchObject({ id, answerWaivedAt: new Date(waivedAt).toISOString() });
      expect(first).toMatchObject({ waivedAt });

      clock.advance(60_000);
      expect(await store.waive(id, undefined, BY_KEY)).toEqual(first);
      expect(await store.remindAsks(NOTICES, 10)).toBe(0);
      expect([await inbox(debtor), await inbox(asker), await entries(id)]).toEqual([
        ["nudge: no answer to #1"],
        [],
        ["by its asker"],
      ]);
    });

    test("of two waives at once one is done, and both are answered alike", async () => {
      const id = await ask();
      const [one, other] = await Promise.all([store.waive(id, asker, BY_ASKER), store.waive(id, undefined, BY_KEY)]);
      expect(one).toEqual(other);
      expect([(await entries(id)).length, (await inbox(debtor)).length]).toEqual([1, 1]);
    });

    test("by another than its asker, the asker is told who did", async () => {
      await store.waive(await ask(), undefined, BY_KEY);
      expect([await inbox(debtor), await inbox(asker)]).toEqual([
        ["nudge: no answer to #1"],
        ["bounce: go on without debtor"],
      ]);
    });

    test("who owes it, and a stranger, waive nothing", async () => {
      const id = await ask();
      const stranger = await registered(store, "stranger");
      for (const who of [debtor, stranger]) expect(await store.waive(id, who, BY_ASKER)).toEqual({ kind: "no_ask" });
      expect([await owed(), await entries(id), await inbox(debtor)]).toEqual([1, [], []]);
    });

    test("what a policy holds is waived without a word to its agent", async () => {
      await store.setPolicy(debtor, { otherwise: "hold", senders: {}, trust: {} });
      const id = await ask();
      expect(await store.waive(id, undefined, BY_KEY)).toMatchObject({ kind: "done" });
      expect([await inbox(debtor), await inbox(asker)]).toEqual([[], ["bounce: go on without debtor"]]);
      expect((await store.messageStatus(id))?.deliveries[0]?.state).toBe("held");
    });

    test("what is no question, is answered or has ended is not waived, and says which", async () => {
      const { message } = await store.enqueue(messageFrom(asker, debtor), QUOTA);
      expect(await store.waive(message.id, asker, BY_ASKER)).toEqual({ kind: "no_ask" });
      const answered = await ask();
      const reply = await answer(answered);
      expect(await store.waive(answered, asker, BY_ASKER)).toEqual({
        ...{ kind: "answered", by: { id: debtor, name: "debtor" }, replyId: reply.message.id },
      });
      const cancelled = await ask();
      await store.cancel(cancelled, asker);
      expect(await store.waive(cancelled, asker, BY_ASKER)).toMatchObject({ kind: "ended", state: "cancelled" });
      expect(await inbox(debtor)).toEqual([]);
    });

    test("one whose asker was told that nothing came is waived all the same", async () => {
      const id = await ask(1);
      for (const _ of ["the nudge", "the notice to the asker"]) {
        clock.advance(1);
        await store.remindAsks(NOTICES, 10);
      }
      expect(await owed()).toBe(0);
      expect(await store.askStatus(id)).toMatchObject({ ended: false, waived: false });
      expect(await store.waive(id, asker, BY_ASKER)).toMatchObject({ kind: "done" });
      expect(await inbox(debtor)).toEqual(["nudge: owed", "nudge: no answer to #1"]);
    });

    test("a late answer comes and answers it; again is still answered as the first time", async () => {
      const id = await ask();
      const first = await store.waive(id, asker, BY_ASKER);
      const reply = await answer(id);
      expect(await store.askStatus(id)).toMatchObject({ reply: { deliveryId: reply.delivery.id } });
      expect(await store.waive(id, asker, BY_ASKER)).toEqual(first);
    });

    test("a question that dies behind it and is put back is owed again, and can be waived again", async () => {
      const id = await ask();
      await store.waive(id, asker, BY_ASKER);
      const delivery = await rejected();
      await store.redrive(debtor, delivery, QUOTA);
      expect(await store.askStatus(id)).toMatchObject({ ended: false, waived: false });
      expect(await owed()).toBe(1);
      await store.waive(id, asker, BY_ASKER);
      expect([await owed(), await entries(id), (await inbox(debtor)).length]).toEqual([
        0,
        ["by its asker", "by its asker"],
        2,
      ]);
    });
  });
}
