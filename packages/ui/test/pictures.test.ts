/** The waterfall of a delivery, the flow of the last hour, the histograms, and which rows of a list are made. */
import type { Need } from "@agentmesh/protocol";
import { describe, expect, test } from "vitest";
import { edgesOf, nodesOf } from "../src/flow/flow.ts";
import { placesOf, windowOf } from "../src/frame/window.ts";
import { histogramsOf } from "../src/log/times.ts";
import { extentOf, isOver, spansOf, sums } from "../src/message/waterfall.ts";

const T0 = Date.parse("2026-11-29T12:00:00.000Z");
const step = (ms: number, event: string, attempt = 0) => ({ at: new Date(T0 + ms).toISOString(), event, attempt });

describe("a waterfall", () => {
  test("tells waiting from working, and ends with the ack", () => {
    const { spans } = spansOf(
      [step(0, "accepted"), step(40, "leased"), step(45, "pushed"), step(100, "acked")],
      T0 + 9_000,
    );
    expect(spans).toEqual([
      { kind: "waiting", from: T0, to: T0 + 40, open: false },
      { kind: "working", from: T0 + 40, to: T0 + 100, open: false },
    ]);
    expect(sums(spans)).toEqual({ waited: 40, worked: 60, stuck: 0 });
  });

  test("goes on where nobody has acked, and is stuck where it is dead", () => {
    const timeline = [
      step(0, "accepted"),
      step(10, "leased"),
      step(30, "nacked"),
      step(50, "leased"),
      step(60, "rejected"),
      step(61, "bounced"),
    ];
    const { spans } = spansOf(timeline, T0 + 100);
    expect([isOver(timeline), isOver([step(0, "accepted"), step(5, "acked")])]).toEqual([false, true]);
    expect(spans.map(({ kind, open }) => [kind, open])).toEqual([
      ["waiting", false],
      ["working", false],
      ["waiting", false],
      ["working", false],
      ["stuck", true],
    ]);
    expect(sums(spans)).toEqual({ waited: 30, worked: 30, stuck: 40 });
  });

  test("is drawn on the time that all deliveries share, even when there is none", () => {
    const drawn = [
      spansOf([step(0, "accepted"), step(5, "acked")], T0),
      spansOf([step(3, "accepted"), step(80, "acked")], T0),
    ];
    expect(extentOf(drawn)).toEqual({ from: T0, to: T0 + 80 });
    expect(extentOf([])).toEqual({ from: 0, to: 1 });
  });
});

describe("the flow", () => {
  const passed = (n: number, event: string, from: string, to: string, ms = 0) => ({
    ...step(ms, event),
    deliveryId: `dlv_${n}`,
    from,
    to,
  });

  test("counts each delivery once, what is stuck first, and leaves the mesh's notices out", () => {
    const edges = edgesOf(
      [
        passed(1, "accepted", "api", "web"),
        passed(1, "acked", "api", "web"),
        passed(2, "accepted", "api", "web"),
        passed(3, "dead", "web", "api"),
        passed(3, "bounced", "web", "api"),
        passed(4, "accepted", "mesh", "web"),
      ],
      [],
      [],
      T0 - 1,
    );
    expect(edges).toEqual([
      { from: "web", to: "api", messages: 1, stuck: 1, awaited: 0, refused: 0 },
      { from: "api", to: "web", messages: 2, stuck: 0, awaited: 0, refused: 0 },
    ]);
  });

  test("a letter that was redriven is stuck no more, and what is older than the hour is left out", () => {
    expect(edgesOf([passed(1, "dead", "a", "b"), passed(1, "redriven", "a", "b", 5)], [], [], T0)[0]?.stuck).toBe(0);
    expect(edgesOf([passed(1, "dead", "a", "b")], [], [], T0 + 1)).toEqual([]);
  });

  test("shows a question that was refused, because each would have waited for the other, before everything else", () => {
    const need = (kind: string, count: number) =>
      ({ kind, from: { id: "agt_2", name: "b" }, agent: { id: "agt_1", name: "a" }, count }) as unknown as Need;
    const edges = edgesOf([passed(1, "dead", "a", "b")], [], [need("deadlock", 2), need("loop", 9)], T0);
    expect(edges).toMatchObject([
      { from: "b", to: "a", refused: 2, stuck: 0, messages: 0 },
      { from: "a", to: "b", refused: 0, stuck: 1 },
    ]);
  });

  test("puts every agent on the ring once, five or five hundred of them", () => {
    for (const count of [5, 500]) {
      const edges = Array.from({ length: count }, (_, n) => ({
        from: `a${n}`,
        to: `a${(n * 7 + 1) % count}`,
        messages: 1,
        stuck: 0,
        awaited: 0,
        refused: 0,
      }));
      const nodes = nodesOf(edges);
      expect(new Set(nodes.map(({ name }) => name)).size).toBe(count);
      expect(nodes).toHaveLength(count);
      expect(new Set(nodes.map(({ x, y }) => `${x.toFixed(2)} ${y.toFixed(2)}`)).size).toBe(count);
    }
  });
});

describe("a histogram", () => {
  test("counts each leg by the path of the last push, within its time alone", () => {
    const own = (n: number, ms: number, event: string, path?: string) => ({
      ...step(ms, event),
      deliveryId: `dlv_${n}`,
      path,
    });
    const steps = [
      own(1, 0, "accepted"),
      own(1, 4, "pushed", "stream"),
      own(1, 30, "acked"),
      own(2, 0, "accepted"),
      own(2, 900, "acked"),
    ];
    const found = histogramsOf(steps, T0);
    expect(found.map(({ leg, path, n, p50 }) => [leg, path, n, p50])).toEqual([
      ["accepted → acked", "asked for", 1, 900],
      ["accepted → pushed", "stream", 1, 4],
      ["accepted → acked", "stream", 1, 30],
    ]);
    expect(histogramsOf(steps, T0 + 1_000)).toEqual([]);
  });
});

describe("a long list", () => {
  test("makes the rows in sight and a few beside them, at both ends and behind them", () => {
    const list = { beside: 8, rows: 100_000, height: 20, room: 600 };
    expect(windowOf({ ...list, top: 0 })).toEqual({ from: 0, to: 38 });
    expect(windowOf({ ...list, top: 1_000_000 })).toEqual({ from: 49_992, to: 50_038 });
    expect(windowOf({ ...list, top: 99_999 * 20 })).toEqual({ from: 99_991, to: 100_000 });
    expect(windowOf({ ...list, rows: 3, top: 5_000 })).toEqual({ from: 3, to: 3 });
  });
});

describe("the places of rows", () => {
  const before = new Map([
    ["a", 0],
    ["b", 1],
    ["c", 2],
  ]);

  test("are kept by rows that stay, and given on by those that went, in their order", () => {
    expect([...placesOf(before, ["c", "d", "e"])]).toEqual([
      ["c", 2],
      ["d", 0],
      ["e", 1],
    ]);
    expect([...placesOf(before, ["x", "y"]).values()]).toEqual([0, 1]);
    expect([...placesOf(before, ["a", "b", "c", "d"]).values()]).toEqual([0, 1, 2, 3]);
    expect([...placesOf(new Map(), ["a"]).values()]).toEqual([0]);
  });

  test("are given to nobody else while they have the focus", () => {
    expect([...placesOf(before, ["b", "d", "e"], 0).values()]).toEqual([1, 2, 3]);
    expect([...placesOf(before, ["a", "d"], 0).values()]).toEqual([0, 1]);
  });
});
