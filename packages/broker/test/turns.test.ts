/** Turns: a long look goes on piece by piece, callers one after the other. */
import type { AgentId } from "@agentmesh/protocol";
import { expect, test } from "vitest";
import type { AgentCaller } from "../src/mesh/caller.ts";
import { Turns } from "../src/mesh/looks/turns.ts";
import type { AgentRecord } from "../src/mesh/store.ts";

function caller(id: AgentId): AgentCaller {
  const agent: AgentRecord = {
    ...{ id, name: id, profile: {}, registeredAt: 0, lastSeenAt: undefined, archivedAt: undefined, quietMs: 0 },
    ...{
      heartbeatAgeMs: undefined,
      doubt: undefined,
      askedName: undefined,
      person: false,
      machine: undefined,
      pushPaths: [],
      trust: "verified",
      focus: undefined,
      queued: 0,
      held: 0,
      inHand: 0,
    },
    oldestQueuedMs: undefined,
  };
  return { kind: "agent", agent };
}

/** A piece that takes as long as a turn. */
function work(): void {
  for (const begun = performance.now(); performance.now() - begun < 5; );
}

test("twenty looks of one caller delay the look of another by two pieces at most", async () => {
  const turns = new Turns();
  const pieces: string[] = [];
  const look = async (who: AgentId, count: number) => {
    const own = turns.look(caller(who));
    for (let piece = 0; piece < count; piece++) {
      await own.turn();
      pieces.push(who);
      work();
    }
  };
  const many = Array.from({ length: 20 }, () => look("agt_many", 3));
  await Promise.all([...many, look("agt_one", 3)]);
  const places = pieces.flatMap((who, place) => (who === "agt_one" ? [place] : []));
  expect(places).toEqual([1, 3, 5]);
  expect(pieces).toHaveLength(63);
});

test("between two pieces whoever is no look has its turn", async () => {
  const turns = new Turns();
  const own = turns.look(caller("agt_long"));
  let others = 0;
  const other = setInterval(() => others++, 0);
  for (let piece = 0; piece < 10; piece++) {
    await own.turn();
    work();
  }
  clearInterval(other);
  expect(others).toBeGreaterThanOrEqual(5);
});

test("a look that nobody waits for any more ends before its next piece", async () => {
  const gone = new AbortController();
  const own = new Turns().look(caller("agt_gone"), gone.signal);
  await own.turn();
  gone.abort();
  await expect(own.turn()).rejects.toMatchObject({ code: "shutting_down" });
});

test("a look whose caller goes while it waits is not begun, and those behind it come", async () => {
  const turns = new Turns();
  const gone = new AbortController();
  const left = turns.look(caller("agt_gone"), gone.signal).turn();
  const stays = turns.look(caller("agt_gone")).turn();
  gone.abort();
  await expect(left).rejects.toMatchObject({ code: "shutting_down" });
  await stays;
});

test("all without a token have one turn between them, those with the mesh key another", async () => {
  const turns = new Turns();
  const order: string[] = [];
  const look = async (who: string, from: Parameters<Turns["look"]>[0]) => {
    await turns.look(from).turn();
    order.push(who);
  };
  await Promise.all([
    look("none", undefined),
    look("none", undefined),
    look("none", undefined),
    look("key", { kind: "key" }),
    look("agent", caller("agt_one")),
  ]);
  expect(order).toEqual(["none", "key", "agent", "none", "none"]);
});
