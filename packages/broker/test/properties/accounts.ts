/** Compares what an engine shows of itself with the history: statuses, inboxes, agents, totals, the whole log. */
import { isDeepStrictEqual } from "node:util";
import type { LogEntry, MessageStatus, TimelineEntry } from "@agentmesh/protocol";
import {
  type AgentHistory,
  type DeliveryHistory,
  type History,
  isAlive,
  type MessageHistory,
  type SessionHistory,
  short,
  time,
} from "./history.ts";
import type { Observer } from "./observer.ts";
import { demand } from "./promises.ts";
import { QUOTA } from "./world.ts";

/** Every so many steps all counters are looked at, also when nothing has happened. */
const ALL_EVERY = 5;

/** After every step: what changed, and every counter when something did. */
export async function checkAccounts(observer: Observer): Promise<void> {
  const { history, tape, steps } = observer;
  const touched = [...tape.touched];
  tape.touched.clear();
  for (const of of new Set(touched.map((each) => each.of))) {
    await checkStatus(
      observer,
      of,
      touched.filter((each) => each.of === of),
    );
  }
  for (const agent of new Set(touched.map(({ to }) => history.agent(to.id)))) {
    if (agent) await checkInbox(observer, agent);
  }
  if (touched.length > 0 || steps % ALL_EVERY === 0) await checkCounters(observer);
}

async function checkCounters(observer: Observer): Promise<void> {
  await checkAgents(observer);
  const { deliveries: counts, agents } = await observer.world.store.stats();
  const present = observer.history.present.length;
  demand(
    agents.present === present,
    "I13 conservation",
    () => `stats() counts ${agents.present} agents, not ${present}`,
  );
  const known = new Map<string, number>();
  for (const { state, pruned } of observer.history.deliveries)
    if (!pruned) known.set(state, (known.get(state) ?? 0) + 1);
  for (const [state, n] of Object.entries(counts)) {
    const expected = known.get(state) ?? 0;
    demand(n === expected, "I13 conservation", () => `stats() counts ${n} ${state}, the history ${expected}`);
  }
}

/** At the end of a run, with every inbox drained. */
export async function checkWholeStory(observer: Observer): Promise<void> {
  const { world, history, tape } = observer;
  for (const { id, name } of history.agents) {
    const seqs = history.deliveries.filter(({ to }) => to.id === id).map(({ seq }) => seq);
    const gapless = seqs.every((seq, index) => seq === index + 1);
    demand(gapless, "I9 seq gapless", () => `the inbox of ${name} was numbered ${seqs.join(", ")}`);
  }
  for (const delivery of history.deliveries) {
    demand(!isAlive(delivery), "I1 no loss", () => `${short(delivery)} is ${delivery.state} although all was drained`);
    checkTimeline(delivery);
  }
  for (const of of history.messages) {
    const kept = of.deliveries.filter(({ pruned }) => !pruned);
    if (kept.length > 0) await checkStatus(observer, of, kept);
  }
  await checkCounters(observer);
  const expected = tape.recorded.filter(({ delivery }) => !delivery.pruned).map(({ entry }) => entry);
  const read: LogEntry[] = [];
  for (let cursor = tape.begin, more = true; more; ) {
    const page = await world.store.log({ after: cursor, limit: 50, viewer: undefined });
    read.push(...page.entries);
    more = page.entries.length === 50;
    cursor = page.cursor;
  }
  demand(
    isDeepStrictEqual(read, expected),
    "log",
    () => `read from its beginning the log has ${read.length} entries, the history ${expected.length}, or they differ`,
  );
}

const LETTERS: Readonly<Record<string, string>> = {
  accepted: "A",
  held: "H",
  admitted: "M",
  leased: "L",
  pushed: "p",
  push_failed: "p",
  extended: "x",
  nacked: "R",
  released: "R",
  acked: "K",
  rejected: "J",
  dead: "D",
  expired: "E",
  cancelled: "C",
  refused: "F",
  bounced: "B",
  redriven: "V",
  dismissed: "O",
  // Says something of the answer, nothing of the delivery: it may come at any time.
  waived: "",
};
/** Leased and returned any number of times. */
const TURNS = "(?:L[px]*R)*(?:L[px]*)?";
/** Accepted, or held and admitted; died, was dismissed or not, and was put back any number of times; ended once. */
const STORY = new RegExp(
  `^A(?:HM)?(?:${TURNS}[JD]B?O?V)*(?:${TURNS}(?:K|[JD]B?O?|EB?))$|^A(?:HM)?C$|^AH(?:[FE]B?|DB?O?|C)$`,
);
const LAST: Readonly<Record<string, string>> = {
  K: "acked",
  J: "dead",
  D: "dead",
  E: "expired",
  C: "cancelled",
  F: "refused",
};

/** The whole timeline of an ended delivery: accepted, leased and returned any number of times, ended once. */
function checkTimeline(delivery: DeliveryHistory): void {
  const events = delivery.timeline.map(({ event }) => event);
  const story = events.map((event) => LETTERS[event] ?? "?").join("");
  const told = STORY.test(story) && LAST[story.replace(/B?O?$/, "").at(-1) ?? ""] === delivery.state;
  demand(told, "timeline", () => `${short(delivery)} is ${delivery.state} after ${events.join(", ")}`);
  const attempts = delivery.timeline.filter(({ event }) => event === "leased").map(({ attempt }) => attempt);
  const counted = attempts.every((attempt, index) => attempt === index + 1) && attempts.length === delivery.attempt;
  demand(counted, "timeline", () => `${short(delivery)} had the attempts ${attempts.join(", ")}`);
}

/** Compares deliveries of a message with its status. */
export async function checkStatus(
  { world, now }: Observer,
  of: MessageHistory,
  deliveries: readonly DeliveryHistory[],
): Promise<void> {
  const status = await world.store.messageStatus(of.id);
  const [one] = deliveries;
  demand(status !== undefined, "I1 no loss", () => `${short(one)} (${one?.state}) is not stored any more`);
  const kept = of.deliveries.filter(({ pruned }) => !pruned);
  const stored = status.deliveries.map(({ id }) => id).join();
  const known = kept.map(({ id }) => id).join();
  demand(stored === known, "I4 send idempotence", () => `${of.id} is stored as ${stored}, by the history as ${known}`);
  const accepted = { ...of.message, expiresAt: time(kept[0]?.expiresAt ?? 0) };
  demand(
    isDeepStrictEqual(status.message, accepted),
    "I10 authenticity",
    () => `${short(one)} was accepted as ${JSON.stringify(accepted)}, now it is ${JSON.stringify(status.message)}`,
  );
  for (const each of deliveries) checkDelivery(each, status.deliveries[kept.indexOf(each)], now);
}

function checkDelivery(
  delivery: DeliveryHistory,
  shown: MessageStatus["deliveries"][number] | undefined,
  now: number,
): void {
  demand(shown !== undefined, "I1 no loss", () => `${short(delivery)} is not shown`);
  const promise = delivery.state === "acked" ? "I3 ack is final" : "I13 conservation";
  const due = delivery.state === "queued" && delivery.dueAt > now ? time(delivery.dueAt) : undefined;
  const facts: [string, unknown, unknown][] = [
    ["state", shown.state, delivery.state],
    ["attempt", shown.attempt, delivery.attempt],
    ["seq", shown.seq, delivery.seq],
    ["recipient", shown.to.id, delivery.to.id],
    ["leaseEndsAt", shown.leaseEndsAt, time(delivery.lease?.endsAt)],
    ["holder", shown.holder, delivery.lease?.session],
    ["readyAt", shown.readyAt, delivery.delays === "everybody" ? due : undefined],
    ["postAt", shown.postAt, delivery.delays === "webhook" ? due : undefined],
    ["end with a reason", isAlive(delivery) || Boolean(shown.reason), true],
  ];
  for (const [what, is, expected] of facts) {
    demand(is === expected, promise, () => `${what} of ${short(delivery)} is ${is}, by the history ${expected}`);
  }
  const same =
    shown.timeline.length === delivery.timeline.length &&
    shown.timeline.every((entry, index) => sameEntry(entry, delivery.timeline[index]));
  demand(same, "timeline", () => `the timeline of ${short(delivery)} differs from what the log showed of it`);
}

function sameEntry(entry: TimelineEntry, logged: LogEntry | undefined): boolean {
  return Object.entries(entry).every(([key, value]) => logged?.[key as keyof LogEntry] === value);
}

async function checkInbox({ world, history }: Observer, agent: AgentHistory): Promise<void> {
  const page = await world.store.listInbox({ agentId: agent.id, which: "open", afterSeq: 0, limit: 100 });
  const shown = page.entries.map(({ seq, state, attempt }) => `#${seq} ${state} ${attempt}`).join(", ");
  const open = history.open(agent.id);
  const known = open.map(({ seq, state, attempt }) => `#${seq} ${state} ${attempt}`).join(", ");
  demand(shown === known, "I13 conservation", () => `${agent.name}'s inbox shows ${shown}; by the history ${known}`);
  const held = history.held(agent.id).length;
  demand(
    page.open === open.length && page.held === held,
    "I13 conservation",
    () => `${agent.name} has ${open.length} open and ${held} held, not ${page.open} and ${page.held}`,
  );
  const counted = history.alive(agent.id).filter(({ beside }) => !beside);
  const bytes = counted.reduce((sum, { of }) => sum + of.message.bodyBytes, 0);
  const fits = counted.length <= QUOTA.maxMessages && bytes <= QUOTA.maxBytes;
  demand(fits, "I8 quota", () => `${agent.name}'s inbox holds ${counted.length} messages, ${bytes} bytes`);
}

async function checkAgents({ world, history, now }: Observer): Promise<void> {
  const listed = await world.store.agentsByName(false, undefined, 1_000);
  const names = listed.map(({ id, name }) => `${name} ${id}`).join();
  const present = history.present.map(({ id, name }) => `${name} ${id}`).sort();
  demand(names === present.join(), "ownership", () => `registered are ${present.join()}; listed are ${names}`);
  for (const each of listed) {
    const queued = history.queued(each.id);
    const facts: [string, unknown, unknown][] = [
      ["queued", each.queued, queued.length],
      ["held", each.held, history.held(each.id).length],
      ["oldestQueuedMs", each.oldestQueuedMs, queued[0] && Math.max(0, now - queued[0].acceptedAt)],
    ];
    for (const [what, is, known] of facts) {
      demand(is === known, "I13 conservation", () => `${what} of ${each.name} is ${is}, by the history ${known}`);
    }
    const age = ageOf(history, each.id, now);
    demand(
      each.heartbeatAgeMs === age,
      "sessions",
      () => `${each.name}'s heartbeat is ${each.heartbeatAgeMs} ms old, not ${age}`,
    );
    const known = newestSessions(history, each.id).map(({ doubt, provenAt }) =>
      told(doubt, provenAt === undefined ? undefined : time(provenAt)),
    );
    const shown = told(each.doubt, each.pushPaths[0]?.provenAt);
    demand(
      known.length === 0 ? shown === told(undefined, undefined) : known.includes(shown),
      "sessions",
      () => `${each.name} is shown as ${shown}, by the history ${known.join(" or ")}`,
    );
    const focus = history.agent(each.id)?.focus;
    const until = focus && focus.until > now ? time(focus.until) : undefined;
    const same = each.focus?.until === until && (until === undefined || each.focus?.allows === focus?.allows);
    demand(same, "urgency", () => `${each.name} is in focus until ${each.focus?.until}, not ${until}`);
  }
}

/** Of the sessions of an agent those with the newest heartbeat: one, or several of one moment. */
function newestSessions(history: History, agentId: string): SessionHistory[] {
  const own = history.sessions.filter((each) => each.open && each.agentId === agentId);
  const newest = Math.max(...own.map(({ seenAt }) => seenAt));
  return own.filter(({ seenAt }) => seenAt === newest);
}

function told(doubt: SessionHistory["doubt"], provenAt: string | undefined): string {
  return `${doubt ? `doubted since ${doubt.at}, ${doubt.why}` : "sure"}, ${provenAt ? `proven ${provenAt}` : "not proven"}`;
}

function ageOf(history: History, agentId: string, now: number): number | undefined {
  const beats = history.sessions.filter((each) => each.open && each.agentId === agentId).map(({ seenAt }) => seenAt);
  return beats.length === 0 ? undefined : Math.max(0, now - Math.max(...beats));
}
