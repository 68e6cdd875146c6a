/** Asks in any order, also at the same moment: one that would close a ring of waiting agents is refused, no other is. */
import type { AgentId } from "@agentmesh/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { WaitingAsks, type WaitingCall } from "../../src/mesh/waiting-asks.ts";
import { asksOf } from "./asks-world.ts";
import { SqliteWorld, soundEngine } from "./sqlite-world.ts";
import { turn } from "./world.ts";

const NAMES = ["ada", "bob", "cyd", "dee", "eve"];

/** One ask that waits: how it ends, and who for whom. */
interface Open {
  readonly asker: number;
  readonly asked: number;
  readonly body: string;
  readonly over: AbortController;
  readonly end: Promise<string>;
}

const who = fc.nat(NAMES.length - 1);
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("ask"),
      pairs: fc.array(fc.tuple(who, who), { minLength: 1, maxLength: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("give up"), n: fc.nat(99) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("answer"), n: fc.nat(99) }) },
);
const sequence = fc.array(step, { minLength: 5, maxLength: 25, size: "max" });

/** Whether a path of waiting leads from one to another. */
function leads(open: readonly Open[], from: number, to: number): boolean {
  const seen = new Set([from]);
  for (const at of seen) for (const { asker, asked } of open) if (asker === at) seen.add(asked);
  return seen.has(to);
}

async function check(
  waiting: WaitingAsks,
  steps: typeof sequence extends fc.Arbitrary<infer T> ? T : never,
): Promise<void> {
  await using world = new SqliteWorld(soundEngine);
  const { store } = world;
  const { asks, agents, messages } = asksOf(world, waiting);
  for (const name of NAMES) await agents.register({ kind: "key" }, { name, ifTaken: "refuse" });
  const caller = async (n: number) => {
    const agent = await store.findAgent(NAMES[n] ?? "");
    if (!agent) throw new Error(`there is no agent ${n}`);
    return { kind: "agent", agent } as const;
  };
  let open: Open[] = [];
  let sent = 0;

  async function ask(asker: number, asked: number): Promise<Open> {
    const over = new AbortController();
    const body = `question ${++sent}`;
    const request = { to: NAMES[asked] ?? "", body, urgency: "normal" as const };
    const times = { waitMs: 60_000, answerWithinMs: 600_000, ttlMs: 600_000 };
    const end = asks.ask(await caller(asker), { ...request, ...times }, over.signal).then(
      ({ answer }) => answer.status,
      ({ code }: { code: string }) => code,
    );
    return { asker, asked, body, over, end };
  }

  /** How an ask stands after all that was begun has been done. */
  async function standing({ end }: Open): Promise<string> {
    for (let i = 0; i < 8; i++) await turn();
    return Promise.race([end, turn().then(() => "waits")]);
  }

  for (const each of steps) {
    if ("pairs" in each) {
      const before = open.length;
      const begun = await Promise.all(each.pairs.map(([asker, asked]) => ask(asker, asked)));
      for (const one of begun) {
        const expected = leads(open, one.asked, one.asker) ? "would_deadlock" : "waits";
        expect(await standing(one), `${NAMES[one.asker]} asks ${NAMES[one.asked]}, ${before} waiting`).toBe(expected);
        if (expected === "waits") open.push(one);
      }
      continue;
    }
    const one = open[each.n % open.length];
    if (!one) continue;
    open = open.filter((other) => other !== one);
    if (each.kind === "give up") one.over.abort();
    else {
      const debtor = await caller(one.asked);
      const owed = await store.listAsks("owed", debtor.agent.id, 100);
      const question = owed.find(({ preview }) => preview === one.body);
      const times = { urgency: "normal" as const, ttlMs: 600_000 };
      await messages.send(debtor, { inReplyTo: question?.messageId ?? "1", body: `answer ${++sent}`, ...times });
    }
    expect(["pending", "replied"]).toContain(await standing(one));
  }
  for (const { over } of open) over.abort();
  await Promise.all(open.map(({ end }) => end));
}

const property = (waiting: () => WaitingAsks) => fc.asyncProperty(sequence, (steps) => check(waiting(), steps));

test("an ask is refused exactly when it would close a ring of agents that wait for each other (T39)", async () => {
  await fc.assert(
    property(() => new WaitingAsks()),
    { numRuns: 30 },
  );
});

describe("asks that wait are kept wrongly when", () => {
  class OnlyDirect extends WaitingAsks {
    readonly #own = new Set<WaitingCall>();
    override begin(asker: AgentId, asked: AgentId): WaitingCall {
      const call = super.begin(asker, asked);
      this.#own.add(call);
      return call;
    }
    override end(call: WaitingCall): void {
      super.end(call);
      this.#own.delete(call);
    }
    override reaches(from: AgentId, to: AgentId): boolean {
      return [...this.#own].some(({ asker, asked }) => asker === from && asked === to);
    }
  }
  class ForgetsNothing extends WaitingAsks {
    override end(): void {}
  }
  class RefusesNothing extends WaitingAsks {
    override reaches(): boolean {
      return false;
    }
  }
  class Backwards extends WaitingAsks {
    override reaches(from: AgentId, to: AgentId): boolean {
      return super.reaches(to, from);
    }
  }
  class BeginsLate extends WaitingAsks {
    override begin(asker: AgentId, asked: AgentId): WaitingCall {
      const call = { asker, asked, ask: undefined };
      setImmediate(() => Object.assign(call, super.begin(asker, asked)));
      return call;
    }
  }

  test.each([
    ["rings of three are not seen", OnlyDirect],
    ["who waits no longer is not forgotten", ForgetsNothing],
    ["nothing is refused", RefusesNothing],
    ["who asked whom is turned round", Backwards],
    ["asks that cross in the same moment are not seen", BeginsLate],
  ])("%s", async (_, Broken) => {
    const { failed } = await fc.check(
      property(() => new Broken()),
      { numRuns: 30, seed: 20261122, endOnFailure: true },
    );
    expect(failed).toBe(true);
  });
});
