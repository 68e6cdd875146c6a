/** What every engine must do with messages of the past. One suite, run by each engine's test file. */
import type { AgentId, Trust } from "@agentmesh/protocol";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { newId } from "../../src/mesh/ids.ts";
import { searchTerms } from "../../src/mesh/names/words.ts";
import type { HistoryQuery, MessageToEnqueue, Store } from "../../src/mesh/store.ts";
import type { EngineUnderTest } from "./conformance.ts";
import { type FakeClock, fakeClock } from "./fake-clock.ts";

const QUOTA = { maxMessages: 1_000, maxBytes: 10_000_000 };

/** Defines the suite for one engine. */
export function historyConformance(name: string, make: () => EngineUnderTest): void {
  describe(`${name} as a history`, () => {
    let engine: EngineUnderTest;
    let clock: FakeClock;
    let store: Store;
    let alice: AgentId;
    let bob: AgentId;
    let eve: AgentId;

    beforeEach(async () => {
      engine = make();
      clock = fakeClock();
      store = await engine.open(clock);
      [alice, bob, eve] = [await agent("alice"), await agent("bob"), await agent("eve")];
    });

    afterEach(async () => {
      await store.close();
      await engine.dispose();
    });

    async function agent(wanted: string, trust: Trust = "verified"): Promise<AgentId> {
      const { agent: made } = await store.registerAgent({
        id: newId("agt"),
        tokenHash: newId("tok"),
        name: wanted,
        ifTaken: "refuse",
        profile: {},
        trust,
      });
      return made.id;
    }

    function message(senderId: AgentId, body: string, more: Partial<MessageToEnqueue> = {}): MessageToEnqueue {
      const id = newId("msg");
      const bodyBytes = Buffer.byteLength(body);
      const rest = { inReplyTo: undefined, ttlMs: 60_000, idempotency: undefined, answers: undefined };
      const envelope = { id, threadId: `thr_${id.slice(4)}` as const, senderId, recipientId: bob };
      return { ...envelope, deliveryId: newId("dlv"), body, bodyBytes, ...rest, ...more };
    }

    const send = async (from: AgentId, to: AgentId, body: string, more: Partial<MessageToEnqueue> = {}) =>
      (await store.enqueue(message(from, body, { recipientId: to, ...more }), QUOTA)).message;
    const publish = async (from: AgentId, topic: string, body: string) => {
      const { recipientId: _, deliveryId: __, answers: ___, inReplyTo: ____, ...rest } = message(from, body);
      return (await store.publish({ ...rest, topic }, QUOTA)).message;
    };
    const part = (query: Partial<HistoryQuery> = {}) =>
      store.listMessages({
        party: undefined,
        other: undefined,
        thread: undefined,
        topic: undefined,
        terms: undefined,
        viewer: query.party,
        ahead: false,
        from: undefined,
        limit: 100,
        maxBytes: 1_000_000,
        lookAt: 1_000,
        ...query,
      });
    const bodies = async (query?: Partial<HistoryQuery>) =>
      (await part(query)).entries.map(({ message: { body } }) => body);
    const search = (typed: string, query: Partial<HistoryQuery> = {}) =>
      bodies({ ...query, terms: searchTerms(typed) });

    test("the newest come first, and paging back neither skips nor repeats while messages come and go", async () => {
      for (let i = 1; i <= 7; i++) await send(alice, bob, `m${i}`);
      const seen: string[] = [];
      for (let from: string | undefined; seen.length < 20; ) {
        const page = await part({ party: bob, from, limit: 3 });
        seen.push(...page.entries.map(({ message: { body } }) => body));
        await send(alice, bob, "meanwhile");
        if (page.more === false) break;
        from = page.place;
      }
      expect(seen).toEqual(["m7", "m6", "m5", "m4", "m3", "m2", "m1"]);
    });

    test("what is accepted later is found ahead of the end, oldest first, also when all before it was pruned", async () => {
      await send(alice, bob, "old");
      const { end } = await part();
      await store.ack(bob, "1", undefined, "handled");
      clock.advance(1_000);
      expect(await store.prune(0, 10)).toBe(1);
      expect(await bodies()).toEqual([]);
      await send(alice, bob, "first");
      await send(alice, bob, "second");
      const page = await part({ ahead: true, from: end, limit: 1 });
      expect([page.entries[0]?.message.body, page.more]).toEqual(["first", true]);
      expect(await bodies({ ahead: true, from: page.place })).toEqual(["second"]);
      const rest = await part({ ahead: true, from: (await part({ ahead: true, from: page.place })).end });
      expect([rest.entries, rest.more]).toEqual([[], false]);
      await expect(part({ from: "elsewhere.m3" })).rejects.toMatchObject({ code: "cursor_invalid" });
      const { cursor } = await store.log({ after: undefined, limit: 1, viewer: undefined });
      for (const none of [cursor, "foo", "m3", "a.m"]) {
        await expect(part({ from: none })).rejects.toMatchObject({ code: "invalid_request" });
      }
    });

    test("one read looks at no more messages than it may, and says where to go on", async () => {
      await send(alice, bob, "for bob");
      for (let i = 0; i < 5; i++) await send(alice, eve, "for eve");
      const seen: string[] = [];
      let reads = 0;
      for (let from: string | undefined; reads < 9; reads++) {
        const found = await part({ party: bob, thread: undefined, terms: searchTerms("for"), from, lookAt: 2 });
        seen.push(...found.entries.map(({ message: { body } }) => body));
        if (found.more !== undefined) break;
        from = found.place;
      }
      expect([seen, reads]).toEqual([["for bob"], 3]);
    });

    test("a page is cut at its bytes, never below one message, and goes on behind the cut", async () => {
      for (const letter of ["a", "b", "c"]) await send(alice, bob, letter.repeat(300));
      const page = await part({ maxBytes: 600 });
      expect([page.entries.length, page.more]).toEqual([2, true]);
      expect(await bodies({ from: page.place, maxBytes: 1 })).toEqual(["a".repeat(300)]);
    });

    test("a party sees what it sent or got, nobody else's: not by thread, topic, words or the other party", async () => {
      await store.subscribe(bob, "news", 0, QUOTA);
      const secret = await send(alice, bob, "the secret plan");
      await send(bob, alice, "the secret answer", { threadId: secret.threadId });
      await publish(alice, "news", "secret news");
      await send(eve, eve, "a secret note to myself");
      const everything: Partial<HistoryQuery>[] = [
        {},
        { thread: secret.threadId },
        { topic: "news" },
        { other: alice },
        { other: bob },
        { other: eve },
        { terms: searchTerms("secret") },
        { terms: searchTerms("secret"), thread: secret.threadId },
        { terms: searchTerms("sec*"), topic: "news", other: bob },
      ];
      for (const query of everything) {
        for (const ahead of [false, true]) {
          const found = await bodies({ ...query, party: eve, ahead });
          expect(found.filter((body) => body !== "a secret note to myself")).toEqual([]);
        }
      }
      expect(await search("secret", { party: eve })).toEqual(["a secret note to myself"]);
      expect(await search("secret", { party: bob })).toEqual(["secret news", "the secret answer", "the secret plan"]);
      expect(await bodies({ thread: secret.threadId })).toEqual(["the secret answer", "the secret plan"]);
      expect(await bodies({ party: "agt_unknown" })).toEqual([]);
      expect(await search("secret", { party: "agt_unknown" })).toEqual([]);
    });

    test("with another party only what went between the two is shown, and notes to oneself apart", async () => {
      await send(alice, bob, "alice to bob");
      await send(bob, alice, "bob to alice");
      await send(alice, eve, "alice to eve");
      await send(alice, alice, "note");
      expect(await bodies({ party: alice, other: bob })).toEqual(["bob to alice", "alice to bob"]);
      expect(await bodies({ party: alice, other: alice })).toEqual(["note"]);
      expect(await bodies({ party: alice })).toEqual(["note", "alice to eve", "bob to alice", "alice to bob"]);
    });

    test("a message is the same as its recipient got it: sender and trust, urgency, hops, what it answers", async () => {
      const stranger = await agent("stranger", "unverified");
      const first = await send(stranger, bob, "hello", { urgency: "interrupt", hops: 3 });
      const second = await send(bob, stranger, "who is there?", { inReplyTo: first.id, threadId: first.threadId });
      expect((await part()).entries.map((entry) => entry.message)).toEqual([second, first]);
      expect(first).toMatchObject({ trust: "unverified", from: { name: "stranger" }, to: "bob" });
    });

    test("filters narrow each other", async () => {
      await store.subscribe(bob, ">", 0, QUOTA);
      const first = await send(alice, bob, "red one");
      await send(alice, bob, "red two");
      await send(bob, alice, "blue", { threadId: first.threadId });
      await publish(alice, "build", "red build");
      await publish(alice, "deploy", "red deploy");
      const { threadId: thread } = first;
      expect(await search("red", { thread })).toEqual(["red one"]);
      expect(await search("red", { topic: "build" })).toEqual(["red build"]);
      expect(await search("red", { party: bob, other: alice, topic: "deploy" })).toEqual(["red deploy"]);
      expect(await bodies({ thread, topic: "build" })).toEqual([]);
      expect(await bodies({ thread, party: bob, other: alice })).toEqual(["blue", "red one"]);
      expect(await bodies({ topic: "build", party: bob, other: eve })).toEqual([]);
    });

    test("of what was published a recipient is shown its own delivery, the sender and the key all, at most 25", async () => {
      await store.subscribe(bob, "news", 0, QUOTA);
      await store.subscribe(eve, "news", 0, QUOTA);
      await publish(alice, "news", "red");
      const shown = async (query: Partial<HistoryQuery>) =>
        (await part(query)).entries[0]?.deliveries.map(({ to }) => to.name);
      expect(await shown({ party: bob })).toEqual(["bob"]);
      expect(await shown({ party: alice })).toEqual(["bob", "eve"]);
      expect(await shown({ party: bob, viewer: undefined })).toEqual(["bob", "eve"]);
      for (let i = 0; i < 25; i++) await store.subscribe(await agent(`a${i}`), "news", 0, QUOTA);
      await publish(alice, "news", "amber");
      expect((await part({ limit: 1 })).entries[0]).toMatchObject({ moreDeliveries: true });
      expect((await shown({}))?.length).toBe(25);
    });

    test("words are all wanted, a phrase as it stands, a star by its beginning; case and accents do not matter", async () => {
      await send(alice, bob, "The Café parser in src/lobby/pots.ts is RED");
      await send(alice, bob, "is the parser green? bob_the_builder thinks so");
      expect(await search("parser red")).toHaveLength(1);
      expect(await search("parser")).toHaveLength(2);
      expect(await search('"the parser"')).toHaveLength(1);
      expect(await search('"parser the"')).toEqual([]);
      expect(await search("cafe pars*")).toHaveLength(1);
      expect(await search('"is the pars"*')).toHaveLength(1);
      expect(await search("lobby/pots.ts")).toHaveLength(1);
      expect(await search("bob_the_builder")).toHaveLength(1);
      expect(await search("parser AND green")).toEqual([]);
      expect(await search("NOT parser")).toEqual([]);
      expect(await search("parse")).toEqual([]);
    });

    test("what was accepted just now is found by its words, also after a crash, and what was pruned since is not", async () => {
      await send(alice, bob, "the lexer is red");
      expect(await search("lexer")).toEqual(["the lexer is red"]);
      await send(alice, bob, "the lexer is green");
      store = await engine.reopen(clock);
      expect(await search("lexer")).toEqual(["the lexer is green", "the lexer is red"]);
      for (const seq of ["1", "2"] as const) await store.ack(bob, seq, undefined, "handled");
      await send(alice, bob, "the lexer is blue");
      await store.ack(bob, "3", undefined, "handled");
      clock.advance(1);
      // One whose words are indexed, and one of which they are not.
      expect(await store.prune(0, 3)).toBe(3);
      await send(alice, bob, "the lexer is grey");
      expect(await search("lexer")).toEqual(["the lexer is grey"]);
    });

    test("no search is a syntax error, whatever is typed", async () => {
      await send(alice, bob, 'foo AND ( "bar" OR baz*) NEAR^-:{}');
      for (const typed of [
        '"foo" AND (',
        '"',
        '""',
        "*",
        "foo\0bar",
        "body:foo",
        "^foo",
        "-foo",
        "{a b}:c",
        "\ud800x",
      ]) {
        const terms = searchTerms(typed);
        if (terms.length > 0) await part({ terms });
      }
      const piece = fc.oneof(
        fc.constantFrom(...'"*()^-+:{},.\0\n\ud800 ', "AND", "OR", "NOT", "NEAR(", "foo", "é", "漢字", "\u0301"),
        fc.string({ unit: "binary", maxLength: 6 }),
      );
      await fc.assert(
        fc.asyncProperty(fc.array(piece, { maxLength: 40 }), async (pieces) => {
          const terms = searchTerms(pieces.join("").slice(0, 256));
          if (terms.length > 0) await part({ terms, limit: 3 });
        }),
        { numRuns: 300 },
      );
    });

    test("what is pruned is found no more, what stays is", async () => {
      await send(alice, bob, "old parser");
      await send(alice, bob, "new parser");
      await store.ack(bob, "1", undefined, "handled");
      clock.advance(1_000);
      await store.prune(0, 10);
      expect(await search("parser")).toEqual(["new parser"]);
      store = await engine.reopen(clock);
      expect(await search("parser")).toEqual(["new parser"]);
    });

    test("a party that has left is still known by id, and by name until another has the name", async () => {
      await send(alice, bob, "before bob left");
      await store.removeAgent(bob);
      expect(await store.findParty("bob")).toEqual({ id: bob, name: "bob" });
      expect(await bodies({ party: bob })).toEqual(["before bob left"]);
      const newBob = await agent("bob");
      expect(await store.findParty("bob")).toEqual({ id: newBob, name: "bob" });
      expect(await store.findParty(bob)).toEqual({ id: bob, name: "bob" });
      expect(await bodies({ party: newBob })).toEqual([]);
      expect(await store.findParty("nobody")).toBeUndefined();
    });

    test("the log of one thread has its entries alone, and to an agent its own alone", async () => {
      const first = await send(alice, bob, "one");
      await send(alice, bob, "elsewhere");
      await send(bob, alice, "two", { threadId: first.threadId });
      await send(bob, eve, "three", { threadId: first.threadId });
      const log = async (viewer: AgentId | undefined, after?: string) =>
        (await store.log({ after, limit: 10, viewer, thread: first.threadId })).entries.map(({ preview }) => preview);
      expect(await log(undefined)).toEqual(["one", "two", "three"]);
      expect(await log(alice)).toEqual(["one", "two"]);
      expect(await log(eve)).toEqual(["three"]);
      const { cursor } = await store.log({ after: undefined, limit: 1, viewer: undefined });
      await store.ack(alice, "1", undefined, "handled");
      expect(await log(undefined, cursor)).toEqual(["two"]);
    });

    test("an agent's log has what it sent and what it got, each once, in the order of writing", async () => {
      await send(alice, bob, "one");
      await send(bob, alice, "two");
      await send(alice, alice, "three");
      await send(bob, eve, "four");
      await store.ack(bob, "1", undefined, "handled");
      const log = async (viewer: AgentId, after?: string, limit = 10) =>
        (await store.log({ after, limit, viewer })).entries.map(({ preview, event }) => `${preview} ${event}`);
      const all = ["one accepted", "two accepted", "three accepted", "one acked"];
      expect(await log(alice)).toEqual(all);
      expect(await log(alice, undefined, 2)).toEqual(all.slice(2));
      expect(await log(eve)).toEqual(["four accepted"]);
    });

    test("an inbox is shown from its newest end, page by page, between two numbers", async () => {
      for (const body of ["a", "b", "c", "d"]) await send(alice, bob, body);
      await store.ack(bob, "3", undefined, "handled");
      const page = async (more: { beforeSeq?: number; afterSeq?: number; which?: "open" | "all" }) => {
        const listed = await store.listInbox({
          agentId: bob,
          which: "open",
          afterSeq: 0,
          newestFirst: true,
          limit: 2,
          ...more,
        });
        return [listed.entries.map(({ seq }) => seq), listed.more];
      };
      expect(await page({})).toEqual([[4, 2], true]);
      expect(await page({ beforeSeq: 2 })).toEqual([[1], false]);
      expect(await page({ which: "all", beforeSeq: 4, afterSeq: 1 })).toEqual([[3, 2], false]);
    });
  });
}
