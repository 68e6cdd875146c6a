/** What every engine must tell of what happens. One suite, run by each engine's test file. */
import type { AgentId } from "@agentmesh/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { newId } from "../../src/mesh/ids.ts";
import type { Store, Viewer } from "../../src/mesh/store.ts";
import type { EngineUnderTest } from "./conformance.ts";
import { type FakeClock, fakeClock } from "./fake-clock.ts";
import { messageFrom, registered } from "./parties.ts";

const QUOTA = { maxMessages: 1_000, maxBytes: 10_000_000 };
const RETRY = { maxAttempts: 3, delayMs: () => 0 };

/** Defines the suite for one engine. */
export function eventsConformance(name: string, make: () => EngineUnderTest): void {
  describe(`${name} telling what happens`, () => {
    let engine: EngineUnderTest;
    let clock: FakeClock;
    let store: Store;
    let begin: string;
    let alice: AgentId;
    let bob: AgentId;

    beforeEach(async () => {
      engine = make();
      clock = fakeClock();
      store = await engine.open(clock);
      begin = (await store.events({ after: undefined, limit: 1, viewer: undefined })).cursor;
      [alice, bob] = [await agent("alice"), await agent("bob")];
    });

    afterEach(async () => {
      await store.close();
      await engine.dispose();
    });

    const agent = (name: string) => registered(store, name);

    const send = async (from: AgentId, to: AgentId) => (await store.enqueue(messageFrom(from, to), QUOTA)).delivery;

    async function read(after: string, viewer: Viewer = undefined, limit = 3) {
      const events = [];
      for (let from = after; ; ) {
        const page = await store.events({ after: from, limit, viewer });
        events.push(...page.events.map(({ event }) => event));
        from = page.cursor;
        if (!page.more) return { events, cursor: from, types: events.map(({ type }) => type) };
      }
    }

    test("each event stands where it happened, between those of deliveries, by the name that the agent had then", async () => {
      await store.subscribe(alice, "news", 0, QUOTA);
      await store.subscribe(alice, "news", 0, QUOTA);
      const { id } = await send(alice, bob);
      await store.renameAgent(bob, "robert");
      await store.ack(bob, id, undefined, "handled");
      await store.renameAgent(bob, "rob");
      const { events, types } = await read(begin);
      expect(types).toEqual([
        ...["agent.registered", "agent.registered", "topic.subscribed", "delivery.accepted", "agent.renamed"],
        ...["delivery.acked", "agent.renamed"],
      ]);
      const renamed = events.filter(({ type }) => type === "agent.renamed");
      expect(renamed).toMatchObject([
        { agent: { id: bob, name: "robert" }, was: "bob" },
        { agent: { id: bob, name: "rob" }, was: "robert" },
      ]);
      expect(new Set(events.map(({ cursor }) => cursor)).size).toBe(events.length);
      for (const [i, { cursor }] of events.entries()) expect((await read(cursor)).types).toEqual(types.slice(i + 1));
    });

    test("an agent sees its own and what it sent and got, the others none of it", async () => {
      const carol = await agent("carol");
      await store.setSummary(bob, "tests");
      await send(alice, bob);
      await store.setSummary(alice, "docs");
      expect((await read(begin, alice)).types).toEqual(["agent.registered", "delivery.accepted", "agent.summary"]);
      expect((await read(begin, bob)).types).toEqual(["agent.registered", "agent.summary", "delivery.accepted"]);
      expect((await read(begin, carol)).types).toEqual(["agent.registered"]);
    });

    test("what changes nothing, and what is refused, is not told; of an agent that has left only that", async () => {
      await expect(agent("alice").then(() => store.renameAgent(bob, "alice"))).rejects.toThrow();
      await store.setSummary(alice, "tests");
      await store.setSummary(alice, "tests");
      await store.setFocus(alice, undefined);
      await store.unsubscribe(alice, "news");
      await store.subscribe(alice, "news", 0, QUOTA);
      await store.openSession({ id: newId("ses"), agentId: alice, profile: {}, pushPaths: [] });
      await store.removeAgent(alice);
      await store.tellPresences(45_000);
      expect((await read(begin, alice)).types).toEqual([
        ...["agent.registered", "agent.summary", "topic.subscribed", "session.opened", "agent.removed"],
      ]);
    });

    test("a presence is told when it is another one, also by a broker that comes after", async () => {
      const [first, second] = [newId("ses"), newId("ses")];
      const open = (id: typeof first) => store.openSession({ id, agentId: bob, profile: {}, pushPaths: [] });
      const presences = async () =>
        (await read(begin, bob)).events.flatMap((event) =>
          event.type === "agent.presence" ? [`${event.presence} ${event.why ?? ""}`.trim()] : [],
        );
      await open(first);
      await open(second);
      expect([await store.tellPresences(45_000), await store.tellPresences(45_000)]).toEqual([1, 0]);
      clock.advance(45_000);
      await store.tellPresences(45_000);
      await store.touchSession(second, bob, undefined);
      await store.tellPresences(45_000);
      expect(await presences()).toEqual(["online", "stale no_heartbeat", "online"]);
      store = await engine.reopen(clock);
      expect(await store.tellPresences(45_000)).toBe(0);
      await store.doubtSession("all", 45_000, "broker_started");
      await store.tellPresences(45_000);
      for (const id of [first, second]) await store.endSession(id, bob, "left", RETRY);
      await store.tellPresences(45_000);
      expect((await presences()).slice(3)).toEqual(["stale broker_started", "offline"]);
    });

    test("a push path is told of when it begins to work and when it begins to fail", async () => {
      const session = newId("ses");
      const path = "claude-inbox";
      const provenAt = new Date(clock.now()).toISOString();
      await store.openSession({ id: session, agentId: bob, profile: {}, pushPaths: [{ path }] });
      const reports = [{ path }, { path, provenAt }, { path, provenAt: new Date(clock.now() + 1).toISOString() }];
      const failing = [
        { path, provenAt, failedWhy: "no sign" },
        { path, provenAt, failedWhy: "no sign of it" },
      ];
      for (const report of [...reports, ...failing, { path, provenAt }]) {
        await store.touchSession(session, bob, [report]);
      }
      const told = (await read(begin, bob)).events.filter(({ type }) => type.startsWith("push."));
      const common = { session, path, agent: { id: bob, name: "bob" } };
      expect(told).toMatchObject([
        { type: "push.proven", ...common },
        { type: "push.failing", ...common, why: "no sign" },
        { type: "push.proven", ...common },
      ]);
    });

    test("a webhook is told of when it is set, and each time it does otherwise than before", async () => {
      await store.putWebhook(bob, "sealed");
      await store.noteWebhook(bob, { kind: "failed", why: "500", failures: 1 });
      await store.noteWebhook(bob, { kind: "failed", why: "500", failures: 2 });
      await store.noteWebhook(bob, { kind: "failed", why: "500", failures: 3, restMs: 1_000 });
      await store.noteWebhook(bob, { kind: "taken" });
      await store.noteWebhook(bob, { kind: "taken" });
      await store.noteWebhook(bob, { kind: "disabled", why: "410", failures: 1 });
      await store.resealWebhook(bob, "sealed anew");
      await store.removeWebhook(bob);
      await store.noteWebhook(bob, { kind: "taken" });
      expect((await read(begin, bob)).types.slice(1)).toEqual([
        ...["webhook.set", "webhook.failing", "webhook.resting", "webhook.working", "webhook.disabled"],
        ...["webhook.rotated", "webhook.removed"],
      ]);
    });

    test("a cursor is gone when something behind it was pruned, and not before", async () => {
      const { id } = await send(alice, bob);
      const { cursor: sent } = await read(begin);
      await store.ack(bob, id, undefined, "handled");
      const { cursor: acked } = await read(begin);
      await store.setSummary(alice, "tests");
      clock.advance(1_000);
      await store.setSummary(alice, "docs");
      await store.prune(1_000, 100);
      for (const cursor of [begin, sent, acked]) {
        await expect(read(cursor)).rejects.toMatchObject({ code: "cursor_gone" });
      }
      const { cursor: now } = await store.events({ after: undefined, limit: 1, viewer: undefined });
      await store.setSummary(alice, "more");
      expect((await read(now)).types).toEqual(["agent.summary"]);
      store = await engine.reopen(clock);
      expect((await read(now)).types).toEqual(["agent.summary"]);
      await expect(read(sent)).rejects.toMatchObject({ code: "cursor_gone" });
    });
  });
}
