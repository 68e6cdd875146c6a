/** First looks, and looking anew: each list at most as often as its cost allows. */
import type { Agent, BrokerStatus, InboxEntry, LogEntry, OpenAsk, Topic } from "@agentmesh/protocol";
import { look, Refusal } from "../frame/calls.ts";
import { session } from "../frame/session.ts";
import type { SeenAgent } from "./ages.ts";
import type { Look } from "./fold.ts";
import {
  agents,
  asks,
  dead,
  earlier,
  held,
  known,
  moreAgents,
  moreAsks,
  moreDead,
  moreHeld,
  status,
  topics,
} from "./mesh.ts";

/** Most agents that the page holds, most dead letters, and most questions that are owed or waited for. */
const MAX_AGENTS = 5_000;
const MAX_DEAD = 300;
const MAX_ASKS = 500;
/** Inboxes whose held mail is looked at, and persons whose unread mail is. */
const MAX_INBOXES = 20;
/** Fewer agents than this are looked at one by one. */
const ONE_BY_ONE = 8;

const lookAt: Record<Look, () => Promise<void>> = {
  async agents() {
    const found = new Map<string, SeenAgent>();
    let total = 0;
    let after: string | undefined;
    do {
      const page = await look<{ agents: Agent[]; total: number; nextAfter?: string }>("/v1/agents", {
        limit: 1_000,
        after,
      });
      for (const agent of page.agents) found.set(agent.id, seen(agent));
      total = page.total;
      after = page.nextAfter;
    } while (after !== undefined && found.size < MAX_AGENTS);
    agents.value = found;
    moreAgents.value = Math.max(0, total - found.size);
  },
  async dead() {
    const found: InboxEntry[] = [];
    let after: string | undefined;
    do {
      const page = await look<{ entries: InboxEntry[]; nextAfter?: string }>("/v1/dead", { limit: 100, after });
      found.push(...page.entries);
      after = page.nextAfter;
    } while (after !== undefined && found.length < MAX_DEAD);
    dead.value = found;
    moreDead.value = after !== undefined;
  },
  async held() {
    const all = [...agents.value.values()].filter((agent) => agent.held > 0);
    const holders = all.slice(0, MAX_INBOXES);
    const pages = await Promise.all(
      holders.map(({ id }) =>
        look<{ entries: InboxEntry[]; nextAfter?: number }>("/v1/inbox", { agent: id, state: "held" }),
      ),
    );
    held.value = pages.flatMap(({ entries }) => entries);
    moreHeld.value = all.length > holders.length || pages.some(({ nextAfter }) => nextAfter !== undefined);
  },
  async asks() {
    const { owed, waiting } = await look<{ owed: OpenAsk[]; waiting: OpenAsk[] }>("/v1/asks", { limit: MAX_ASKS });
    moreAsks.value = Math.max(owed.length, waiting.length) === MAX_ASKS;
    const all = [...new Map([...owed, ...waiting].map((each) => [each.messageId, each])).values()];
    const unread = await unreadBy(new Set(all.map(({ to }) => to.id)));
    asks.value = all.map((each) => ({ ...each, isRead: unread.get(each.to.id)?.has(each.messageId) === false }));
  },
  async topics() {
    topics.value = (await look<{ topics: Topic[] }>("/v1/topics", { limit: 1_000 })).topics;
  },
  async status() {
    status.value = await look<BrokerStatus>("/v1/status");
  },
};

/** What waits first in the inboxes of the persons among those that are asked. */
async function unreadBy(asked: ReadonlySet<string>): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const persons = [...agents.value.values()].filter(({ id, person, queued }) => person && queued > 0 && asked.has(id));
  const found = persons.slice(0, MAX_INBOXES).map(async ({ id }) => {
    const { entries } = await look<{ entries: InboxEntry[] }>("/v1/inbox", { agent: id });
    return [id, new Set(entries.filter(({ state }) => state === "queued").map(({ message }) => message.id))] as const;
  });
  return new Map(await Promise.all(found));
}

/** Looks at everything, and at what happened before. */
export async function lookAtAll(): Promise<void> {
  await Promise.all([
    lookAt.agents().then(() => Promise.all([lookAt.held(), lookAt.asks()])),
    lookAt.dead(),
    lookAt.status(),
    lookAt.topics(),
  ]);
  known.value = true;
  earlier.value = (await look<{ entries: LogEntry[] }>("/v1/log", { limit: 500 })).entries;
}

const stale = new Set<Look>();
const touched = new Set<string>();
let waits = false;
let restMs = 250;

/** Notes what is to be looked at; many notes are one look. */
export function lookAgain(what: Iterable<Look>, ids: Iterable<string> = []): void {
  for (const each of what) stale.add(each);
  for (const id of ids) touched.add(id);
  if (waits || stale.size + touched.size === 0) return;
  waits = true;
  setTimeout(lookNow, restMs);
}

async function lookNow(): Promise<void> {
  const [wanted, ids] = [new Set(stale), [...touched]];
  stale.clear();
  touched.clear();
  const began = performance.now();
  let least = 250;
  try {
    const few = ids.length <= ONE_BY_ONE && !wanted.has("agents");
    await (few ? Promise.all(ids.map(lookAtAgent)) : lookAt.agents());
    await Promise.all([...wanted].filter((each) => each !== "agents").map((each) => lookAt[each]()));
  } catch {
    // What was not seen is looked at again, a second later, until the browser is signed out.
    least = 1_000;
    for (const each of wanted) stale.add(each);
    for (const id of ids) touched.add(id);
  } finally {
    // What costs much is looked at more rarely: a twentieth of the time, or every ten seconds.
    restMs = Math.min(10_000, Math.max(least, 20 * (performance.now() - began)));
    waits = false;
    if (session.value !== undefined) lookAgain([]);
  }
}

async function lookAtAgent(id: string): Promise<void> {
  try {
    const agent = seen(await look<Agent>(`/v1/agents/${id}`));
    agents.value = new Map(agents.value).set(agent.id, agent);
  } catch (error) {
    // It left meanwhile: an event says so.
    if (!(error instanceof Refusal && error.status === 404)) throw error;
  }
}

function seen(agent: Agent): SeenAgent {
  return { ...agent, seenAt: Date.now() };
}

/** Looks now and then at what changes without events: the broker's figures, when an agent was last heard of. */
export function lookNowAndThen(everyMs: number): () => void {
  const every = setInterval(() => {
    if (!document.hidden) lookAgain(["status", "topics", "agents"]);
  }, everyMs);
  return () => clearInterval(every);
}
