/** Topics and patterns by the thousand: the right subscribers, page by page, and nobody else waits. */
import { DEFAULT_TTL_MS, topicMatches } from "@agentmesh/protocol";
import fc from "fast-check";
import { longestHold } from "testkit";
import { expect, test } from "vitest";
import { newId } from "../src/mesh/ids.ts";
import { Topics } from "../src/mesh/topics.ts";
import { largeMesh } from "./large-mesh.ts";
import { driversOfRun } from "./store/drivers.ts";

const KEY = { kind: "key" } as const;
const QUOTA = { maxMessages: 10_000, maxBytes: 1e9 };

function topicsOf(mesh: ReturnType<typeof largeMesh>): Topics {
  return new Topics(mesh);
}

async function publishOn(
  mesh: ReturnType<typeof largeMesh>,
  topics: readonly string[],
  by = `sender-${topics.length}`,
): Promise<void> {
  const [sender = "agt_none"] = await mesh.register([by]);
  const text = { body: "x", bodyBytes: 1, ttlMs: DEFAULT_TTL_MS, idempotency: undefined, senderId: sender };
  await Promise.all(
    topics.map((topic) => mesh.store.publish({ id: newId("msg"), threadId: newId("thr"), topic, ...text }, QUOTA)),
  );
}

const word = fc.constantFrom("a", "b", "c-1", "c_1", "0");
const topic = fc.array(word, { minLength: 1, maxLength: 4 }).map((words) => words.join("."));
const pattern = fc
  .tuple(fc.array(fc.oneof(word, fc.constant("*")), { minLength: 0, maxLength: 4 }), fc.boolean())
  .filter(([words, rest]) => rest || words.length > 0)
  .map(([words, rest]) => [...words, ...(rest ? [">"] : [])].join("."));

test.each(driversOfRun)("whoever a pattern means is found, and nobody else, by $name", async (driver) => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uniqueArray(pattern, { maxLength: 5 }), { maxLength: 6 }), topic, async (own, on) => {
      await using mesh = largeMesh(driver);
      const agents = await mesh.register(own.map((_, n) => `agent-${n}`));
      for (const [n, agent] of agents.entries()) {
        for (const each of own[n] ?? []) await mesh.store.subscribe(agent, each, 0, QUOTA);
      }
      const meant = own.filter((patterns) => patterns.some((each) => topicMatches(each, on))).length;
      expect(await mesh.store.countSubscribers(on)).toBe(meant);
    }),
    { numRuns: 40 },
  );
});

test("topics and subscriptions are listed page by page, none left out, none twice", async () => {
  await using mesh = largeMesh();
  const topics = topicsOf(mesh);
  const names = Array.from({ length: 23 }, (_, n) => `job.${n + 10}`);
  await publishOn(mesh, names);
  const agents = await mesh.register(["one", "two", "three"]);
  for (const agent of agents) for (const name of names) await mesh.store.subscribe(agent, name, 0, QUOTA);
  const listed: string[] = [];
  for (let after: string | undefined; ; ) {
    const page = await topics.list(KEY, { limit: 5, ...(after !== undefined && { after }) });
    listed.push(...page.topics.map((each) => each.topic));
    if (page.nextAfter === undefined) break;
    after = page.nextAfter;
  }
  expect(listed).toEqual(names);
  const subscriptions: string[] = [];
  for (let after: string | undefined; ; ) {
    const page = await topics.subscriptions(KEY, { limit: 7, ...(after !== undefined && { after }) });
    subscriptions.push(...page.subscriptions.map((each) => `${each.agent.name} ${each.topic}`));
    if (page.nextAfter === undefined) break;
    after = page.nextAfter;
  }
  expect(subscriptions).toEqual(["one", "two", "three"].flatMap((name) => names.map((each) => `${name} ${each}`)));
});

test("a new subscriber of everything among thousands of topics gets the newest, and others go on", {
  timeout: 60_000,
}, async () => {
  await using mesh = largeMesh();
  const names = Array.from({ length: 6_000 }, (_, n) => `job-${n % 100}.step-${n}`);
  await publishOn(mesh, names);
  const [all = "agt_none", some = "agt_none"] = await mesh.register(["all", "some"]);
  const hold = await longestHold(async () => {
    expect(await mesh.store.subscribe(all, ">", 100, QUOTA)).toMatchObject({ retained: 100 });
    expect(await mesh.store.subscribe(some, "*.step-17", 100, QUOTA)).toMatchObject({ retained: 1 });
  });
  const { entries } = await mesh.store.listInbox({ agentId: all, which: "all", afterSeq: 0, limit: 100 });
  expect(entries.map(({ message }) => message.topic)).toEqual(names.slice(-100));
  expect(hold).toBeLessThan(250);
});

test("twenty lists of topics beside thousands of patterns let others go on", { timeout: 60_000 }, async () => {
  await using mesh = largeMesh();
  const topics = topicsOf(mesh);
  const names = Array.from({ length: 3_000 }, (_, n) => `job.${n}`);
  await publishOn(mesh, names);
  const agents = await mesh.register(Array.from({ length: 100 }, (_, n) => `agent-${n}`));
  await Promise.all(names.map((name, n) => mesh.store.subscribe(agents[n % 100] ?? "agt_none", name, 0, QUOTA)));
  await Promise.all(agents.map((agent) => mesh.store.subscribe(agent, ">", 0, QUOTA)));
  const page = await topics.list(KEY, { limit: 200 });
  expect(page.topics.every(({ subscribers }) => subscribers === 100)).toBe(true);
  const hold = await longestHold(() => Promise.all(Array.from({ length: 20 }, () => topics.list(KEY, { limit: 200 }))));
  // Comparing each topic with every pattern, twenty lists held everybody for 33 s.
  expect(hold).toBeLessThan(250);
});

test("what was published before costs a new subscriber the same, however many messages its topics keep, and others go on", async () => {
  const FEW = 100;
  const costOf = async (topics: number) => {
    await using mesh = largeMesh();
    const [, ...subscribers] = await mesh.register(["nobody", "first", "second", "third"]);
    const names = Array.from({ length: topics }, (_, n) => `news.t${n}`);
    for (let n = 0; n < FEW; n++) await publishOn(mesh, names, `sender-${n % 5}`);
    const costs: { ms: number; hold: number }[] = [];
    for (const subscriber of subscribers) {
      const began = performance.now();
      const hold = await longestHold(async () => {
        expect(await mesh.store.subscribe(subscriber, ">", FEW, QUOTA)).toMatchObject({ retained: FEW, leftOut: 0 });
      });
      costs.push({ ms: performance.now() - began, hold });
    }
    return { ms: Math.min(...costs.map(({ ms }) => ms)), hold: Math.min(...costs.map(({ hold }) => hold)) };
  };
  const one = await costOf(1);
  const many = await costOf(50);
  expect(many.ms / one.ms).toBeLessThan(5);
  expect(many.hold).toBeLessThan(50);
});
