/** Dead letters by the thousand: all of them, page by page, and nobody else waits. */
import { DEFAULT_TTL_MS, MAX_BYTES_PER_PAGE } from "@agentmesh/protocol";
import { longestHold } from "testkit";
import { expect, test } from "vitest";
import { newId } from "../src/mesh/ids.ts";
import { Inbox } from "../src/mesh/inbox.ts";
import { Wakes } from "../src/mesh/push/wakes.ts";
import { DEAD } from "../src/store/sqlite/delivery-sql.ts";
import { largeMesh } from "./large-mesh.ts";
import { drivers } from "./store/drivers.ts";
import { planOf } from "./store/plan-of.ts";

const KEY = { kind: "key" } as const;
const QUOTA = { maxMessages: 100_000, maxBytes: 1e10 };

/** Sends so many messages, and has their recipients leave: all are dead then. */
async function die(mesh: ReturnType<typeof largeMesh>, to: readonly string[], each: number, body: string) {
  const [sender = "agt_none", ...recipients] = await mesh.register(["sender", ...to]);
  const text = { body, bodyBytes: body.length, ttlMs: DEFAULT_TTL_MS };
  const none = { idempotency: undefined, inReplyTo: undefined, answers: undefined };
  for (const recipientId of recipients) {
    await Promise.all(
      Array.from({ length: each }, () =>
        mesh.store.enqueue(
          {
            id: newId("msg"),
            deliveryId: newId("dlv"),
            threadId: newId("thr"),
            senderId: sender,
            recipientId,
            ...text,
            ...none,
          },
          QUOTA,
        ),
      ),
    );
    await mesh.store.removeAgent(recipientId);
  }
  return recipients;
}

async function allDead(inbox: Inbox, limit: number): Promise<string[]> {
  const ids: string[] = [];
  for (let after: string | undefined; ; ) {
    const page = await inbox.listDead(KEY, { limit, ...(after !== undefined && { after }) });
    ids.push(...page.entries.map(({ id }) => id));
    if (page.nextAfter === undefined) return ids;
    after = page.nextAfter;
  }
}

test.each(drivers)("dead letters are listed page by page, none left out, none twice, by $name", async (driver) => {
  await using mesh = largeMesh(driver);
  const inbox = new Inbox({ ...mesh, ready: new Wakes<string>() });
  const [left = "agt_none"] = await die(mesh, ["one", "two"], 60, "x");
  const whole = await allDead(inbox, 100);
  expect(new Set(whole).size).toBe(120);
  for (const limit of [1, 7, 60]) expect(await allDead(inbox, limit), `${limit} a page`).toEqual(whole);
  const { entries } = await mesh.store.listDead({ owner: left, limit: 100, maxBytes: 1_000 });
  expect(entries.map(({ to }) => to.name)).toEqual(Array.from({ length: 60 }, () => "one"));
});

test("a page of large dead letters ends where its bytes do, and twenty of them let others go on", {
  timeout: 120_000,
}, async () => {
  await using mesh = largeMesh();
  const inbox = new Inbox({ ...mesh, ready: new Wakes<string>() });
  await die(mesh, ["one"], 300, "x".repeat(60_000));
  const page = await inbox.listDead(KEY, { limit: 100 });
  const bytes = page.entries.reduce((sum, { message }) => sum + message.bodyBytes, 0);
  expect(bytes).toBeLessThanOrEqual(MAX_BYTES_PER_PAGE);
  expect([page.entries.length, page.nextAfter === undefined]).toEqual([4, false]);
  expect(new Set(await allDead(inbox, 100)).size).toBe(300);
  const hold = await longestHold(() =>
    Promise.all(Array.from({ length: 20 }, () => inbox.listDead(KEY, { limit: 100 }))),
  );
  expect(hold).toBeLessThan(250);
});

test("dead letters are looked at along an index, those of one agent too: no scan, no sort", async () => {
  await using mesh = largeMesh();
  for (const [which, sql] of Object.entries(DEAD)) {
    const plan = planOf(mesh.db, sql);
    expect(plan).toContain(which === "of" ? "delivery_dead_of (agent_pk=? AND" : "delivery_dead (");
    expect(plan).not.toMatch(/SCAN|TEMP B-TREE/);
  }
});
