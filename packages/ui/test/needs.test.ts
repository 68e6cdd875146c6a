/** What needs a person, found in what the page knows. */
import type { Agent, InboxEntry, OpenAsk } from "@agentmesh/protocol";
import { describe, expect, test } from "vitest";
import { needsOf } from "../src/needs/needs.ts";
import { FIRST, shownNeeds } from "../src/needs/shown-needs.ts";
import type { SeenAgent } from "../src/state/ages.ts";

const NOW = Date.parse("2026-11-29T12:00:00.000Z");
const at = (secondsAgo: number) => new Date(NOW - secondsAgo * 1_000).toISOString();
const hex = (n: number) => n.toString(16).padStart(32, "0");

function agent(name: string, more: Partial<Agent> = {}): SeenAgent {
  const id = `agt_${name}` as Agent["id"];
  return {
    id,
    name,
    presence: "online",
    trust: "verified",
    pushPaths: [],
    queued: 0,
    held: 0,
    inHand: 0,
    registeredAt: at(3_600),
    seenAt: NOW,
    ...more,
  };
}

function letter(n: number, to: Agent, more: Partial<InboxEntry> = {}): InboxEntry {
  const message = { id: `msg_${hex(n)}`, from: { id: "agt_x", name: "x" }, body: `letter ${n}`, acceptedAt: at(n) };
  return {
    id: `dlv_${hex(n)}`,
    seq: n,
    to: { id: to.id, name: to.name },
    state: "dead",
    attempt: 1,
    message,
    ...more,
  } as InboxEntry;
}

function ask(n: number, from: Agent, to: Agent, overdue: boolean): OpenAsk {
  const party = ({ id, name }: Agent) => ({ id, name });
  const messageId = `msg_${hex(n)}` as OpenAsk["messageId"];
  return {
    messageId,
    seq: n,
    from: party(from),
    to: party(to),
    askedAt: at(n),
    dueAt: at(n - 600),
    overdue,
    preview: "?",
  };
}

const none = { agents: [], dead: [], held: [], asks: [], status: undefined, person: "agt_dana", now: NOW };
const kinds = (looked: Partial<Parameters<typeof needsOf>[0]>) =>
  needsOf({ ...none, ...looked }).map(({ kind }) => kind);

describe("what needs a person", () => {
  test("is nothing where nothing is stuck", () => {
    const proven = { path: "stream", provenAt: at(5) };
    expect(
      needsOf({ ...none, agents: [agent("api", { pushPaths: [proven], queued: 3, oldestQueuedMs: 4_000 })] }),
    ).toEqual([]);
  });

  test("comes the worst first, whatever it was found in", () => {
    const [dana, api, web] = [
      agent("dana", { person: true }),
      agent("api"),
      agent("web", { queued: 30, oldestQueuedMs: 500 }),
    ];
    const looked = {
      agents: [dana, api, web],
      dead: [letter(1, api)],
      held: [letter(2, api, { state: "held" as const })],
      asks: [ask(3, api, dana, false), ask(4, web, api, true), ask(5, web, api, false)],
    };
    expect(kinds(looked)).toEqual(["question", "held", "dead", "overdue", "backlog"]);
  });

  test("dead letters of one agent for one reason are one row, those for another reason another one", () => {
    const api = agent("api");
    const dead = [
      letter(1, api, { reason: "no" }),
      letter(2, api, { reason: "no" }),
      letter(3, api, { reason: "too old" }),
    ];
    const found = needsOf({ ...none, agents: [api], dead });
    expect(found.map((need) => need.kind === "dead" && need.entries.length).sort()).toEqual([1, 2]);
  });

  test("a question to another person is shown, and not to be answered here", () => {
    const [dana, eve, api] = [agent("dana", { person: true }), agent("eve", { person: true }), agent("api")];
    const found = needsOf({
      ...none,
      agents: [dana, eve, api],
      asks: [ask(1, api, dana, false), ask(2, api, eve, false)],
    });
    expect(found.map((need) => need.kind === "question" && [need.ask.to.name, need.mine])).toEqual([
      ["eve", false],
      ["dana", true],
    ]);
  });

  test("a person's unread mail is told without the questions, which have rows of their own", () => {
    const [dana, api] = [agent("dana", { person: true, presence: "offline", queued: 2 }), agent("api")];
    expect(kinds({ agents: [dana, api], asks: [ask(1, api, dana, false)] })).toEqual(["question", "mail"]);
    expect(kinds({ agents: [{ ...dana, queued: 1 }, api], asks: [ask(1, api, dana, false)] })).toEqual(["question"]);
  });

  test("a question that the person has read and not answered hides no mail", () => {
    const [dana, api] = [agent("dana", { person: true, queued: 1 }), agent("api")];
    const read = { ...ask(1, api, dana, false), isRead: true };
    expect(kinds({ agents: [dana, api], asks: [read] })).toEqual(["question", "mail"]);
    expect(kinds({ agents: [{ ...dana, queued: 0 }, api], asks: [read] })).toEqual(["question"]);
  });

  test("a push path that fails is told; one that is only unproven when something waits for it", () => {
    const failing = agent("api", { pushPaths: [{ path: "stream", failedWhy: "no sign of it came" }] });
    const resting = agent("hook", { pushPaths: [{ path: "webhook", failedWhy: "500", nextTryAt: at(-60) }] });
    const unproven = agent("web", { pushPaths: [{ path: "stream" }] });
    expect(kinds({ agents: [failing, resting, unproven] })).toEqual(["webhook", "push"]);
    expect(kinds({ agents: [{ ...unproven, queued: 1, oldestQueuedMs: 10 }] })).toEqual(["push"]);
  });

  test("an inbox that is nearly full is told instead of a backlog", () => {
    expect(kinds({ agents: [agent("api", { queued: 9_000, oldestQueuedMs: 10 })] })).toEqual(["nearly_full"]);
    expect(kinds({ agents: [agent("api", { queued: 9_000, oldestQueuedMs: 10, presence: "offline" })] })).toEqual([
      "nearly_full",
    ]);
    expect(kinds({ agents: [agent("api", { queued: 26, oldestQueuedMs: 10, presence: "offline" })] })).toEqual([]);
  });

  test("a message that waits becomes a backlog by time alone, and its row keeps since when it waits", () => {
    const web = agent("web", { queued: 1, oldestQueuedMs: 100_000 });
    const after = (ms: number) => needsOf({ ...none, agents: [web], now: NOW + ms });
    expect(after(20_000)).toEqual([]);
    expect(after(21_000)).toMatchObject([{ kind: "backlog", since: at(100) }]);
    expect(after(600_000)).toMatchObject([{ kind: "backlog", since: at(100) }]);
  });

  test("a question to another agent of the person's name is not the person's", () => {
    const before = { ...agent("dana", { person: true }), id: "agt_dana_before" as Agent["id"] };
    const found = needsOf({ ...none, agents: [before], asks: [ask(1, agent("api"), before, false)] });
    expect(found).toMatchObject([{ kind: "question", mine: false }]);
  });

  test("of which there is very much is shown in its first rows, until all of it is wanted", () => {
    const many = Array.from({ length: 400 }, (_, n) => agent(`a${n}`, { queued: 30, oldestQueuedMs: n }));
    const found = needsOf({ ...none, agents: many, dead: [letter(1, agent("api"))] });
    const rows = shownNeeds(found, new Set());
    expect(rows).toHaveLength(1 + FIRST + 1);
    expect(rows.at(-1)).toEqual({ kind: "backlog", more: 400 - FIRST });
    expect(shownNeeds(found, new Set(["backlog"]))).toHaveLength(401);
  });
});
