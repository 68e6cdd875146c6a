/** The log, a long thread and open asks with large bodies: complete and in order, and nobody else waits. */
import { type AgentId, DEFAULT_TTL_MS, type LogEntry, MAX_IDS_LOOKED_AT, type ThreadId } from "@agentmesh/protocol";
import { longestHold } from "testkit";
import { expect, test } from "vitest";
import { newId } from "../src/mesh/ids.ts";
import { Turns } from "../src/mesh/looks/turns.ts";
import { ASKS } from "../src/store/sqlite/asks.ts";
import { largeMesh } from "./large-mesh.ts";
import { drivers } from "./store/drivers.ts";
import { planOf } from "./store/plan-of.ts";

const KEY = { kind: "key" } as const;
const QUOTA = { maxMessages: 100_000, maxBytes: 1e10 };

type LargeMesh = ReturnType<typeof largeMesh>;

/** One agent asks another so often in a thread; the answers are due one after the other. */
async function ask(mesh: LargeMesh, count: number, body: string, threadId: ThreadId) {
  const [asker = "agt_none", debtor = "agt_none"] = await mesh.register(["asker", "debtor"]);
  const text = { body, bodyBytes: body.length, ttlMs: DEFAULT_TTL_MS, threadId, senderId: asker, recipientId: debtor };
  const none = { idempotency: undefined, inReplyTo: undefined, answers: undefined };
  for (let n = 0; n < count; n++) {
    await mesh.store.enqueue(
      { id: newId("msg"), deliveryId: newId("dlv"), answerWithinMs: 100_000 + n, ...text, ...none },
      QUOTA,
    );
  }
  return { asker, debtor };
}

const seqs = (entries: readonly { readonly seq: number }[]) => entries.map(({ seq }) => seq);
const upTo = (last: number, first = 1) => Array.from({ length: last - first + 1 }, (_, n) => n + first);

test.each(drivers)(
  "a thread of more deliveries than a piece is read from either end and page by page, by $name",
  async (driver) => {
    await using mesh = largeMesh(driver);
    const thread = newId("thr");
    const { asker, debtor } = await ask(mesh, 600, "x", thread);
    const { store } = mesh;
    const newest = await store.log({ after: undefined, limit: 50, viewer: undefined, thread });
    expect(seqs(newest.entries)).toEqual(upTo(600, 551));
    const { cursor: end } = newest;
    expect((await store.log({ after: end, limit: 50, viewer: undefined, thread })).entries).toEqual([]);
    const begin = `${end.split(".")[0]}.0`;
    for (const viewer of [undefined, asker, debtor]) {
      const read: LogEntry[] = [];
      for (let after = begin; ; ) {
        const page = await store.log({ after, limit: 70, viewer, thread });
        read.push(...page.entries);
        if (page.entries.length === 0) break;
        after = page.cursor;
      }
      expect(seqs(read)).toEqual(upTo(600));
    }
    const [stranger] = await mesh.register(["stranger"]);
    expect((await store.log({ after: begin, limit: 70, viewer: stranger, thread })).entries).toEqual([]);
  },
);

test("logs and lists of asks with large bodies, twenty at once, let others go on and are complete", {
  timeout: 180_000,
}, async () => {
  await using mesh = largeMesh();
  const thread = newId("thr");
  const { debtor } = await ask(mesh, 500, "x".repeat(60_000), thread);
  const turns = new Turns();
  const looks = async (n: number): Promise<{ readonly seq: number }[]> => {
    const { turn } = turns.look(KEY);
    // As each request to look begins.
    await turn();
    if (n % 4 === 0) return mesh.store.listAsks("owed", debtor, 500, turn);
    const thing = { viewer: n % 4 === 1 ? debtor : undefined, ...(n % 4 === 2 && { thread }) };
    return (await mesh.store.log({ after: undefined, limit: 500, turn, ...thing })).entries;
  };
  const hold = await longestHold(() =>
    Promise.all(upTo(20).map(async (n) => expect(seqs(await looks(n))).toEqual(upTo(500)))),
  );
  expect(hold).toBeLessThan(250);
});

test("open asks are looked at along an index: no scan, no sort", async () => {
  await using mesh = largeMesh();
  const index = { owed: "ask_owed", waiting: "ask_waiting", all: "ask_due" };
  for (const which of ["owed", "waiting", "all"] as const) {
    const plan = planOf(mesh.db, ASKS[which]);
    expect(plan).toContain(`k USING INDEX ${index[which]}`);
    expect(plan.replace("SCAN k USING", "along")).not.toMatch(/SCAN|TEMP B-TREE/);
  }
});

test("of ids that begin alike an agent's own are found among so many, and more digits are asked for beyond that", async () => {
  await using mesh = largeMesh();
  const [alice = "agt_none", bob = "agt_none", carol = "agt_none"] = await mesh.register(["alice", "bob", "carol"]);
  const idOf = (n: number) => n.toString(16).padStart(24, "0");
  const text = { body: "x", bodyBytes: 1, ttlMs: DEFAULT_TTL_MS, idempotency: undefined, inReplyTo: undefined };
  const send = (from: AgentId, n: number) =>
    mesh.store.enqueue(
      {
        ...{ id: `msg_abcdef01${idOf(n)}`, threadId: `thr_abcdef01${idOf(n)}`, deliveryId: `dlv_abcdef01${idOf(n)}` },
        ...{ senderId: from, recipientId: bob, answers: undefined, ...text },
      },
      QUOTA,
    );
  await Promise.all(Array.from({ length: MAX_IDS_LOOKED_AT - 1 }, (_, n) => send(alice, n)));
  await send(carol, 0xfffff);
  const own = idOf(0xfffff);
  for (const kind of ["msg", "dlv", "thr"]) {
    expect(await mesh.store.idsLike(`${kind}_abcdef01`, carol)).toEqual([`${kind}_abcdef01${own}`]);
  }
  await send(alice, 0xffffe);
  for (const kind of ["msg", "dlv", "thr"]) {
    await expect(mesh.store.idsLike(`${kind}_abcdef01`, carol)).rejects.toMatchObject({ code: "invalid_request" });
    expect(await mesh.store.idsLike(`${kind}_abcdef01${own.slice(0, 20)}`, carol)).toHaveLength(1);
    expect(await mesh.store.idsLike(`${kind}_abcdef01`, undefined)).toHaveLength(6);
  }
  const machine = `mch_${"0".repeat(32)}` as const;
  for (const kind of ["msg", "dlv"]) {
    const reached = (ref: string) => mesh.store.partiesOf(machine, ref);
    await expect(reached(`${kind}_abcdef01`)).rejects.toMatchObject({ code: "invalid_request" });
    expect(await reached(`${kind}_abcdef01${own}`)).toEqual([]);
  }
});
