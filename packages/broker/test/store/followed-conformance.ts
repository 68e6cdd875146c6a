/** What every engine must do with the tasks that webhooks follow. One suite, run by each engine's test file. */
import type { AgentId, DeliveryId } from "@agentmesh/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { newId } from "../../src/mesh/ids.ts";
import type { MessageToEnqueue, Store } from "../../src/mesh/store.ts";
import { type EngineUnderTest, stepOf } from "./conformance.ts";
import { type FakeClock, fakeClock } from "./fake-clock.ts";
import { messageFrom, registered } from "./parties.ts";

const QUOTA = { maxMessages: 100, maxBytes: 100_000 };

/** Defines the suite for one engine. */
export function followedConformance(name: string, make: () => EngineUnderTest): void {
  describe(`${name} with tasks that are followed`, () => {
    let engine: EngineUnderTest;
    let clock: FakeClock;
    let store: Store;
    let asker: AgentId;
    let bridge: AgentId;

    beforeEach(async () => {
      engine = make();
      clock = fakeClock();
      store = await engine.open(clock);
      [asker, bridge] = [await agent("asker"), await agent("bridge")];
      await store.putWebhook(bridge, "sealed");
    });

    afterEach(async () => {
      await store.close();
      await engine.dispose();
    });

    const agent = (name: string) => registered(store, name);

    async function send(from: AgentId, to: AgentId, more: Partial<MessageToEnqueue> = {}) {
      const { message, delivery } = await store.enqueue(messageFrom(from, to, more), QUOTA);
      return { messageId: message.id, id: delivery.id };
    }

    const setAt = async () => (await store.webhookOf(bridge))?.setAt ?? 0;
    const follow = async (id: DeliveryId, task: string, webhookSetAt?: number) =>
      store.ackFollowed(bridge, id, { task, forMs: 600_000, webhookSetAt: webhookSetAt ?? (await setAt()) });
    const followed = async () => (await store.listFollowed()).map(({ delivery, task }) => [delivery.id, task]);

    test("what was taken as a task is acked and followed in one act, over restarts, by what it is to answer", async () => {
      const [first, second] = [await send(asker, bridge), await send(asker, bridge)];
      expect(await follow(first.id, "task-1")).toMatchObject({ kind: "done", delivery: { state: "acked" } });
      clock.advance(1_000);
      expect(await follow(second.id, "task-2")).toMatchObject({ kind: "done" });
      expect(await store.listFollowed()).toMatchObject([
        {
          agentId: bridge,
          delivery: { id: first.id, message: { id: first.messageId, kind: "message", body: "text" } },
          task: "task-1",
          endsAt: clock.now() + 599_000,
        },
        { delivery: { id: second.id }, task: "task-2", endsAt: clock.now() + 600_000 },
      ]);
      store = await engine.reopen(clock);
      expect(await followed()).toEqual([
        [first.id, "task-1"],
        [second.id, "task-2"],
      ]);
      const reasons = (await store.messageStatus(first.messageId))?.deliveries[0]?.timeline.map((each) => each.reason);
      expect(reasons?.at(-1)).toBe("taken");
      await store.unfollow(bridge, first.id);
      await store.unfollow(asker, second.id);
      expect(await followed()).toEqual([[second.id, "task-2"]]);
    });

    test("a task is over in the act that accepts what came of it, and in no other of its agent's", async () => {
      const [asked, other] = [await send(asker, bridge), await send(asker, bridge)];
      await follow(asked.id, "task-1");
      await follow(other.id, "task-2");
      const answer = { inReplyTo: asked.messageId, answers: asked.id };
      await send(bridge, asker, answer);
      expect(await followed()).toHaveLength(2);
      await send(bridge, asker, { ...answer, endsTask: true });
      store = await engine.reopen(clock);
      expect(await followed()).toEqual([[other.id, "task-2"]]);
    });

    test("what is acked or dead already is followed all the same, once: the work is being done", async () => {
      const [acked, dead] = [await send(asker, bridge), await send(asker, bridge)];
      await store.ack(bridge, acked.id, undefined, "read");
      expect(await follow(acked.id, "task-1")).toMatchObject({ kind: "acked_before" });
      clock.advance(60_001);
      await store.expireMessages(10);
      expect(await follow(dead.id, "task-2")).toMatchObject({ kind: "settled" });
      expect(await follow(dead.id, "task-3")).toMatchObject({ kind: "settled" });
      expect((await followed()).map(([, task]) => task)).toEqual(["task-1", "task-3"]);
      expect(await follow(newId("dlv"), "task-4")).toMatchObject({ kind: "not_found" });
      // Of somebody else's mail nothing is followed.
      const back = await send(bridge, asker);
      expect(await follow(back.id, "task-5")).toMatchObject({ kind: "not_found" });
      expect(await followed()).toHaveLength(2);
    });

    test("tasks end with their webhook: set anew, removed, or left with its agent; sealed anew they go on", async () => {
      const one = await send(asker, bridge);
      await follow(one.id, "task-1");
      await store.resealWebhook(bridge, "other");
      expect(await followed()).toHaveLength(1);
      const before = await setAt();
      clock.advance(1);
      await store.putWebhook(bridge, "elsewhere");
      expect(await followed()).toEqual([]);
      // What the webhook before took is acked, and nobody asks the one in its place for it.
      const late = await send(asker, bridge);
      expect(await follow(late.id, "task-2", before)).toMatchObject({ kind: "done" });
      expect(await followed()).toEqual([]);
      await follow((await send(asker, bridge)).id, "task-3");
      await store.removeWebhook(bridge);
      expect(await followed()).toEqual([]);
      await store.putWebhook(bridge, "once more");
      await follow((await send(asker, bridge)).id, "task-4");
      await store.removeAgent(bridge);
      expect(await followed()).toEqual([]);
    });

    test("a task goes with the clock, and with its message when that is pruned", async () => {
      const { id } = await send(asker, bridge);
      await follow(id, "task-1");
      const ends = async () => (await store.listFollowed()).map(({ endsAt }) => endsAt - clock.now());
      await store.shiftTimes(3_600_000, stepOf(engine, clock));
      expect(await ends()).toEqual([600_000]);
      clock.advance(700_000);
      expect(await ends()).toEqual([-100_000]);
      await store.prune(1_000, 100);
      expect(await ends()).toEqual([]);
    });
  });
}
