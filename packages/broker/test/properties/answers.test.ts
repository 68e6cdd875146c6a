/** Answers to asks whose asker waits or has gone, at any moment: acked when the asker was given them, else there to be leased. */
import type { AgentId } from "@agentmesh/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Asked, Asks } from "../../src/mesh/asks.ts";
import type { Store } from "../../src/mesh/store.ts";
import { asksOf } from "./asks-world.ts";
import { SqliteWorld, soundEngine } from "./sqlite-world.ts";
import { turn } from "./world.ts";

/** What somebody who asks does, and when, in turns of the event loop. */
const story = fc.record({
  leases: fc.boolean(),
  answerAfter: fc.nat(8),
  /** Undefined: it waits on. */
  goneAfter: fc.option(fc.nat(8), { nil: undefined }),
  /** It has not gone: the broker stops, and still writes what it has. */
  stops: fc.boolean(),
  written: fc.boolean(),
});
type Story = typeof story extends fc.Arbitrary<infer T> ? T : never;
type Ask = Asks["ask"];

async function turns(n: number): Promise<void> {
  for (let i = 0; i < n; i++) await turn();
}

/** Tells the story with an `ask` that may be spoilt. */
async function check(spoil: (ask: Ask, store: Store) => Ask, stories: readonly Story[]): Promise<void> {
  await using world = new SqliteWorld(soundEngine);
  const { asks, agents, messages } = asksOf(world);
  const ask = spoil((...all) => asks.ask(...all), world.store);
  const callers = [];
  for (const name of ["ada", "bob"]) {
    await agents.register({ kind: "key" }, { name, ifTaken: "refuse" });
    const agent = await world.store.findAgent(name);
    if (!agent) throw new Error(`${name} is not there`);
    callers.push({ kind: "agent", agent } as const);
  }
  const [ada, bob] = callers;
  if (!ada || !bob) throw new Error("nobody is there");
  const { id: agentId } = ada.agent;
  const times = { urgency: "normal" as const, ttlMs: 600_000 };
  for (const { leases, answerAfter, goneAfter, stops, written } of stories) {
    const over = new AbortController();
    const lease = leases ? { lease: { leaseMs: 10_000, session: undefined } } : {};
    const question = { to: "bob", body: "?", ...times, waitMs: 60_000, answerWithinMs: 600_000, ...lease };
    const asking = ask(ada, question, over.signal);
    const [asked] = await untilOwed(world.store, bob.agent.id);
    const going = goneAfter === undefined ? undefined : turns(goneAfter).then(() => over.abort());
    await turns(answerAfter);
    await messages.send(bob, { inReplyTo: asked?.messageId ?? "1", body: "!", ...times });
    await going;
    const { answer, over: end } = await asking;
    // Who has gone was written nothing; to one whose broker stops what it came to is written, without an answer too.
    const isCut = goneAfter !== undefined;
    const given = written && (!isCut || (stops && answer.status === "replied"));
    end(given);
    await turns(4);
    const { entries } = await world.store.listInbox({
      agentId,
      which: "all",
      afterSeq: 0,
      newestFirst: true,
      limit: 1,
    });
    const state = entries[0]?.state;
    const told = JSON.stringify({ leases, answerAfter, goneAfter, stops, written, answer: answer.status });
    if (given && !leases) expect(state, told).toBe("acked");
    else if (given && (!isCut || state === "leased")) {
      expect(state, told).toBe("leased");
      expect(answer.replyDelivery?.receipt, told).toBeDefined();
      await world.store.ack(agentId, entries[0]?.id ?? "1", answer.replyDelivery?.receipt, "read");
    } else {
      expect(state, told).toBe("queued");
      world.clock.advance(2_000);
      const terms = { agentId, max: 9, maxBytes: 16_384, leaseMs: 10_000, session: undefined };
      const { leased } = await world.store.lease(terms);
      expect(
        leased.map(({ delivery }) => delivery.id),
        told,
      ).toEqual([entries[0]?.id]);
      for (const { delivery } of leased) await world.store.ack(agentId, delivery.id, delivery.receipt, "read");
    }
  }
}

async function untilOwed(store: Store, debtor: AgentId) {
  for (;;) {
    const owed = await store.listAsks("owed", debtor, 9);
    if (owed.length > 0) return owed;
    await turn();
  }
}

const property = (spoil: (ask: Ask, store: Store) => Ask) =>
  fc.asyncProperty(fc.array(story, { minLength: 3, maxLength: 8 }), (stories) => check(spoil, stories));

test("an answer is acked when its asker was given it and not before, and is there for one that has gone (T18)", async () => {
  await fc.assert(
    property((ask) => ask),
    { numRuns: 25 },
  );
});

describe("it is seen when", () => {
  const spoilt: [string, (asked: Asked, ack: () => void) => Asked][] = [
    ["the answer is acked though the asker gave up", (asked) => ({ ...asked, over: () => asked.over(true) })],
    [
      "the answer under a lease is acked though the asker gave up",
      (asked, ack) => ({
        ...asked,
        over: (taken) => {
          asked.over(taken);
          if (!taken) ack();
        },
      }),
    ],
    [
      "the answer under a lease is not given back",
      (asked) => ({ ...asked, over: (taken) => taken && asked.over(true) }),
    ],
    ["the answer is not acked", (asked) => ({ ...asked, over: () => asked.over(false) })],
  ];
  test.each(spoilt)("%s", async (_, spoil) => {
    const broken = property((ask, store) => async (caller, ...rest) => {
      const asked = await ask(caller, ...rest);
      const { replyDelivery } = asked.answer;
      return spoil(asked, () => {
        if (replyDelivery) void store.ack(caller.agent.id, replyDelivery.id, undefined, "read");
      });
    });
    const { errorInstance } = await fc.check(broken, { numRuns: 25, seed: 20261129, endOnFailure: true });
    expect(errorInstance).toMatchObject({ name: "AssertionError" });
  });
});
