/** What every engine behind the Store port must do. One suite, run by each engine's test file. */
import { type AgentId, type DeliveryId, DeliveryRef, type Urgency } from "@agentmesh/protocol";
import { until } from "testkit";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { newId } from "../../src/mesh/ids.ts";
import type { LeaseTerms, MessageToEnqueue, Store } from "../../src/mesh/store.ts";
import { type FakeClock, fakeClock } from "./fake-clock.ts";

/** Opens an engine; `reopen` is what a new broker process does after the old one was killed. */
export interface EngineUnderTest {
  open(clock: FakeClock): Promise<Store>;
  reopen(clock: FakeClock): Promise<Store>;
  dispose(): Promise<void>;
  /** Its time is the database's: a step of the broker's clock is none of it. */
  readonly hasOwnTime?: boolean;
}

/** What a step of the broker's clock moves: the engine's time, if that is the same. */
export function stepOf({ hasOwnTime }: EngineUnderTest, clock: FakeClock): (by: number) => void {
  return (by) => clock.advance(hasOwnTime ? 0 : by);
}

const QUOTA = { maxMessages: 5, maxBytes: 1_000 };
const RETRY = { maxAttempts: 3, delayMs: (attempt: number) => (attempt - 1) * 1_000 };

/** Defines the suite for one engine. */
export function storeConformance(name: string, make: () => EngineUnderTest): void {
  describe(`${name} as a store`, () => {
    let engine: EngineUnderTest;
    let clock: FakeClock;
    let store: Store;
    let alice: AgentId;
    let bob: AgentId;

    beforeEach(async () => {
      engine = make();
      clock = fakeClock();
      store = await engine.open(clock);
      alice = await agent("alice");
      bob = await agent("bob");
    });

    afterEach(async () => {
      const { deliveries } = await store.stats();
      const sum = Object.values(deliveries).reduce((a, b) => a + b, 0);
      const queued = (await store.agentsByName(false, undefined, 1_000)).reduce((n, each) => n + each.queued, 0);
      expect(queued, "the inbox counters agree with the deliveries").toBe(deliveries.queued);
      expect(sum).toBeGreaterThanOrEqual(queued);
      await store.close();
      await engine.dispose();
    });

    async function agent(wanted: string, more: { tokenHash?: string; ifTaken?: "refuse" | "number" } = {}) {
      const { agent: made } = await store.registerAgent({
        id: newId("agt"),
        tokenHash: more.tokenHash ?? `hash-of-${wanted}`,
        name: wanted,
        ifTaken: more.ifTaken ?? "refuse",
        profile: {},
      });
      return made.id;
    }

    function message(body: string, more: Partial<MessageToEnqueue> = {}): MessageToEnqueue {
      const id = newId("msg");
      return {
        id,
        threadId: `thr_${id.slice(4)}`,
        senderId: alice,
        recipientId: bob,
        deliveryId: newId("dlv"),
        body,
        bodyBytes: Buffer.byteLength(body),
        inReplyTo: undefined,
        ttlMs: 60_000,
        idempotency: undefined,
        answers: undefined,
        ...more,
      };
    }

    const send = (body: string, more?: Partial<MessageToEnqueue>) => store.enqueue(message(body, more), QUOTA);
    const lease = async (more: Partial<LeaseTerms> = {}) =>
      (
        await store.lease({ agentId: bob, max: 25, maxBytes: 16_384, leaseMs: 10_000, session: undefined, ...more })
      ).leased.map(({ delivery }) => delivery);
    const bodies = async (more?: Partial<LeaseTerms>) => (await lease(more)).map(({ message }) => message.body);
    const events = async (messageId: string) =>
      ((await store.messageStatus(messageId as `msg_${string}`))?.deliveries[0]?.timeline ?? []).map(
        ({ event }) => event,
      );
    const session = async (of: AgentId = bob) => {
      const id = newId("ses");
      await store.openSession({ id, agentId: of, profile: {}, pushPaths: [] });
      return id;
    };

    test("whoever calls is known as it is now, whatever was changed, and by whom; after it has left by nobody", async () => {
      const caller = async () => {
        const { name, profile, archivedAt, lastSeenAt } = (await store.agentByToken("hash-of-bob")) ?? {};
        return { name, summary: profile?.summary, client: profile?.client, archivedAt, lastSeenAt };
      };
      const now = clock.now();
      const none = { summary: undefined, client: undefined, archivedAt: undefined, lastSeenAt: undefined };
      expect(await caller()).toEqual({ name: "bob", ...none });
      await store.setSummary(bob, "tests");
      expect(await caller()).toMatchObject({ name: "bob", summary: "tests" });
      await store.renameAgent(bob, "robert");
      expect(await caller()).toMatchObject({ name: "robert", summary: "tests" });
      await agent("anybody", { tokenHash: "hash-of-bob" });
      expect(await caller()).toMatchObject({ name: "robert", lastSeenAt: now });
      const id = newId("ses");
      await store.openSession({ id, agentId: bob, profile: { client: "codex" }, pushPaths: [] });
      expect(await caller()).toMatchObject({ client: "codex", summary: "tests" });
      clock.advance(1_000);
      await store.touchSession(id, bob, undefined);
      expect(await caller()).toMatchObject({ lastSeenAt: now + 1_000 });
      await store.endSession(id, bob, "left", RETRY);
      expect(await caller()).toMatchObject({ lastSeenAt: now + 1_000 });
      clock.advance(10_000);
      expect(await store.archiveAgents(5_000, 10)).toBe(2);
      expect(await caller()).toMatchObject({ name: "robert", archivedAt: now + 11_000 });
      await agent("robert", { tokenHash: "another" });
      await store.reviveAgent(bob);
      expect(await caller()).toMatchObject({ name: "robert-2", archivedAt: undefined, lastSeenAt: now + 11_000 });
      await store.removeAgent(bob);
      expect(await store.agentByToken("hash-of-bob")).toBeUndefined();
    });

    test("what was refused has changed nothing of what is known of a caller", async () => {
      const known = await store.agentByToken("hash-of-bob");
      const asked = [
        store.setSummary(bob, "tests"),
        store.renameAgent(bob, "alice").catch(({ code }: { code: string }) => code),
        store.agentByToken("hash-of-bob"),
      ];
      expect((await Promise.all(asked))[1]).toBe("agent_name_taken");
      expect(await store.agentByToken("hash-of-bob")).toEqual({ ...known, profile: { summary: "tests" } });
    });

    test("the same token is the same agent; another agent's name is refused or numbered (T16)", async () => {
      expect(await agent("someone-else", { tokenHash: "hash-of-bob" })).toBe(bob);
      await expect(agent("bob", { tokenHash: "other" })).rejects.toMatchObject({ code: "agent_name_taken" });
      await agent("bob", { tokenHash: "other", ifTaken: "number" });
      await agent("bob", { tokenHash: "third", ifTaken: "number" });
      expect((await store.agentsByName(false, undefined, 1_000)).map((each) => each.name)).toEqual([
        "alice",
        "bob",
        "bob-2",
        "bob-3",
      ]);
    });

    test("an inbox numbers its deliveries 1, 2, 3 in the order of acceptance and leases them in it", async () => {
      const sent = await Promise.all(["a", "b", "c"].map((body) => send(body)));
      expect(sent.map(({ delivery }) => delivery.seq)).toEqual([1, 2, 3]);
      expect(await bodies()).toEqual(["a", "b", "c"]);
    });

    test("a read gives interrupts first, then messages by number, then notices of the mesh", async () => {
      const doomed = await send("doomed", { senderId: bob, recipientId: alice, ttlMs: 1_000 });
      clock.advance(1_001);
      await store.expireMessages(10, () => "your message expired");
      expect(doomed.delivery.seq).toBe(1);
      await send("first");
      await send("quiet", { urgency: "fyi" });
      await send("now", { urgency: "interrupt" });
      expect(await bodies()).toEqual(["now", "first", "quiet", "your message expired"]);
    });

    test("a stream is given nothing less urgent than it asks for; a read is given all", async () => {
      await send("quiet", { urgency: "fyi" });
      await send("loud");
      const stream = { maxInFlight: 8, maxPushes: undefined, urgency: "normal" as const };
      expect(await bodies({ session: await session(), stream })).toEqual(["loud"]);
      expect(await bodies({ push: { urgency: "normal" } })).toEqual([]);
      expect(await bodies()).toEqual(["quiet"]);
    });

    test("a focus keeps from streams what it does not allow, and hints ready when its time is over", async () => {
      const woken: AgentId[] = [];
      store.listen({ ready: (id) => woken.push(id), advanced: () => {} });
      const stream = { maxInFlight: 8, maxPushes: undefined };
      const own = await session();
      await store.setFocus(bob, { forMs: 5_000, allows: "interrupt", reason: "thinking" });
      expect((await store.findAgent("bob"))?.focus).toMatchObject({ allows: "interrupt", reason: "thinking" });
      await send("later");
      await send("now", { urgency: "interrupt" });
      expect(await bodies({ session: own, stream })).toEqual(["now"]);
      await store.setFocus(bob, { forMs: 5_000, allows: "nothing", reason: undefined });
      await send("even now", { urgency: "interrupt" });
      expect(await bodies({ session: own, stream })).toEqual([]);
      expect(await bodies({ session: own, push: {} })).toEqual([]);
      await store.announceDue();
      await new Promise(setImmediate);
      woken.length = 0;
      clock.advance(5_000);
      await store.announceDue();
      expect(woken).toEqual([bob]);
      expect((await store.findAgent("bob"))?.focus).toBeUndefined();
      expect(await bodies({ session: own, stream })).toEqual(["even now", "later"]);
    });

    test("a policy holds or refuses by sender, then by trust, then all others; answers always pass", async () => {
      const asked = await send("may I?", { senderId: bob, recipientId: alice });
      await store.setPolicy(bob, { otherwise: "hold", senders: {}, trust: {} });
      const held = await send("stranger");
      expect(held.delivery.state).toBe("held");
      expect(await bodies()).toEqual([]);
      const answer = await send("you may", { inReplyTo: asked.message.id });
      expect(answer.delivery.state).toBe("queued");
      await store.setPolicy(bob, { otherwise: "hold", senders: { [alice]: "refuse" }, trust: { verified: "accept" } });
      await expect(send("again")).rejects.toMatchObject({ code: "refused_by_policy" });
      await store.setPolicy(bob, { otherwise: "hold", senders: {}, trust: { verified: "accept" } });
      expect((await send("trusted")).delivery.state).toBe("queued");
      expect((await store.findAgent("bob"))?.held).toBe(1);
    });

    test("how a message came is stamped when it is accepted, in every inbox by itself, and stays so", async () => {
      const carol = await agent("carol");
      const at = async (name: string, more: object) =>
        store.registerAgent({
          ...{ id: newId("agt"), tokenHash: `hash-of-${name}`, name, ifTaken: "refuse", profile: {} },
          ...more,
        });
      for (const name of ["alice", "bob"])
        await at(name, { profile: { client: "cli", repoUrl: "git.acme.test/shop" } });
      for (const each of [bob, carol]) await store.subscribe(each, "news", 0, QUOTA);
      const { message: sent } = await send("hello");
      const { accepted } = await store.publish({ ...message("all"), topic: "news" }, QUOTA);
      expect(accepted).toHaveLength(2);
      expect((await lease()).map(({ trust }) => trust)).toEqual(["same-repo", "same-repo"]);
      expect((await lease({ agentId: carol })).map(({ trust }) => trust)).toEqual(["same-machine"]);
      // Alice is a person's from now on, and works elsewhere: what was accepted stays as it came.
      expect((await at("alice", { person: true, profile: { repoUrl: "git.acme.test/x" } })).agent.person).toBe(true);
      await at("alice", {});
      expect((await store.agentByToken("hash-of-alice"))?.person).toBe(true);
      expect((await store.messageStatus(sent.id))?.deliveries[0]?.trust).toBe("same-repo");
      await send("from a person");
      await send("from a program of theirs", { byProgram: true });
      const { entries } = await store.listInbox({ agentId: bob, which: "all", afterSeq: 0, limit: 10 });
      expect(entries.map(({ trust }) => trust)).toEqual(["same-repo", "same-repo", "operator", "same-machine"]);
      expect(await store.subscribe(carol, "other", 5, QUOTA)).toMatchObject({ retained: 0 });
      await store.publish({ ...message("later"), topic: "other.later" }, QUOTA);
      await store.publish({ ...message("by a program"), topic: "other.later", byProgram: true }, QUOTA);
      await store.subscribe(carol, "other.*", 5, QUOTA);
      expect((await lease({ agentId: carol })).map(({ trust }) => trust)).toEqual(["operator", "same-machine"]);
      // Whether a person has written since is no matter of whose token it was.
      expect(await store.personWroteAfter(sent.id)).toBe(false);
      const { threadId } = sent;
      await send("a program goes on", { recipientId: carol, threadId, byProgram: true });
      expect(await store.personWroteAfter(sent.id)).toBe(false);
      await send("a person goes on", { recipientId: carol, threadId });
      expect(await store.personWroteAfter(sent.id)).toBe(true);
    });

    test("a rule for a trust class decides, the closest first", async () => {
      const rules = { otherwise: "accept" as const, senders: {} };
      await store.setPolicy(bob, { ...rules, trust: { "same-machine": "hold" } });
      expect((await send("one")).delivery.state).toBe("held");
      await store.setPolicy(bob, {
        ...rules,
        trust: { "same-machine": "hold", operator: "refuse", "same-repo": "accept" },
      });
      for (const name of ["alice", "bob"])
        await store.registerAgent({
          ...{ id: newId("agt"), tokenHash: `hash-of-${name}`, name, ifTaken: "refuse" },
          profile: { repoUrl: "git.acme.test/shop" },
        });
      expect((await send("two")).delivery.state).toBe("queued");
      await store.registerAgent({
        ...{ id: newId("agt"), tokenHash: "hash-of-alice", name: "alice", ifTaken: "refuse", profile: {} },
        person: true,
      });
      await expect(send("three")).rejects.toMatchObject({ code: "refused_by_policy" });
    });

    test("a held delivery is admitted into its place, or refused with one notice to its sender", async () => {
      await store.setPolicy(bob, { otherwise: "hold", senders: {}, trust: {} });
      const [one, two] = [await send("one"), await send("two")];
      expect(await store.admit(alice, one.delivery.id)).toEqual({ kind: "not_found" });
      expect(await store.admit(bob, one.delivery.id)).toMatchObject({ kind: "done", delivery: { state: "queued" } });
      expect(await store.admit(undefined, one.delivery.id)).toMatchObject({ kind: "not_held" });
      const terms = { reason: "spam", bounce: ({ reason }: { reason: string }) => `refused: ${reason}` };
      expect(await store.refuse(undefined, two.delivery.id, terms)).toMatchObject({ delivery: { state: "refused" } });
      expect(await bodies()).toEqual(["one"]);
      expect(await bodies({ agentId: alice })).toEqual(["refused: spam"]);
      expect(await events(one.message.id)).toEqual(["accepted", "held", "admitted", "leased"]);
      expect(await events(two.message.id)).toEqual(["accepted", "held", "refused", "bounced"]);
    });

    test("what is held counts into the quota, expires, and is taken back like what is queued", async () => {
      await store.setPolicy(bob, { otherwise: "hold", senders: {}, trust: {} });
      const short = await send("short", { ttlMs: 1_000 });
      const regretted = await send("regretted");
      await expect(store.enqueue(message("third"), { maxMessages: 2, maxBytes: 1e6 })).rejects.toMatchObject({
        code: "inbox_full",
      });
      expect((await store.cancel(regretted.message.id, alice)).cancelled).toBe(1);
      clock.advance(1_001);
      expect(await store.expireMessages(10)).toBe(1);
      expect(await events(short.message.id)).toEqual(["accepted", "held", "expired"]);
      expect((await store.findAgent("bob"))?.held).toBe(0);
    });

    test("a publish counts who refuses among the skipped, and holds for who holds", async () => {
      for (const id of [bob, await agent("carol"), await agent("dave")]) await store.subscribe(id, "news", 0, QUOTA);
      await store.setPolicy(bob, { otherwise: "refuse", senders: {}, trust: {} });
      const carol = (await store.findAgent("carol"))?.id ?? bob;
      await store.setPolicy(carol, { otherwise: "hold", senders: {}, trust: {} });
      const { recipientId: _, deliveryId: __, answers: ___, inReplyTo: ____, ...news } = message("news");
      const published = await store.publish({ ...news, topic: "news" }, QUOTA);
      expect(published.skipped).toMatchObject([{ agent: { name: "bob" }, why: "refused" }]);
      expect(published.accepted.map(({ recipient, delivery }) => [recipient.name, delivery.state])).toEqual([
        ["carol", "held"],
        ["dave", "queued"],
      ]);
    });

    test("a delivery has one holder at a time, and comes back with attempt 2 when its lease ends", async () => {
      const { message: sent } = await send("a");
      expect(await bodies()).toEqual(["a"]);
      expect(await bodies()).toEqual([]);
      clock.advance(10_001);
      expect(await store.expireLeases(10, RETRY)).toBe(1);
      expect((await lease())[0]).toMatchObject({ attempt: 2, redelivered: true });
      expect(await events(sent.id)).toEqual(["accepted", "leased", "released", "leased"]);
    });

    test("what is accepted for an open stream is leased for it in the same commit, within its credit", async () => {
      const session = newId("ses");
      await store.openSession({ id: session, agentId: bob, profile: {}, pushPaths: [] });
      // Its own hint is given.
      await new Promise((resolve) => setImmediate(resolve));
      const terms = { agentId: bob, session, max: 25, maxBytes: 1_000, leaseMs: 30_000, stream: { maxInFlight: 2 } };
      const told: string[] = [];
      store.listen({
        ready: (agentId, isStreamed) =>
          told.push(`${agentId === bob ? "bob" : agentId} ${isStreamed ? "served" : "waits"}`),
        offers: (agentId) => (agentId === bob ? [terms] : []),
        leased: (to, leased) =>
          told.push(...leased.map(({ delivery }) => `${to === session} ${delivery.message.body}`)),
        advanced: () => {},
      });
      for (const body of ["one", "two", "three"]) {
        await store.enqueue(message(body), QUOTA).then(() => told.push(`answered ${body}`));
        await until(() => told.at(-1)?.startsWith("bob"), "the hint");
      }
      expect(told).toEqual([
        ...["true one", "answered one", "bob served", "true two", "answered two", "bob served"],
        ...["answered three", "bob waits"],
      ]);
      // The credit that an ack frees is used in the commit of that ack.
      await store.ack(bob, DeliveryRef.parse("1"), undefined, "handled");
      expect(told.at(-1)).toBe("true three");
      store = await engine.reopen(clock);
      const { entries } = await store.listInbox({ agentId: bob, which: "open", afterSeq: 0, limit: 10 });
      expect(entries.map(({ seq, state, attempt }) => [seq, state, attempt])).toEqual([
        [2, "queued", 1],
        [3, "queued", 1],
      ]);
    });

    test("an ack is final, idempotent, and the owner's alone (T08, T09)", async () => {
      const { delivery } = await send("a");
      const [leased] = await lease();
      expect(await store.ack(alice, delivery.id, undefined, "handled")).toMatchObject({ kind: "not_found" });
      expect(await store.ack(bob, delivery.id, "another receipt", "handled")).toMatchObject({ kind: "lease_lost" });
      expect(await store.ack(bob, "1", leased?.receipt, "handled")).toMatchObject({ kind: "done" });
      expect(await store.ack(bob, "1", leased?.receipt, "handled")).toMatchObject({ kind: "acked_before" });
      clock.advance(60_000);
      await store.expireLeases(10, RETRY);
      expect(await bodies()).toEqual([]);
    });

    test("the owner may ack late, after its lease went back to the inbox", async () => {
      await send("a");
      await lease();
      clock.advance(10_001);
      await store.expireLeases(10, RETRY);
      expect(await store.ack(bob, "1", undefined, "read")).toMatchObject({ kind: "done" });
      expect(await bodies()).toEqual([]);
    });

    test("a receipt of an earlier lease can neither ack, nack, extend, reject nor report a push", async () => {
      await send("a");
      const [first] = await lease();
      clock.advance(10_001);
      await store.expireLeases(10, RETRY);
      await lease();
      const stale = first?.receipt ?? "";
      const terms = { delayMs: undefined, reason: undefined, retry: RETRY };
      expect(await store.ack(bob, "1", stale, "handled")).toMatchObject({ kind: "lease_lost" });
      expect(await store.nack(bob, "1", stale, terms)).toMatchObject({ kind: "lease_lost" });
      expect(await store.extend(bob, "1", stale, 5_000)).toMatchObject({ kind: "lease_lost" });
      expect(await store.reject(bob, "1", stale, { reason: "no" })).toMatchObject({ kind: "lease_lost" });
      expect(await store.recordPush(bob, "1", stale, { path: "stream", failedWhy: undefined })).toMatchObject({
        kind: "lease_lost",
      });
    });

    test("a nack brings a delivery back after its delay, later mail passes it meanwhile", async () => {
      await send("a");
      const [leased] = await lease();
      await store.nack(bob, "1", leased?.receipt ?? "", { delayMs: 500, reason: "busy", retry: RETRY });
      await send("b");
      expect(await bodies()).toEqual(["b"]);
      clock.advance(501);
      expect(await lease()).toMatchObject([{ seq: 1, attempt: 2 }]);
    });

    test("what a webhook failed with waits for that webhook alone: whoever else asks gets it at once", async () => {
      const { message: sent } = await send("a");
      const webhook = { last: undefined };
      const [posted] = await lease({ push: { webhook } });
      const woken: string[] = [];
      store.listen({ ready: (id) => woken.push(id), advanced: () => {} });
      const terms = { delayMs: 500, reason: "answered 500", retry: RETRY, delayed: "webhook" } as const;
      await store.nack(bob, "1", posted?.receipt ?? "", terms);
      await until(() => woken.includes(bob), "the word that it is ready");
      const [delivery] = (await store.messageStatus(sent.id))?.deliveries ?? [];
      expect(delivery).toMatchObject({ state: "queued", postAt: new Date(clock.now() + 500).toISOString() });
      expect(delivery?.readyAt).toBeUndefined();
      expect(await lease({ push: { webhook } })).toEqual([]);
      const [read] = await lease();
      expect(read).toMatchObject({ seq: 1, attempt: 2 });
      await store.release(bob, "1", read?.receipt ?? "", { reason: "not now", retry: RETRY });
      expect(await lease({ push: { webhook } })).toMatchObject([{ seq: 1, attempt: 3 }]);
    });

    test("a step of the clock shortens and lengthens nothing: lives, leases, delays, sessions, focus and asks go on as long", async () => {
      const holder = await session();
      await store.setFocus(bob, { forMs: 3_000, allows: "interrupt", reason: undefined });
      const { message: asked } = await send("a", { answerWithinMs: 20_000 });
      const [leased] = await lease({ leaseMs: 10_000, session: holder });
      // Heard of, and without a session since.
      const carol = await agent("carol");
      const left = await session(carol);
      await store.endSession(left, carol, "left", RETRY);
      clock.advance(100);
      const year = 365 * 86_400_000;
      for (const ms of [year, -year, -3_600_000]) {
        await store.shiftTimes(ms, stepOf(engine, clock));
        const inMs = (at: string | undefined) => Date.parse(at ?? "") - clock.now();
        expect(await store.expireMessages(10)).toBe(0);
        expect(await store.expireLeases(10, RETRY)).toBe(0);
        expect(await store.expireSessions(1_000, RETRY)).toEqual([]);
        const [delivery] = (await store.messageStatus(asked.id))?.deliveries ?? [];
        expect(inMs(delivery?.leaseEndsAt)).toBe(9_900);
        const [agentNow] = (await store.agentsByName(false, undefined, 1_000)).filter(({ id }) => id === bob);
        expect(inMs(agentNow?.focus?.until)).toBe(2_900);
        expect((await store.agentByToken("hash-of-carol"))?.lastSeenAt).toBe(clock.now() - 100);
        expect((await store.askStatus(asked.id))?.dueAt).toBe(clock.now() + 19_900);
      }
      await store.nack(bob, "1", leased?.receipt ?? "", { delayMs: 500, reason: undefined, retry: RETRY });
      const woken: string[] = [];
      store.listen({ ready: (id) => woken.push(id), advanced: () => {} });
      await store.shiftTimes(-year, stepOf(engine, clock));
      expect(await lease()).toEqual([]);
      clock.advance(501);
      await store.announceDue();
      expect(woken).toContain(bob);
      expect(await lease()).toHaveLength(1);
      clock.advance(60_000);
      expect(await store.expireMessages(10)).toBe(0);
      expect(await store.expireLeases(10, RETRY)).toBe(1);
      expect(await store.expireMessages(10)).toBe(0);
    });

    test("a delayed delivery is announced when it becomes due, once", async () => {
      await send("a");
      const [leased] = await lease();
      await store.nack(bob, "1", leased?.receipt ?? "", { delayMs: 500, reason: undefined, retry: RETRY });
      const woken: string[] = [];
      store.listen({ ready: (id) => woken.push(id), advanced: () => {} });
      await store.announceDue();
      clock.advance(501);
      await store.announceDue();
      await store.announceDue();
      expect(woken).toEqual([bob]);
    });

    test("after the last attempt a delivery is a dead letter with its reason", async () => {
      const { message: sent } = await send("a");
      for (let attempt = 1; attempt <= RETRY.maxAttempts; attempt++) {
        const [leased] = await lease();
        expect(leased?.attempt).toBe(attempt);
        await store.nack(bob, "1", leased?.receipt ?? "", { delayMs: 0, reason: "boom", retry: RETRY });
      }
      expect((await store.messageStatus(sent.id))?.deliveries[0]).toMatchObject({
        state: "dead",
        reason: "given up after 3 failed attempts: boom",
      });
      expect((await events(sent.id)).at(-1)).toBe("dead");
    });

    test("sessions that end in order and brokers that restart cost a message nothing, however often", async () => {
      await send("a", { ttlMs: 600_000 });
      for (let round = 1; round <= 6; round++) {
        const holder = await session();
        expect(await lease({ session: holder })).toMatchObject([{ attempt: 2 * round - 1 }]);
        await store.endSession(holder, bob, "left", RETRY);
        await lease({ leaseMs: 600_000 });
        await store.close();
        store = await engine.reopen(clock);
      }
      expect(await bodies()).toEqual(["a"]);
    });

    test("a pushed message that nobody answers comes back without end; a silent holder's becomes a dead letter", async () => {
      await send("pushed", { ttlMs: 6_000_000 });
      await send("ignored", { ttlMs: 6_000_000 });
      const holder = await session();
      for (let round = 1; round <= RETRY.maxAttempts; round++) {
        for (const { seq, receipt } of await lease({ session: holder })) {
          if (seq === 1) await store.recordPush(bob, "1", receipt, { path: "claude-inbox", failedWhy: undefined });
        }
        clock.advance(20_000);
        await store.expireLeases(10, RETRY);
        clock.advance(20_000);
      }
      const { entries } = await store.listInbox({ agentId: bob, which: "all", afterSeq: 0, limit: 10 });
      expect(entries.map(({ state }) => state)).toEqual(["queued", "dead"]);
    });

    test("a reject makes a dead letter at once", async () => {
      const { message: sent } = await send("a");
      const [leased] = await lease();
      await store.reject(bob, "1", leased?.receipt ?? "", { reason: "not for me" });
      expect((await store.messageStatus(sent.id))?.deliveries[0]).toMatchObject({
        state: "dead",
        reason: "not for me",
      });
    });

    test("a message that died or expired bounces to its sender once, in its thread; a bounce never bounces", async () => {
      const bounce = ({ state, reason }: { state: string; reason: string }) => `${state}: ${reason}`;
      const notices = async () =>
        (await store.listInbox({ agentId: alice, which: "open", afterSeq: 0, limit: 10 })).entries.map(
          ({ message }) => message,
        );
      const { message: rejected } = await send("a");
      const [leased] = await lease();
      await store.reject(bob, "1", leased?.receipt ?? "", { reason: "no", bounce });
      const { message: late } = await send("b", { ttlMs: 1_000 });
      clock.advance(1_001);
      await store.expireMessages(10, bounce);
      const { message: orphan } = await send("c");
      await store.removeAgent(bob, bounce);
      expect(await notices()).toMatchObject([
        {
          kind: "bounce",
          body: "dead: no",
          inReplyTo: rejected.id,
          threadId: rejected.threadId,
          from: { name: "mesh" },
        },
        { kind: "bounce", body: "expired: not acked within the life of the message", inReplyTo: late.id },
        { kind: "bounce", body: "dead: recipient_gone", inReplyTo: orphan.id },
      ]);
      expect(await events(rejected.id)).toEqual(["accepted", "leased", "rejected", "bounced"]);
      clock.advance(6 * 86_400_000);
      await store.expireMessages(10, bounce);
      expect(await notices()).toHaveLength(3);
      clock.advance(2 * 86_400_000);
      await store.expireMessages(10, bounce);
      expect(await notices()).toEqual([]);
      expect((await store.agentsByName(false, undefined, 1_000)).map(({ name }) => name)).toEqual(["alice"]);
      expect(await store.findAgent("mesh")).toBeUndefined();
    });

    test("a dead letter is listed, and redriven with a new life and no failures; nothing else is", async () => {
      const { delivery } = await send("a", { ttlMs: 60_000 });
      const [leased] = await lease();
      await store.reject(bob, "1", leased?.receipt ?? "", { reason: "no" });
      expect(await store.listDead({ owner: alice, limit: 5, maxBytes: 1 })).toMatchObject({ entries: [] });
      expect(await store.listDead({ owner: undefined, limit: 5, maxBytes: 1 })).toMatchObject({
        entries: [{ id: delivery.id, reason: "no" }],
        nextAfter: undefined,
      });
      clock.advance(59_000);
      expect(await store.redrive(alice, delivery.id, QUOTA)).toMatchObject({ kind: "not_found" });
      expect(await store.redrive(undefined, delivery.id, QUOTA)).toMatchObject({
        kind: "done",
        delivery: { state: "queued" },
      });
      expect(await store.redrive(bob, "1", QUOTA)).toMatchObject({ kind: "not_dead" });
      clock.advance(59_000);
      const [again] = await lease();
      expect(again).toMatchObject({ seq: 1, attempt: 2 });
      expect(Date.parse(again?.message.expiresAt ?? "")).toBe(clock.now() + 1_000);
      await store.nack(bob, "1", again?.receipt ?? "", { delayMs: 0, reason: undefined, retry: RETRY });
      expect(await lease()).toMatchObject([{ seq: 1, attempt: 3 }]);
    });

    test("a message is taken back by its sender while nobody was given it, not after", async () => {
      const { message: first } = await send("a");
      const { message: second } = await send("b");
      expect(await store.cancel(first.id, bob)).toMatchObject({ cancelled: 0, left: [{ state: "queued" }] });
      expect(await store.cancel(first.id, alice)).toEqual({ cancelled: 1, before: 0, left: [] });
      expect(await bodies()).toEqual(["b"]);
      expect(await store.cancel(second.id, alice)).toMatchObject({ cancelled: 0, left: [{ state: "leased" }] });
      expect(await store.ack(bob, "1", undefined, "handled")).toMatchObject({ kind: "settled" });
    });

    test("a published message reaches everybody subscribed at that moment, once, and the answer accounts for all", async () => {
      const carol = await agent("carol");
      const full = await agent("full");
      const later = await agent("later");
      await store.subscribe(bob, "build.*.failed", 0, QUOTA);
      await store.subscribe(bob, "build.>", 0, QUOTA);
      await store.subscribe(carol, "build.api.failed", 0, QUOTA);
      await store.subscribe(alice, "build.>", 0, QUOTA);
      await store.subscribe(full, ">", 0, QUOTA);
      for (let i = 0; i < QUOTA.maxMessages; i++) await send(`m${i}`, { recipientId: full });
      const publish = (body: string, key?: string) => {
        const { recipientId: _, deliveryId: __, answers: ___, inReplyTo: ____, ...rest } = message(body);
        const idempotency = key === undefined ? undefined : { key, contentHash: body, windowMs: 60_000 };
        return store.publish({ ...rest, topic: "build.api.failed", idempotency }, QUOTA);
      };
      const { accepted, skipped, message: sent } = await publish("red", "k");
      expect(accepted.map(({ recipient }) => recipient.name).sort()).toEqual(["bob", "carol"]);
      expect(skipped.map(({ agent: { name }, why }) => [name, why]).sort()).toEqual([
        ["alice", "sender"],
        ["full", "inbox_full"],
      ]);
      expect((await publish("red", "k")).message.id).toBe(sent.id);
      expect((await lease()).map(({ message: { topic, to, body } }) => [topic, to, body])).toEqual([
        ["build.api.failed", "build.api.failed", "red"],
      ]);
      await store.subscribe(later, "build.*", 5, QUOTA);
      expect(await bodies({ agentId: later })).toEqual([]);
      expect(await store.subscribe(later, "build.>", 5, QUOTA)).toMatchObject({ created: true, retained: 1 });
      expect(await store.subscribe(later, "build.>", 5, QUOTA)).toMatchObject({ created: false, retained: 0 });
      expect(await bodies({ agentId: later })).toEqual(["red"]);
      expect(await store.topicsAfter("", 10)).toMatchObject([{ topic: "build.api.failed", messages: 1 }]);
      expect(await store.countSubscribers("build.api.failed")).toBe(5);
      expect(await store.unsubscribe(bob, "build.>")).toBe(true);
      expect(await store.unsubscribe(bob, "build.>")).toBe(false);
      expect((await store.listSubscriptions(bob, undefined, 100)).map(({ topic }) => topic)).toEqual([
        "build.*.failed",
      ]);
    });

    test("a published message that is taken back reaches nobody who subscribes later, and one for nobody can be looked up", async () => {
      const { recipientId: _, deliveryId: __, answers: ___, inReplyTo: ____, ...rest } = message("oops");
      await store.subscribe(bob, "news", 0, QUOTA);
      const { message: sent } = await store.publish({ ...rest, topic: "news" }, QUOTA);
      expect(await store.cancel(sent.id, alice)).toEqual({ cancelled: 1, before: 0, left: [] });
      const later = await agent("later");
      expect((await store.subscribe(later, "news", 5, QUOTA)).retained).toBe(0);
      const lonely = await store.publish({ ...rest, id: newId("msg"), topic: "nobody.listens" }, QUOTA);
      expect(await store.messageStatus(lonely.message.id)).toMatchObject({
        message: { to: "nobody.listens", body: "oops" },
        deliveries: [],
      });
    });

    test("an ask is over when its question is taken back or given up: nobody is reminded of it", async () => {
      const notices = { nudge: () => "nudge", bounce: () => "bounce" };
      const { message: first } = await send("one?", { answerWithinMs: 1_000 });
      await send("two?", { answerWithinMs: 1_000 });
      await send("three?", { answerWithinMs: 1_000 });
      await store.cancel(first.id, alice);
      const [leased] = await lease();
      await store.reject(bob, "2", leased?.receipt ?? "", { reason: "no" });
      expect((await store.listAsks("owed", bob, 10)).map(({ seq }) => seq)).toEqual([3]);
      clock.advance(1_000);
      expect(await store.remindAsks(notices, 10)).toBe(1);
      expect(await store.remindAsks(notices, 10)).toBe(0);
      clock.advance(1_000);
      expect(await store.remindAsks(notices, 10)).toBe(1);
      expect(await store.listAsks("waiting", alice, 10)).toEqual([]);
    });

    test("a topic keeps its newest hundred messages for later subscribers, and nothing past its life", async () => {
      const { recipientId: _, deliveryId: __, answers: ___, inReplyTo: ____, ...rest } = message("x");
      for (let i = 0; i < 103; i++) {
        const id = newId("msg");
        await store.publish({ ...rest, id, topic: "news", body: String(i), ttlMs: 600_000 }, QUOTA);
      }
      await store.prune(0, 1_000);
      expect(await store.topicsAfter("", 10)).toMatchObject([{ topic: "news", messages: 100 }]);
      expect((await store.subscribe(bob, "news", 3, QUOTA)).retained).toBe(3);
      expect(await bodies()).toEqual(["100", "101", "102"]);
      clock.advance(600_001);
      await store.prune(0, 1_000);
      expect(await store.topicsAfter("", 10)).toMatchObject([{ messages: 3 }]);
    });

    test("an extended lease lasts from the extension on", async () => {
      await send("a");
      const [leased] = await lease();
      clock.advance(9_000);
      await store.extend(bob, "1", leased?.receipt ?? "", 10_000);
      clock.advance(9_000);
      expect(await store.expireLeases(10, RETRY)).toBe(0);
      clock.advance(1_001);
      expect(await store.expireLeases(10, RETRY)).toBe(1);
    });

    test("a message past its life expires, and is never leased after it", async () => {
      const { message: sent } = await send("a", { ttlMs: 1_000 });
      clock.advance(1_001);
      expect(await bodies()).toEqual([]);
      expect(await store.expireMessages(10)).toBe(1);
      expect((await store.messageStatus(sent.id))?.deliveries[0]?.state).toBe("expired");
    });

    test("a lease that outlives its message ends in expired, but an ack under it counts", async () => {
      await send("a", { ttlMs: 1_000 });
      await send("b", { ttlMs: 1_000 });
      await lease();
      clock.advance(5_000);
      expect(await store.ack(bob, "1", undefined, "handled")).toMatchObject({ kind: "done" });
      clock.advance(5_001);
      await store.expireLeases(10, RETRY);
      const { entries } = await store.listInbox({ agentId: bob, which: "all", afterSeq: 0, limit: 10 });
      expect(entries.map(({ state }) => state)).toEqual(["acked", "expired"]);
    });

    test("the same key and content is the same message, also after a restart; other content is refused", async () => {
      const idempotency = { key: "k", contentHash: "h", windowMs: 60_000 };
      const first = await send("a", { idempotency });
      await store.close();
      store = await engine.reopen(clock);
      const again = await send("a", { idempotency });
      expect([again.duplicate, again.message.id]).toEqual([true, first.message.id]);
      await expect(send("b", { idempotency: { ...idempotency, contentHash: "x" } })).rejects.toMatchObject({
        code: "idempotency_mismatch",
      });
      expect((await store.stats()).deliveries.queued).toBe(1);
      clock.advance(60_001);
      expect((await send("a", { idempotency })).duplicate).toBe(false);
    });

    test("of two sends in one commit a refused one leaves no trace and does not touch the other", async () => {
      const results = await Promise.allSettled([
        send("fits"),
        send("x".repeat(1_001)),
        send("also"),
        send("to nobody", { recipientId: newId("agt") }),
      ]);
      expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled", "rejected"]);
      expect(await bodies()).toEqual(["fits", "also"]);
      expect((await lease()).length).toBe(0);
    });

    test("a full inbox refuses new mail and keeps the old; an ack makes room", async () => {
      for (let i = 0; i < QUOTA.maxMessages; i++) await send(`m${i}`);
      await expect(send("one more")).rejects.toMatchObject({ code: "inbox_full" });
      await lease({ max: 1 });
      await store.ack(bob, "1", undefined, "handled");
      await expect(send("one more")).resolves.toMatchObject({ delivery: { seq: 6 } });
    });

    test("a read is cut at its bytes, but never below one delivery", async () => {
      await send("a".repeat(300));
      await send("b".repeat(300));
      expect((await lease({ maxBytes: 100 })).map(({ seq }) => seq)).toEqual([1]);
      expect((await lease({ maxBytes: 600 })).map(({ seq }) => seq)).toEqual([2]);
    });

    test("a stream leases no more than its credit", async () => {
      const holder = await session();
      for (const body of ["a", "b", "c"]) await send(body);
      const stream = { maxInFlight: 2, maxPushes: undefined };
      expect(await bodies({ session: holder, stream })).toEqual(["a", "b"]);
      expect(await bodies({ session: holder, stream })).toEqual([]);
      await store.ack(bob, "1", undefined, "handled");
      expect(await bodies({ session: holder, stream })).toEqual(["c"]);
    });

    test("a session whose streamed lease ran out without a sign is streamed nothing more; another one gets it at once", async () => {
      const stream = { maxInFlight: 1, maxPushes: undefined };
      const [still, other] = [await session(), await session()];
      for (const body of ["a", "b"]) await send(body);
      const [held] = await lease({ session: still, stream });
      clock.advance(10_001);
      await store.expireLeases(10, RETRY);
      expect(await bodies({ session: still, stream })).toEqual([]);
      expect(await bodies({ session: other, stream })).toEqual(["a"]);
      expect(await bodies({ session: still, max: 1 })).toEqual(["b"]);
      expect(held?.seq).toBe(1);
    });

    test("a silent session is streamed to again with its next sign: a heartbeat or a verb, late or not", async () => {
      const stream = { maxInFlight: 1, maxPushes: undefined };
      const woken: AgentId[] = [];
      store.listen({ ready: (id) => woken.push(id), advanced: () => {} });
      const receipts: string[] = [];
      const own = await session();
      const terms = { delayMs: 0, reason: undefined, retry: { ...RETRY, maxAttempts: 99, delayMs: () => 0 } };
      const push = { path: "stream", failedWhy: undefined };
      const signs: (() => Promise<unknown>)[] = [
        () => store.touchSession(own, bob, undefined),
        () => store.nack(bob, "1", receipts.at(-1) ?? "", terms),
        () => store.extend(bob, "1", receipts.at(-1) ?? "", 1_000),
        () => store.recordPush(bob, "1", receipts.at(-1) ?? "", push),
        () => store.ack(bob, "1", undefined, "handled"),
      ];
      await send("a");
      for (const sign of signs) {
        const [leased] = await lease({ session: own, stream });
        receipts.push(leased?.receipt ?? "");
        clock.advance(10_001);
        await store.expireLeases(10, terms.retry);
        await new Promise(setImmediate);
        woken.length = 0;
        expect(await bodies({ session: own, stream })).toEqual([]);
        await sign();
        await new Promise(setImmediate);
        expect(woken).toContain(bob);
      }
      await send("b");
      expect(await bodies({ session: own, stream })).toEqual(["b"]);
    });

    test("a session that was heard of in its lease, by a heartbeat, is streamed to when the lease ran out", async () => {
      const stream = { maxInFlight: 1, maxPushes: undefined };
      const own = await session();
      await send("a");
      await lease({ session: own, stream });
      clock.advance(5_000);
      await store.touchSession(own, bob, undefined);
      clock.advance(5_001);
      await store.expireLeases(10, RETRY);
      expect(await bodies({ session: own, stream })).toEqual(["a"]);
    });

    test("a session is not streamed what it has pushed often enough; another session is", async () => {
      const [first, second] = [await session(), await session()];
      await send("a");
      const stream = { maxInFlight: 16, maxPushes: 2 };
      for (let push = 1; push <= 2; push++) {
        const [leased] = await lease({ session: first, stream });
        await store.recordPush(bob, "1", leased?.receipt ?? "", { path: "claude-inbox", failedWhy: undefined });
        await store.nack(bob, "1", leased?.receipt ?? "", {
          delayMs: 0,
          reason: undefined,
          retry: { ...RETRY, maxAttempts: 9 },
        });
      }
      expect(await bodies({ session: first, stream })).toEqual([]);
      expect(await bodies({ session: first, push: { maxPushes: 2 } })).toEqual([]);
      expect(await bodies({ session: second, stream })).toEqual(["a"]);
    });

    test("what a session has pushed is remembered whatever other sessions push between", async () => {
      const [one, two] = [await session(), await session()];
      await send("a");
      const stream = { maxInFlight: 16, maxPushes: 1 };
      for (const holder of [one, two]) {
        const [leased] = await lease({ session: holder, stream });
        await store.recordPush(bob, "1", leased?.receipt ?? "", { path: "claude-inbox", failedWhy: undefined });
        clock.advance(10_001);
        await store.expireLeases(10, RETRY);
      }
      expect(await bodies({ session: one, stream })).toEqual([]);
      expect(await bodies({ session: two, stream })).toEqual([]);
      expect(await bodies()).toEqual(["a"]);
    });

    test("after the clock was set back a delayed delivery is still announced", async () => {
      await send("a");
      await store.announceDue();
      clock.advance(-700);
      const [leased] = await lease();
      await store.nack(bob, "1", leased?.receipt ?? "", { delayMs: 100, reason: undefined, retry: RETRY });
      const woken: string[] = [];
      store.listen({ ready: (id) => woken.push(id), advanced: () => {} });
      clock.advance(100);
      await store.announceDue();
      expect(woken).toContain(bob);
    });

    test("ending a session returns all it leased; other sessions keep theirs", async () => {
      const [one, two] = [await session(), await session()];
      for (const body of ["a", "b"]) await send(body);
      await lease({ session: one, max: 1 });
      await lease({ session: two, max: 1 });
      expect(await store.endSession(one, alice, "left", RETRY)).toBeUndefined();
      expect(await store.endSession(one, bob, "left", RETRY)).toBe(1);
      expect(await bodies()).toEqual(["a"]);
    });

    test("a reconnecting stream gets back what was lost on the way, and keeps what arrived", async () => {
      const holder = await session();
      for (const body of ["a", "b", "c"]) await send(body);
      const stream = { maxInFlight: 16, maxPushes: undefined };
      const { leased } = await store.lease({
        agentId: bob,
        max: 25,
        maxBytes: 999,
        leaseMs: 9_000,
        session: holder,
        stream,
      });
      expect(await store.returnStreamed(holder, leased[0]?.streamPosition, RETRY)).toBe(2);
      expect(await bodies({ session: holder, stream })).toEqual(["b", "c"]);
    });

    test("a session that misses its heartbeats ends, and its leases come back", async () => {
      const holder = await session();
      await send("a");
      await lease({ session: holder, leaseMs: 600_000 });
      clock.advance(100_000);
      expect(await store.expireSessions(120_000, RETRY)).toEqual([]);
      clock.advance(20_000);
      expect(await store.expireSessions(120_000, RETRY)).toHaveLength(1);
      expect(await store.touchSession(holder, bob, undefined)).toBe(false);
      expect((await store.findAgent("bob"))?.heartbeatAgeMs).toBeUndefined();
    });

    test("a dead session is not called online for longer because the clock was set back", async () => {
      const holder = await session();
      clock.advance(-3_600_000);
      expect(await store.expireSessions(120_000, RETRY)).toEqual([]);
      clock.advance(120_000);
      expect((await store.findAgent("bob"))?.heartbeatAgeMs).toBe(120_000);
      expect(await store.expireSessions(120_000, RETRY)).toEqual([holder]);
    });

    test("a clock that was set back by less than a doubt makes a session older is noticed: no heartbeat stays in the future", async () => {
      const holder = await session();
      clock.advance(60_000);
      await store.touchSession(holder, bob, undefined);
      await store.doubtSession({ id: holder, agentId: bob }, 45_000, "stream_closed");
      clock.advance(-30_000);
      expect(await store.expireSessions(120_000, RETRY)).toEqual([]);
      const now = clock.now();
      expect(await store.findAgent("bob")).toMatchObject({ lastSeenAt: now, heartbeatAgeMs: 15_000 });
      clock.advance(105_000);
      expect(await store.expireSessions(120_000, RETRY)).toEqual([holder]);
      expect((await store.findAgent("bob"))?.lastSeenAt).toBe(now);
    });

    test("a doubted session is as old as the doubt says until its next heartbeat, and was last seen when it was", async () => {
      const holder = await session();
      const began = clock.now();
      clock.advance(1_000);
      await store.doubtSession({ id: holder, agentId: alice }, 45_000, "stream_closed");
      expect(await store.findAgent("bob")).toMatchObject({ heartbeatAgeMs: 1_000, doubt: undefined });
      await store.doubtSession({ id: holder, agentId: bob }, 45_000, "stream_closed");
      clock.advance(2_000);
      await store.doubtSession("all", 45_000, "broker_started");
      const doubt = { why: "stream_closed", at: began + 1_000 };
      expect(await store.findAgent("bob")).toMatchObject({ heartbeatAgeMs: 47_000, doubt, lastSeenAt: began });
      await store.touchSession(holder, bob, undefined);
      expect(await store.findAgent("bob")).toMatchObject({ heartbeatAgeMs: 0, doubt: undefined });
      const second = await session();
      await store.doubtSession({ id: holder, agentId: bob }, 45_000, "stream_closed");
      expect(await store.findAgent("bob")).toMatchObject({ heartbeatAgeMs: 0, doubt: undefined });
      await store.endSession(second, bob, "gone", RETRY);
      expect((await store.findAgent("bob"))?.doubt).toMatchObject({ why: "stream_closed" });
    });

    test.each([
      ["handled", true, true],
      ["transcript", true, true],
      ["replied", true, true],
      ["read", true, false],
      ["handled", false, false],
    ] as const)("an ack (%s) of what was streamed (%s) proves the stream: %s", async (evidence, streamed, proven) => {
      const holder = await session();
      await store.touchSession(holder, bob, [{ path: "claude-inbox" }, { path: "stream" }]);
      const { message: sent, delivery } = await send("a");
      await lease({ session: holder, ...(streamed && { stream: { maxInFlight: 4, maxPushes: undefined } }) });
      clock.advance(5_000);
      if (evidence === "replied") {
        await send("b", { senderId: bob, recipientId: alice, inReplyTo: sent.id, answers: delivery.id });
      } else {
        await store.ack(bob, "1", undefined, evidence);
      }
      const provenAt = new Date(clock.now()).toISOString();
      const stream = proven ? { path: "stream", provenAt } : { path: "stream" };
      expect((await store.findAgent("bob"))?.pushPaths).toEqual([{ path: "claude-inbox" }, stream]);
      await store.touchSession(holder, bob, [{ path: "stream", failedWhy: "nobody reads it" }]);
      expect((await store.findAgent("bob"))?.pushPaths).toEqual([{ path: "stream", failedWhy: "nobody reads it" }]);
    });

    test("a heartbeat renews a session of its own agent only", async () => {
      const holder = await session();
      clock.advance(30_000);
      expect(await store.touchSession(holder, alice, undefined)).toBe(false);
      expect((await store.findAgent(bob))?.heartbeatAgeMs).toBe(30_000);
      expect(await store.touchSession(holder, bob, [{ path: "stream" }])).toBe(true);
      expect(await store.findAgent(bob)).toMatchObject({ heartbeatAgeMs: 0, pushPaths: [{ path: "stream" }] });
    });

    test("a reply acks the delivery it answers, in the same act", async () => {
      const { message: sent, delivery } = await send("question");
      await lease();
      await send("answer", { senderId: bob, recipientId: alice, inReplyTo: sent.id, answers: delivery.id });
      const status = await store.messageStatus(sent.id);
      expect(status?.deliveries[0]).toMatchObject({ state: "acked", reason: "replied" });
      await expect(
        send("never", { senderId: bob, recipientId: newId("agt"), answers: delivery.id }),
      ).rejects.toMatchObject({ code: "agent_not_found" });
    });

    test("the deliveries of a message are traced page by page, its own to who got it, the newest steps of each", async () => {
      const agents: AgentId[] = [];
      for (let n = 0; n < 23; n++) {
        const made = await agent(`listener-${10 + n}`);
        agents.push(made);
        await store.subscribe(made, "build.api", 0, QUOTA);
      }
      const id = newId("msg");
      const { accepted } = await store.publish({ ...message("built", { id }), topic: "build.api" }, QUOTA);
      const wanted = accepted.map(({ delivery }) => delivery.id);
      const got: string[] = [];
      let after: string | undefined;
      do {
        const page = await store.traceMessage(id, { viewer: undefined, after, limit: 5 });
        expect(page.deliveries.length).toBeLessThanOrEqual(5);
        got.push(...page.deliveries.map((each) => each.id));
        after = page.nextAfter;
      } while (after !== undefined);
      expect(got).toEqual(wanted);
      const own = await store.traceMessage(id, { viewer: agents[7], after: undefined, limit: 5 });
      expect(own).toMatchObject({ deliveries: [{ id: wanted[7] }] });
      expect(own.nextAfter).toBeUndefined();
      expect((await store.traceMessage(id, { viewer: alice, after: undefined, limit: 5 })).deliveries).toEqual([]);

      const [leased] = await lease({ agentId: agents[3] ?? bob });
      for (let n = 0; n < 120; n++)
        await store.extend(agents[3] ?? bob, leased?.id ?? "1", leased?.receipt ?? "", 5_000);
      const [traced] = (await store.traceMessage(id, { viewer: agents[3], after: undefined, limit: 1 })).deliveries;
      expect(traced).toMatchObject({ earlierSteps: true });
      expect(traced?.timeline).toHaveLength(100);
      expect((await store.ack(agents[3] ?? bob, leased?.id ?? "1", undefined, "handled")).kind).toBe("done");
      const [acked] = (await store.traceMessage(id, { viewer: agents[3], after: undefined, limit: 1 })).deliveries;
      expect(acked?.timeline.at(-1)?.event).toBe("acked");
      await expect(store.traceMessage(id, { viewer: undefined, after: "another.d1", limit: 1 })).rejects.toMatchObject({
        code: "cursor_invalid",
      });
    });

    test("a message is placed by id, delivery or seq, for its sender and recipient only", async () => {
      const eve = await agent("eve");
      const { message: sent, delivery } = await send("a");
      expect((await store.placeMessage("1", bob))?.deliveryId).toBe(delivery.id);
      expect((await store.placeMessage(delivery.id, bob))?.messageId).toBe(sent.id);
      expect((await store.placeMessage(sent.id, alice))?.deliveryId).toBeUndefined();
      expect(await store.placeMessage(sent.id, eve)).toBeUndefined();
      expect(await store.placeMessage("1", eve)).toBeUndefined();
    });

    test("a killed broker's leases are void at the next start; nothing accepted is lost, nothing acked comes back", async () => {
      for (const body of ["a", "b", "c"]) await send(body);
      await lease({ session: await session(), leaseMs: 600_000 });
      await store.ack(bob, "2", undefined, "handled");
      store = await engine.reopen(clock);
      expect(await lease()).toMatchObject([
        { seq: 1, attempt: 2 },
        { seq: 3, attempt: 2 },
      ]);
    });

    test("the log goes forward by cursor and shows an agent its own only", async () => {
      const eve = await agent("eve");
      const start = await store.log({ after: undefined, limit: 10, viewer: undefined });
      await send("for bob");
      await send("for eve", { recipientId: eve });
      const page = await store.log({ after: start.cursor, limit: 10, viewer: undefined });
      expect(page.entries.map(({ preview }) => preview)).toEqual(["for bob", "for eve"]);
      expect((await store.log({ after: page.cursor, limit: 10, viewer: undefined })).entries).toEqual([]);
      const eves = await store.log({ after: start.cursor, limit: 10, viewer: eve });
      expect(eves.entries.map(({ preview }) => preview)).toEqual(["for eve"]);
      await expect(store.log({ after: "otherdb.3", limit: 10, viewer: undefined })).rejects.toMatchObject({
        code: "cursor_invalid",
      });
    });

    test("a removed agent's mail is dead, its name free, its token void", async () => {
      const { message: sent } = await send("a");
      expect(await store.removeAgent(bob)).toBe(1);
      expect((await store.messageStatus(sent.id))?.deliveries[0]).toMatchObject({
        state: "dead",
        reason: "recipient_gone",
      });
      expect(await store.agentByToken("hash-of-bob")).toBeUndefined();
      await expect(send("b")).rejects.toMatchObject({ code: "agent_not_found" });
      bob = await agent("bob");
      expect((await send("c")).delivery.seq).toBe(1);
    });

    test("a lease that cost a delivery nothing is given back at once, however often, and only under its receipt", async () => {
      await send("a");
      for (let i = 0; i < RETRY.maxAttempts + 2; i++) {
        const [held] = await lease();
        const terms = { reason: "the webhook rests", retry: RETRY };
        expect(await store.release(bob, "1", "another receipt", terms)).toMatchObject({ kind: "lease_lost" });
        expect(await store.release(bob, "1", held?.receipt ?? "", terms)).toMatchObject({
          kind: "done",
          delivery: { state: "queued", attempt: i + 1 },
        });
      }
    });

    test("a webhook leases what is urgent enough and not in focus; one delivery can be left for when there is no other", async () => {
      await send("fyi", { urgency: "fyi" });
      const { delivery: first } = await send("a");
      await send("b");
      const take = (last: DeliveryId | undefined, urgency: Urgency = "normal") =>
        bodies({ max: 1, push: { urgency, webhook: { last } } });
      expect(await take(first.id)).toEqual(["b"]);
      expect(await take(first.id)).toEqual(["a"]);
      expect(await take(undefined)).toEqual([]);
      await send("c");
      await store.setFocus(bob, { forMs: 60_000, allows: "interrupt", reason: undefined });
      expect(await take(undefined)).toEqual([]);
      await store.setFocus(bob, undefined);
      expect(await take(undefined, "fyi")).toEqual(["fyi"]);
      expect(await bodies()).toEqual(["c"]);
    });

    test("an agent's webhook is kept with how it does, over restarts, until it is set anew, removed, or the agent leaves", async () => {
      expect(await store.webhookOf(bob)).toBeUndefined();
      await store.putWebhook(bob, "sealed");
      expect(await store.webhookOf(bob)).toEqual({
        agentId: bob,
        sealed: "sealed",
        setAt: clock.now(),
        failures: 0,
        provenAt: undefined,
        failedAt: undefined,
        failedWhy: undefined,
        restsUntil: undefined,
        disabled: false,
      });
      const path = async () => (await store.findAgent("bob"))?.webhook;
      expect(await path()).toEqual({ path: "webhook" });
      await store.noteWebhook(bob, { kind: "failed", why: "answered 500", failures: 5, restMs: 30_000 });
      store = await engine.reopen(clock);
      expect((await store.listWebhooks()).map(({ agentId }) => agentId)).toEqual([bob]);
      expect(await store.webhookOf(bob)).toMatchObject({
        failures: 5,
        failedAt: clock.now(),
        failedWhy: "answered 500",
        restsUntil: clock.now() + 30_000,
      });
      const nextTryAt = new Date(clock.now() + 30_000).toISOString();
      expect(await path()).toEqual({ path: "webhook", failedWhy: "answered 500", nextTryAt });
      clock.advance(30_000);
      expect(await path()).toEqual({ path: "webhook", failedWhy: "answered 500" });
      await store.resealWebhook(bob, "other");
      expect(await store.webhookOf(bob)).toMatchObject({ sealed: "other", failures: 5 });
      await store.noteWebhook(bob, { kind: "disabled", why: "disabled: answered 410 Gone", failures: 6 });
      expect(await store.webhookOf(bob)).toMatchObject({ disabled: true, failedWhy: "disabled: answered 410 Gone" });
      await store.noteWebhook(bob, { kind: "taken" });
      expect(await store.webhookOf(bob)).toMatchObject({ disabled: false, failures: 0, provenAt: clock.now() });
      expect(await path()).toEqual({ path: "webhook", provenAt: new Date(clock.now()).toISOString() });
      await store.putWebhook(bob, "anew");
      expect(await path()).toEqual({ path: "webhook" });
      expect([await store.removeWebhook(bob), await store.removeWebhook(bob)]).toEqual([true, false]);
      await store.putWebhook(bob, "once more");
      await store.removeAgent(bob);
      expect(await store.listWebhooks()).toEqual([]);
      await expect(store.putWebhook(bob, "too late")).rejects.toMatchObject({ code: "agent_not_found" });
    });

    test("a peer of the predecessor's wire is kept over a restart, replaced, and gone with its agent", async () => {
      const { agent: made } = await store.registerAgent({
        id: newId("agt"),
        tokenHash: "hash-of-peer",
        name: "legacy-peer",
        ifTaken: "refuse",
        profile: {},
        trust: "unverified",
      });
      await store.keepLegacyPeer({ id: "k3f9x2ab", agentId: made.id, facts: "{}" });
      await store.keepLegacyPeer({ id: "k3f9x2ab", agentId: made.id, facts: '{"pid":1}' });
      store = await engine.reopen(clock);
      expect(await store.listLegacyPeers()).toEqual([{ id: "k3f9x2ab", agentId: made.id, facts: '{"pid":1}' }]);
      const trusts = (await store.agentsByName(false, undefined, 1_000)).map((each) => [each.name, each.trust]);
      expect(trusts).toEqual([
        ["alice", "verified"],
        ["bob", "verified"],
        ["legacy-peer", "unverified"],
      ]);
      await store.removeAgent(made.id);
      expect(await store.listLegacyPeers()).toEqual([]);
    });

    test("pruning forgets what ended long ago, and only that", async () => {
      await send("old", { ttlMs: 600_000 });
      await send("waiting", { ttlMs: 600_000 });
      await store.ack(bob, "1", undefined, "handled");
      clock.advance(100_000);
      expect(await store.prune(200_000, 10)).toBe(0);
      expect(await store.prune(100_000, 10)).toBe(1);
      const { entries } = await store.listInbox({ agentId: bob, which: "all", afterSeq: 0, limit: 10 });
      expect(entries.map(({ message }) => message.body)).toEqual(["waiting"]);
      const { cursor } = await store.log({ after: undefined, limit: 1, viewer: undefined });
      expect((await store.log({ after: cursor, limit: 10, viewer: undefined })).entries).toEqual([]);
    });

    test("an inbox is shown page by page and not changed by it", async () => {
      for (const body of ["a", "b", "c"]) await send(body);
      const page = await store.listInbox({ agentId: bob, which: "open", afterSeq: 1, limit: 1 });
      expect(page).toMatchObject({ open: 3, more: true, entries: [{ seq: 2, state: "queued", attempt: 0 }] });
    });

    test("an agent's former names lead to it until another takes them, and leave with it", async () => {
      await store.renameAgent(alice, "ada");
      await store.renameAgent(alice, "augusta");
      for (const name of ["alice", "ada", "augusta"]) expect((await store.findAgent(name))?.id).toBe(alice);
      expect((await store.findParty("ada"))?.name).toBe("augusta");
      await expect(store.renameAgent(alice, "bob")).rejects.toMatchObject({ code: "agent_name_taken" });
      const heir = await agent("alice", { tokenHash: "hash-of-heir" });
      expect((await store.findAgent("alice"))?.id).toBe(heir);
      await store.renameAgent(bob, "ada");
      expect((await store.findAgent("ada"))?.id).toBe(bob);
      await store.renameAgent(bob, "bob");
      expect((await store.findAgent("ada"))?.id).toBe(bob);
      await store.removeAgent(bob);
      expect(await store.findAgent("ada")).toBeUndefined();
      expect(await store.findAgent(bob)).toBeUndefined();
    });

    test("an id's beginning finds what the viewer may see of it", async () => {
      const sent = await store.enqueue(message("hello"), QUOTA);
      const carol = await agent("carol");
      const beginning = (id: string) => id.slice(0, 30);
      const { id, threadId } = sent.message;
      for (const whole of [id, threadId, sent.delivery.id]) {
        for (const viewer of [alice, bob, undefined])
          expect(await store.idsLike(beginning(whole), viewer)).toContain(whole);
        expect(await store.idsLike(beginning(whole), carol)).toEqual([]);
        expect(await store.idsLike(`${whole.slice(0, 4)}ffffffff`, undefined)).toEqual([]);
      }
      expect(await store.idsLike(beginning(bob), undefined)).toContain(bob);
      expect(await store.idsLike(beginning(bob), carol)).toEqual([]);
    });
  });
}
