/** What events change, and the stream they come by. */
import type { MeshEvent } from "@agentmesh/protocol";
import { meshEventTypes } from "@agentmesh/protocol";
import { describe, expect, test } from "vitest";
import { focusAt, oldestMs, type SeenAgent } from "../src/state/ages.ts";
import { foldAgents, isUsual, KEPT_EVENTS, outOfDate, touchedBy, withNew } from "../src/state/fold.ts";
import { sseReader } from "../src/stream/sse.ts";

const api = {
  id: "agt_1",
  name: "api",
  presence: "online",
  pushPaths: [],
  queued: 0,
  registeredAt: "",
  seenAt: 0,
} as unknown as SeenAgent;
const known = new Map([[api.id, api]]);
const event = (more: object) =>
  ({
    v: 1,
    cursor: "c",
    at: "2026-11-29T12:00:00.000Z",
    agent: { id: "agt_1", name: "api" },
    ...more,
  }) as unknown as MeshEvent;

describe("an event", () => {
  test("of presence changes the agent by itself, and a doubt goes with it", () => {
    const stale = foldAgents(known, event({ type: "agent.presence", presence: "stale", why: "no_heartbeat" }));
    expect(stale.get(api.id)).toMatchObject({ presence: "stale", doubt: { why: "no_heartbeat" } });
    const back = foldAgents(stale, event({ type: "agent.presence", presence: "online" }));
    expect(back.get(api.id)).toEqual(api);
  });

  test("of a name, a summary, a focus and its end, a removal does, too", () => {
    const renamed = event({ type: "agent.renamed", was: "api", agent: { id: "agt_1", name: "api-web" } });
    expect(foldAgents(known, renamed).get(api.id)?.name).toBe("api-web");
    expect(foldAgents(known, event({ type: "agent.summary", summary: "pots" })).get(api.id)?.summary).toBe("pots");
    const focus = { until: "2026-11-29T13:00:00.000Z", allows: "interrupt" };
    const focused = foldAgents(known, event({ type: "agent.focus", focus }));
    expect(focused.get(api.id)?.focus).toEqual(focus);
    expect(foldAgents(focused, event({ type: "agent.focus" })).get(api.id)).toEqual(api);
    expect(foldAgents(known, event({ type: "agent.removed" })).size).toBe(0);
  });

  test("of an agent that is not known, or of a type that is not, changes nothing", () => {
    const other = event({ type: "agent.summary", summary: "x", agent: { id: "agt_2", name: "web" } });
    expect(foldAgents(known, other)).toBe(known);
    expect(foldAgents(known, event({ type: "agent.of_tomorrow" }))).toBe(known);
    expect(outOfDate(event({ type: "agent.of_tomorrow" }))).toEqual([]);
  });

  test("of a delivery has its recipient looked at, and the lists that show such ones", () => {
    const dead = event({ type: "delivery.dead", deliveryId: "dlv_1", to: { id: "agt_9", name: "web" } });
    expect(touchedBy(dead)).toEqual(["agt_9"]);
    expect(outOfDate(dead)).toContain("needs");
    expect(outOfDate({ type: "delivery.held" })).toContain("needs");
    expect(outOfDate({ type: "delivery.leased" })).toEqual([]);
  });

  test("of mail that goes its way is usual, and of mail that is stuck is not", () => {
    const usual = meshEventTypes.filter((type) => isUsual({ type }));
    expect(usual.toSorted()).toEqual(["delivery.accepted", "delivery.acked", "delivery.leased", "delivery.pushed"]);
  });

  test("every type that ends or begins what waits for a person has that looked at", () => {
    const looked = meshEventTypes.filter((type) => outOfDate({ type }).includes("needs"));
    const nouns = (noun: string, ...verbs: string[]) => verbs.map((verb) => `${noun}.${verb}`);
    expect(looked).toEqual(
      expect.arrayContaining([
        ...nouns("delivery", "accepted", "acked", "dead", "rejected", "redriven", "dismissed"),
        ...nouns("delivery", "held", "admitted", "refused", "cancelled", "expired", "waived"),
        ...nouns("agent", "removed", "archived", "presence"),
        ...nouns("push", "proven", "failing"),
        ...nouns("webhook", "working", "failing", "resting", "disabled", "removed"),
      ]),
    );
  });

  test("behind more of them than are kept is told from one before whom nothing is missing", () => {
    const of = (from: number, count: number) =>
      Array.from({ length: count }, (_, n) => event({ cursor: `${from + n}` }));
    const whole = withNew(of(0, KEPT_EVENTS - 1), of(KEPT_EVENTS - 1, 1));
    expect([whole.events.length, whole.cut]).toEqual([KEPT_EVENTS, false]);
    const { events, cut } = withNew(whole.events, of(KEPT_EVENTS, 2));
    expect([events.length, events[0]?.cursor, cut]).toEqual([KEPT_EVENTS, "2", true]);
  });
});

describe("without an event", () => {
  test("the oldest message grows older from when its agent was looked at", () => {
    const seen = { ...api, oldestQueuedMs: 500, seenAt: 10_000 };
    expect([oldestMs(seen, 10_000), oldestMs(seen, 12_000), oldestMs(api, 12_000)]).toEqual([500, 2_500, undefined]);
  });

  test("a focus is over at its end", () => {
    const focus = { until: "2026-11-29T12:00:00.000Z", allows: "interrupt" as const };
    const end = Date.parse(focus.until);
    expect([focusAt({ focus }, end - 1), focusAt({ focus }, end), focusAt({}, end)]).toEqual([
      focus,
      undefined,
      undefined,
    ]);
  });
});

describe("the stream", () => {
  test("gives events whole, however it is cut", () => {
    const text =
      'event: open\nid: a-0\ndata: {"cursor":"a-0"}\n\n: a comment\n\nevent: event\nid: a-1\ndata: {"v":1}\n\nevent: keep';
    for (let size = 1; size < text.length; size += 7) {
      const read = sseReader();
      const got = [];
      for (let from = 0; from < text.length; from += size) got.push(...read(text.slice(from, from + size)));
      expect(got).toEqual([
        { event: "open", id: "a-0", data: '{"cursor":"a-0"}' },
        { event: "event", id: "a-1", data: '{"v":1}' },
      ]);
    }
  });
});
