/** First looks, and looking anew: each list at most as often as its cost allows. */
import type { Agent, BrokerStatus, InboxEntry, LogEntry, OpenAsk, Topic } from "@agentmesh/protocol";
import { look } from "../frame/calls.ts";
import type { Look } from "./fold.ts";
import { agents, agentsInAll, asks, dead, earlier, held, known, moreDead, status, topics } from "./mesh.ts";

/** Most agents that the page holds, and most dead letters. */
const MAX_AGENTS = 5_000;
const MAX_DEAD = 300;
/** Inboxes whose held mail is looked at. */
const MAX_HOLDERS = 20;
/** Fewer agents than this are looked at one by one. */
const ONE_BY_ONE = 8;

const lookAt: Record<Look, () => Promise<void>> = {
  async agents() {
    const found = new Map<string, Agent>();
    let after: string | undefined;
    do {
      const page = await look<{ agents: Agent[]; total: number; nextAfter?: string }>("/v1/agents", {
        limit: 1_000,
        after,
      });
      for (const agent of page.agents) found.set(agent.id, agent);
      agentsInAll.value = page.total;
      after = page.nextAfter;
    } while (after !== undefined && found.size < MAX_AGENTS);
    agents.value = found;
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
    const holders = [...agents.value.values()].filter((agent) => agent.held > 0).slice(0, MAX_HOLDERS);
    const pages = await Promise.all(
      holders.map(({ id }) => look<{ entries: InboxEntry[] }>("/v1/inbox", { agent: id, state: "held" })),
    );
    held.value = pages.flatMap(({ entries }) => entries);
  },
  async asks() {
    const { owed, waiting } = await look<{ owed: OpenAsk[]; waiting: OpenAsk[] }>("/v1/asks", { limit: 500 });
    asks.value = [...new Map([...owed, ...waiting].map((each) => [each.messageId, each])).values()];
  },
  async topics() {
    topics.value = (await look<{ topics: Topic[] }>("/v1/topics", { limit: 1_000 })).topics;
  },
  async status() {
    status.value = await look<BrokerStatus>("/v1/status");
  },
};

/** Looks at everything, and at what happened before. */
export async function lookAtAll(): Promise<void> {
  await Promise.all([
    lookAt.agents().then(lookAt.held),
    lookAt.dead(),
    lookAt.asks(),
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
  try {
    const few = ids.length <= ONE_BY_ONE && !wanted.has("agents");
    await (few ? Promise.all(ids.map(lookAtAgent)) : lookAt.agents());
    if ([...agents.value.values()].some((agent) => agent.held > 0) || wanted.has("held")) wanted.add("held");
    wanted.delete("agents");
    await Promise.all([...wanted].map((each) => lookAt[each]()));
  } catch {
    // The stream of events notices when the broker is gone, and everything is looked at when it is back.
  } finally {
    // What costs much is looked at more rarely: a twentieth of the time at most.
    restMs = Math.min(10_000, Math.max(250, 20 * (performance.now() - began)));
    waits = false;
    lookAgain([]);
  }
}

async function lookAtAgent(id: string): Promise<void> {
  const agent = await look<Agent>(`/v1/agents/${id}`).catch(() => undefined);
  if (agent === undefined) return;
  agents.value = new Map(agents.value).set(agent.id, agent);
}

/** Looks at the broker's figures now and then: they change without events. */
export function lookAtStatusEvery(ms: number): () => void {
  const every = setInterval(() => {
    if (!document.hidden) lookAgain(["status", "topics"]);
  }, ms);
  return () => clearInterval(every);
}
