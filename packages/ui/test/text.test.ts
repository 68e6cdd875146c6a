/** Text of agents on the page: Markdown, conversations, lines of the log, addresses, the palette. */
import { spawnSync } from "node:child_process";
import { forEach, type HistoryEntry, type LogEntry, type MeshEvent } from "@agentmesh/protocol";
import { describe, expect, test } from "vitest";
import { cpuMs } from "../../testkit/src/event-loop/ticks.ts";
import { dismissing, saying, withUrgency } from "../src/acts/command-lines.ts";
import { blocksOf, type Inline, inlineOf } from "../src/conversations/markdown.ts";
import { asMarkdown, broughtUpToDate, merged, threadsOf } from "../src/conversations/threads.ts";
import { placesFor } from "../src/frame/found.ts";
import { addressOf, pathOf } from "../src/frame/paths.ts";
import { age, bytes, duration } from "../src/frame/time.ts";
import { filtered, linesOf } from "../src/log/lines.ts";

describe("Markdown", () => {
  test("has the blocks that agents write", () => {
    const text =
      "# Plan\n\nfirst\nsecond\n\n- one\n  more\n- two\n\n1. a\n\n> said\n> again\n\n---\n```ts\nconst a = `b`;\n\n# no heading\n```\nend";
    expect(blocksOf(text).map(({ kind }) => kind)).toEqual([
      "heading",
      "paragraph",
      "list",
      "list",
      "quote",
      "rule",
      "code",
      "paragraph",
    ]);
    expect(blocksOf("```\n<b>x</b>\n```")).toEqual([{ kind: "code", text: "<b>x</b>" }]);
  });

  test("leaves no letter of a text out", () => {
    const said = (pieces: readonly Inline[]): string =>
      pieces
        .map((piece) => ("of" in piece ? said(piece.of) : piece.kind === "link" ? piece.text + piece.url : piece.text))
        .join("");
    const parts = "a **b** `c` *d* [e](f) <i> & \\ _g_ __h__ 2*3*4 **open `tick [x](y z)";
    expect(said(inlineOf(parts))).toBe("a b c d ef <i> & \\ _g_ h 234 **open `tick [x](y z)");
    expect(inlineOf("2 * 3 * 4")).toEqual([{ kind: "text", text: "2 * 3 * 4" }]);
  });

  test("a link is text and its address, and nothing that leads away", () => {
    expect(inlineOf("see [here](javascript:void) and ![x](https://x.example/p.png)")).toEqual([
      { kind: "text", text: "see " },
      { kind: "link", text: "here", url: "javascript:void" },
      { kind: "text", text: " and " },
      { kind: "link", text: "x", url: "https://x.example/p.png" },
    ]);
  });

  test("takes time that grows with the length alone", () => {
    for (const unit of ["[", "**", "`", "> ", "*a", "![](", "- ", "# ", "```\n", "_", "1. "]) {
      const began = cpuMs();
      blocksOf(unit.repeat(65_536 / unit.length));
      expect(cpuMs() - began).toBeLessThan(2_000);
    }
  });
});

const entry = (n: number, thread: string, state: string, from = "api"): HistoryEntry =>
  ({
    message: {
      id: `msg_${n}`,
      threadId: thread,
      from: { id: from, name: from },
      to: "web",
      body: `text ${n}`,
      acceptedAt: `2026-11-29T12:00:0${n}.000Z`,
    },
    deliveries: [{ state }],
  }) as unknown as HistoryEntry;

describe("conversations", () => {
  test("stand by their newest message, with the state that needs a look most", () => {
    const threads = threadsOf([
      entry(1, "thr_a", "dead"),
      entry(2, "thr_b", "acked"),
      entry(3, "thr_a", "acked", "web"),
    ]);
    expect(threads.map(({ id, messages, state, writers }) => [id, messages, state, writers])).toEqual([
      ["thr_a", 2, "dead", ["web", "api"]],
      ["thr_b", 1, "acked", ["api"]],
    ]);
  });

  test("show nothing twice when a page comes again, and the newer state of it", () => {
    const all = merged([entry(1, "thr_a", "queued"), entry(2, "thr_a", "queued")], [entry(2, "thr_a", "acked")]);
    expect(all.map(({ message, deliveries }) => [message.id, deliveries[0]?.state])).toEqual([
      ["msg_2", "acked"],
      ["msg_1", "queued"],
    ]);
    expect(asMarkdown(all).indexOf("text 1")).toBeLessThan(asMarkdown(all).indexOf("text 2"));
  });

  test("go on from a page that meets what is held, and begin anew with one that does not", () => {
    const held = [entry(1, "thr_a", "acked"), entry(2, "thr_a", "acked")];
    const ids = (entries: readonly HistoryEntry[]) => entries.map(({ message }) => message.id);
    const met = broughtUpToDate(held, [entry(2, "thr_a", "acked"), entry(3, "thr_a", "acked")], true);
    expect([met.isWhole, ids(met.entries)]).toEqual([true, ["msg_3", "msg_2", "msg_1"]]);
    const gap = broughtUpToDate(held, [entry(5, "thr_a", "acked")], true);
    expect([gap.isWhole, ids(gap.entries)]).toEqual([false, ["msg_5"]]);
    // Nothing is older than the page: there is no gap.
    expect(broughtUpToDate([], [entry(5, "thr_a", "acked")], false).isWhole).toBe(true);
  });

  test("hold so many messages and no more, however many come", () => {
    let held: readonly HistoryEntry[] = [];
    let most = 0;
    for (let n = 0; n < 2_000; n += 20) {
      const page = Array.from({ length: 40 }, (_, at) => entry(n + at, "thr_a", "acked"));
      held = broughtUpToDate(held, page, true).entries;
      most = Math.max(most, held.length);
      expect(held.length).toBeGreaterThanOrEqual(40);
    }
    expect(most).toBeLessThanOrEqual(1_000);
  });
});

describe("the log", () => {
  const event = {
    v: 1,
    cursor: "c1",
    at: "2026-11-29T12:00:05.000Z",
    type: "delivery.acked",
    deliveryId: "d",
    seq: 4,
    attempt: 1,
    messageId: "m",
    from: { name: "api" },
    to: { name: "web" },
  } as unknown as MeshEvent;
  const before = (at: string) =>
    ({
      at,
      event: "acked",
      deliveryId: "d",
      seq: 4,
      attempt: 1,
      from: { name: "api" },
      to: { name: "web" },
      messageId: "m",
    }) as unknown as LogEntry;

  test("has what was before and what came since, each once", () => {
    const lines = linesOf([before("2026-11-29T12:00:04.000Z"), before("2026-11-29T12:00:05.000Z")], [event]);
    expect(lines.map(({ at }) => at)).toEqual(["2026-11-29T12:00:04.000Z", "2026-11-29T12:00:05.000Z"]);
  });

  test("is filtered by noun and by words in any order", () => {
    const lines = linesOf([], [event]);
    expect(filtered(lines, new Set(["agent"]), "")).toEqual([]);
    expect(filtered(lines, new Set(), "ACKED web")).toHaveLength(1);
    expect(filtered(lines, new Set(), "web nobody")).toEqual([]);
  });
});

describe("an address", () => {
  test("leads back to what it was made of", () => {
    for (const to of [
      { view: "needs" },
      { view: "agents", of: "api-2" },
      { view: "conversations", of: "topic/build.api", query: 'side "pots' },
      { view: "message", of: "msg_01" },
    ] as const) {
      const url = new URL(pathOf(to), "http://x");
      expect(addressOf(url.pathname, url.search)).toEqual(to);
    }
  });

  test("that is none shows the start page", () => {
    for (const path of ["/ui", "/ui/", "/ui/nowhere", "/ui/message", "/ui/%E0%A4%A"])
      expect(addressOf(path)).toEqual({ view: "needs" });
  });
});

test("the palette finds by any words, knows ids, and offers to search", () => {
  const known = ["api", "web-api", "reviewer"].map((title) => ({
    title,
    kind: "agent",
    to: { view: "agents" as const, of: title },
  }));
  expect(placesFor("api", known).map(({ title }) => title)).toEqual(["api", "web-api", "Messages with “api”"]);
  expect(placesFor(`msg_${"0".repeat(32)}`, known)[0]?.to.view).toBe("message");
  expect(placesFor("", known)).toHaveLength(3);
});

test("times and sizes are short", () => {
  expect([40, 1_200, 12_345, 240_000, 7_200_000, 300_000_000].map(duration)).toEqual([
    "40 ms",
    "1.2 s",
    "12 s",
    "4 min",
    "2 h",
    "3 d",
  ]);
  expect([age(0, 500), age(0, 5_900), age(0, 61_000)]).toEqual(["now", "5 s", "1 min"]);
  expect([512, 2_048, 5_000_000].map(bytes)).toEqual(["512 B", "2.0 KiB", "4.8 MiB"]);
});

describe("a command line", () => {
  test("has a text as one word of a shell, behind two dashes where it begins with one", () => {
    expect(saying("reply msg_1", "it's `done`")).toBe("agentmesh reply msg_1 'it'\\''s `done`'");
    expect(saying("send api", "--all is well")).toBe("agentmesh send api -- '--all is well'");
    expect([" ", "-"].map((text) => saying("send api", text))).toEqual([
      "agentmesh send api …",
      "agentmesh send api …",
    ]);
    expect([withUrgency("send api", "normal"), withUrgency("send api", "fyi")]).toEqual([
      "send api",
      "send api --urgency fyi",
    ]);
  });

  test("for several names them all, or the first, and is one that a shell takes", () => {
    const redrive = (id: string) => `agentmesh redrive ${id}`;
    const lines = [["a"], ["a", "b"], ["a", "b", "c", "d"]].map((ids) => forEach(ids, redrive));
    expect(lines).toEqual([
      "agentmesh redrive a",
      "for each in a b; do agentmesh redrive $each; done",
      "for each in a b c …; do agentmesh redrive $each; done",
    ]);
    for (const line of [...lines, forEach(["a", "b"], (name) => saying(`send ${name}`, "-it's $HOME"))])
      expect(spawnSync("sh", ["-n", "-c", line]).status).toBe(0);
    expect(dismissing(["a", "b", "c", "d"])).toBe("agentmesh dismiss a b c …");
  });
});
