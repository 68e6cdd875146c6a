/** What every engine must do with event webhooks. One suite, run by each engine's test file. */
import type { AgentId } from "@agentmesh/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Store } from "../../src/mesh/store.ts";
import { type EngineUnderTest, stepOf } from "./conformance.ts";
import { type FakeClock, fakeClock } from "./fake-clock.ts";
import { registered } from "./parties.ts";

const QUOTA = { ofAgent: 2, ofAll: 3 };

/** Defines the suite for one engine. */
export function eventWebhooksConformance(name: string, make: () => EngineUnderTest): void {
  describe(`${name} with event webhooks`, () => {
    let engine: EngineUnderTest;
    let clock: FakeClock;
    let store: Store;
    let one: AgentId;
    let other: AgentId;

    beforeEach(async () => {
      engine = make();
      clock = fakeClock();
      store = await engine.open(clock);
      [one, other] = [await agent("one"), await agent("other")];
    });

    afterEach(async () => {
      await store.close();
      await engine.dispose();
    });

    const agent = (name: string) => registered(store, name);

    const put = (agentId: AgentId, id: string, more: { sealed?: string; cursor?: string; ms?: number } = {}) => {
      const { sealed = "sealed", cursor = "c.1", ms = 60_000 } = more;
      return store.putEventWebhook({ id, agentId, sealed, cursor, endsAt: clock.now() + ms }, QUOTA);
    };
    const ids = async () => (await store.listEventWebhooks()).map(({ id }) => id);

    test("one that is renewed has what is new of it, and keeps its cursor, over restarts", async () => {
      expect(await put(one, "sub_a")).toEqual({
        ...{ id: "sub_a", agentId: one, sealed: "sealed", cursor: "c.1", endsAt: clock.now() + 60_000 },
      });
      await store.moveEventWebhook(one, "sub_a", "c.7");
      clock.advance(1_000);
      const renewed = { id: "sub_a", agentId: one, sealed: "anew", cursor: "c.7", endsAt: clock.now() + 60_000 };
      expect(await put(one, "sub_a", { sealed: "anew", cursor: "c.2" })).toEqual(renewed);
      store = await engine.reopen(clock);
      expect(await store.listEventWebhooks()).toEqual([renewed]);
    });

    test("one that has ended begins anew where it is asked to, and is counted no more", async () => {
      await put(one, "sub_a", { ms: 1_000 });
      await put(one, "sub_b");
      expect(await put(one, "sub_c")).toBe("full");
      await store.moveEventWebhook(one, "sub_a", "c.7");
      clock.advance(1_000);
      expect(await ids()).toEqual(["sub_b"]);
      expect(await put(one, "sub_c")).toMatchObject({ cursor: "c.1" });
      expect(await put(one, "sub_a")).toBe("full");
      expect(await store.endEventWebhook(one, "sub_b")).toBe(true);
      expect(await put(one, "sub_a", { cursor: "c.3" })).toMatchObject({ cursor: "c.3" });
    });

    test("there are as many as an agent and all together may have; one that is there is renewed all the same", async () => {
      for (const [agentId, id] of [
        [one, "sub_a"],
        [one, "sub_b"],
        [other, "sub_c"],
      ] as const)
        await put(agentId, id);
      expect(await put(other, "sub_d")).toBe("full");
      expect(await put(one, "sub_b", { sealed: "anew" })).toMatchObject({ sealed: "anew" });
      expect(await ids()).toEqual(["sub_a", "sub_b", "sub_c"]);
    });

    test("one is ended by whose it is, once, and is not moved any more", async () => {
      await put(one, "sub_a");
      expect(await store.endEventWebhook(other, "sub_a")).toBe(false);
      expect(await store.endEventWebhook(one, "sub_a")).toBe(true);
      expect(await store.endEventWebhook(one, "sub_a")).toBe(false);
      await store.moveEventWebhook(one, "sub_a", "c.9");
      expect(await ids()).toEqual([]);
    });

    test("they end with their agent, and none is set for one that has left", async () => {
      await put(one, "sub_a");
      await put(other, "sub_b");
      await store.removeAgent(one);
      expect(await ids()).toEqual(["sub_b"]);
      await expect(put(one, "sub_c")).rejects.toMatchObject({ code: "agent_not_found" });
    });

    test("the time that was told is kept when the clock is set anew", async () => {
      await put(one, "sub_a");
      const before = await store.listEventWebhooks();
      await store.shiftTimes(-30_000, stepOf(engine, clock));
      expect(await store.listEventWebhooks()).toEqual(before);
    });
  });
}
