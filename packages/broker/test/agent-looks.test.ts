/** Agents by the thousand: counted and listed right, and nobody else waits. */
import { longestHold } from "testkit";
import { expect, test } from "vitest";
import { Agents } from "../src/mesh/agents.ts";
import { newId } from "../src/mesh/ids.ts";
import { Dialogs } from "../src/mesh/session/dialogs.ts";
import type { Store } from "../src/mesh/store.ts";
import { AGENT_PAGES } from "../src/store/sqlite/pages/agents.ts";
import { largeMesh } from "./large-mesh.ts";
import { drivers } from "./store/drivers.ts";
import { planOf } from "./store/plan-of.ts";

const KEY = { kind: "key" } as const;

/** Names in the order of names. */
const named = (count: number, of = "agent") =>
  Array.from({ length: count }, (_, n) => `${of}-${String(n).padStart(5, "0")}`);

test.each(drivers)(
  "agents are counted by their newest session, archived and removed ones apart, by $name",
  async (driver) => {
    await using mesh = largeMesh(driver);
    const { store, policy } = mesh;
    const ids = await mesh.register(named(200));
    const beat = async (n: number, ageMs: number) => {
      const id = newId("ses");
      await store.openSession({ id, agentId: ids[n] ?? "agt_none", profile: {}, pushPaths: [] });
      await store.doubtSession({ id, agentId: ids[n] ?? "agt_none" }, ageMs, "stream_closed");
    };
    // More than a page of them; some have two sessions, one of them older.
    for (let n = 0; n < 100; n++) await beat(n, 0);
    for (let n = 90; n < 120; n++) await beat(n, policy.staleAfterMs + 1_000);
    for (let n = 110; n < 130; n++) await beat(n, policy.offlineAfterMs + 1_000);
    expect(await mesh.agents.count(KEY)).toEqual({ online: 100, stale: 20, offline: 80, archived: 0 });
    await store.removeAgent(ids[0] ?? "agt_none");
    await store.removeAgent(ids[150] ?? "agt_none");
    expect(await mesh.agents.count(KEY)).toEqual({ online: 99, stale: 20, offline: 79, archived: 0 });
    // Whoever never had a session and waits for nothing is quiet.
    expect(await store.archiveAgents(0, 10)).toBe(10);
    expect(await mesh.agents.count(KEY)).toEqual({ online: 99, stale: 20, offline: 69, archived: 10 });
  },
);

test("counting thousands of agents, twenty times at once, lets others go on", { timeout: 120_000 }, async () => {
  await using mesh = largeMesh();
  const ids = await mesh.register(named(4_000));
  await Promise.all(
    ids.map((agentId) => mesh.store.openSession({ id: newId("ses"), agentId, profile: {}, pushPaths: [] })),
  );
  const hold = await longestHold(() =>
    Promise.all(Array.from({ length: 20 }, async () => expect((await mesh.agents.count(KEY)).online).toBe(4_000))),
  );
  expect(hold).toBeLessThan(250);
});

test.each(drivers)(
  "agents are listed page by page, live ones first, none left out, none twice, by $name",
  async (driver) => {
    await using mesh = largeMesh(driver);
    const { store, policy, agents } = mesh;
    const ids = await mesh.register(named(150));
    const beat = async (n: number, ageMs: number) => {
      const id = newId("ses");
      await store.openSession({ id, agentId: ids[n] ?? "agt_none", profile: { directory: "/here" }, pushPaths: [] });
      await store.doubtSession({ id, agentId: ids[n] ?? "agt_none" }, ageMs, "stream_closed");
    };
    for (const n of [149, 70, 3]) await beat(n, 0);
    for (const n of [148, 71, 2]) await beat(n, policy.staleAfterMs + 1_000);
    const listed = async (query: Partial<Parameters<typeof agents.list>[1]>, limit: number) => {
      const names: string[] = [];
      for (let after: string | undefined; ; ) {
        const page = await agents.list(KEY, {
          presence: "all",
          ...query,
          limit,
          ...(after !== undefined && { after }),
        });
        names.push(...page.agents.map(({ name }) => name));
        expect(page.agents.length === limit || page.nextAfter === undefined).toBe(true);
        if (page.nextAfter === undefined) return { names, total: page.total };
        after = page.nextAfter;
      }
    };
    const all = named(150);
    const of = (numbers: number[]) => numbers.map((n) => all[n] ?? "");
    const live = of([3, 70, 149, 2, 71, 148]);
    const offline = all.filter((name) => !live.includes(name));
    for (const limit of [1, 2, 7, 64, 150, 1_000]) {
      expect(await listed({}, limit), `${limit} a page`).toEqual({ names: [...live, ...offline], total: 150 });
    }
    expect(await listed({ presence: "live" }, 2)).toEqual({ names: live, total: 6 });
    expect(await listed({ directory: "/here" }, 4)).toEqual({ names: live, total: 6 });
    const oldest: string[] = [];
    for await (const { name } of agents.oldestFirst(KEY)) oldest.push(name);
    expect(oldest.toSorted()).toEqual(all);

    expect(await store.archiveAgents(0, 200)).toBe(144);
    expect(await listed({ presence: "archived" }, 10)).toEqual({ names: offline, total: 144 });
    expect(await listed({}, 10)).toEqual({ names: live, total: 6 });
  },
);

test("a page of thousands of agents looks at a page of them: where nobody narrows it, and where live ones are asked for", async () => {
  await using mesh = largeMesh();
  const ids = await mesh.register(named(2_000));
  for (const n of [5, 1_500]) {
    await mesh.store.openSession({ id: newId("ses"), agentId: ids[n] ?? "agt_none", profile: {}, pushPaths: [] });
  }
  let looked = 0;
  const store: Store = {
    ...mesh.store,
    async agentsByName(...terms) {
      const found = await mesh.store.agentsByName(...terms);
      looked += found.length;
      return found;
    },
  };
  const agents = new Agents({ ...mesh, store, dialogs: new Dialogs() });
  const page = async (query: Partial<Parameters<typeof agents.list>[1]>) => {
    looked = 0;
    const { agents: found, total, nextAfter } = await agents.list(KEY, { presence: "all", limit: 100, ...query });
    return { first: found[0]?.name, last: found.at(-1)?.name, found: found.length, total, nextAfter, looked };
  };
  const first = await page({});
  expect(first).toMatchObject({ first: "agent-00005", last: "agent-00098", found: 100, total: 2_000 });
  const second = await page({ ...(first.nextAfter !== undefined && { after: first.nextAfter }) });
  expect(second).toMatchObject({ first: "agent-00099", last: "agent-00198", found: 100, total: 2_000 });
  const live = await page({ presence: "live" });
  expect(live).toMatchObject({ first: "agent-00005", last: "agent-01500", found: 2, total: 2, looked: 0 });
  expect(Math.max(first.looked, second.looked)).toBeLessThan(200);
  // Whoever is asked for by what agents say of themselves is looked for among all.
  expect(await page({ directory: "/nowhere" })).toMatchObject({ found: 0, total: 0, looked: 2_000 });
});

test("lists of thousands of agents, twenty at once, let others go on", { timeout: 120_000 }, async () => {
  await using mesh = largeMesh();
  await mesh.register(named(4_000));
  const hold = await longestHold(() =>
    Promise.all(
      Array.from({ length: 20 }, async (_, n) => {
        if (n % 2 === 0)
          return expect((await mesh.agents.list(KEY, { presence: "all", limit: 200 })).total).toBe(4_000);
        let seen = 0;
        for await (const _agent of mesh.agents.oldestFirst(KEY)) seen++;
        return expect(seen).toBe(4_000);
      }),
    ),
  );
  expect(hold).toBeLessThan(250);
});

test("agents are looked at along an index: no scan of all, no sort", async () => {
  await using mesh = largeMesh();
  for (const sql of Object.values(AGENT_PAGES)) {
    // The names that are asked for are gone through, and nothing else.
    expect(planOf(mesh.db, sql)).not.toMatch(/SCAN (?!json_each)|TEMP B-TREE/);
  }
});
