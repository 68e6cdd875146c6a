/** First looks, and looking anew: what is shown, when an event says that it is out of date, and as often as its cost allows. */
import type { Agent, BrokerStatus, LogEntry, Need, OpenAsk, Topic } from "@agentmesh/protocol";
import { batch, effect } from "@preact/signals";
import { address } from "../frame/address.ts";
import { look, Refusal } from "../frame/calls.ts";
import { paletteOpen } from "../frame/keys.ts";
import type { View } from "../frame/paths.ts";
import { ownSignIn } from "../frame/sign-in.ts";
import type { SeenAgent } from "./ages.ts";
import type { Look } from "./fold.ts";
import {
  agents,
  agentsKnown,
  asks,
  earlier,
  known,
  moreAgents,
  moreAsks,
  needCounts,
  needs,
  openedKinds,
  status,
  topics,
} from "./mesh.ts";

/** Most agents that the page holds, and most questions. */
const MAX_AGENTS = 5_000;
const MAX_ASKS = 500;
/** Needs of a kind that are held, and of one of which the person wants all. */
const OF_EACH = 25;
const OF_OPENED = 300;
/** As many agents are looked at one by one, where that is less than a part of all. */
const ONE_BY_ONE = 8;
const PART = 4;
/** How often is looked at most, in milliseconds: while the page is seen, and while it is not. */
const REST_MS = 500;
const HIDDEN_REST_MS = 5_000;

/** What a view shows beside the needs, whose number stands in every title. */
const shownBy: Readonly<Record<View, readonly Look[]>> = {
  needs: [],
  agents: ["agents", "asks"],
  flow: ["asks"],
  conversations: ["topics"],
  message: [],
  log: [],
  health: ["status"],
};

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
    newcomers = false;
    moreAgents.value = Math.max(0, total - found.size);
    agentsKnown.value = true;
  },
  async needs() {
    const first = await look<{ needs: Need[]; counts: Record<string, number> }>("/v1/needs", {
      ofEach: OF_EACH,
      limit: OF_OPENED,
    });
    let found = first.needs;
    for (const kind of openedKinds.value) {
      if ((first.counts[kind] ?? 0) <= OF_EACH) continue;
      const all = await look<{ needs: Need[] }>("/v1/needs", { kind, limit: OF_OPENED });
      const at = found.findIndex((need) => need.kind === kind);
      const others = found.filter((need) => need.kind !== kind);
      found = at < 0 ? found : [...others.slice(0, at), ...all.needs, ...others.slice(at)];
    }
    batch(() => {
      needCounts.value = first.counts;
      needs.value = found;
      known.value = true;
    });
  },
  async asks() {
    const { owed, waiting } = await look<{ owed: OpenAsk[]; waiting: OpenAsk[] }>("/v1/asks", { limit: MAX_ASKS });
    batch(() => {
      asks.value = [...new Map([...owed, ...waiting].map((each) => [each.messageId, each])).values()];
      moreAsks.value = owed.length >= MAX_ASKS || waiting.length >= MAX_ASKS;
    });
  },
  async topics() {
    topics.value = (await look<{ topics: Topic[] }>("/v1/topics", { limit: 1_000 })).topics;
  },
  async status() {
    status.value = await look<BrokerStatus>("/v1/status");
  },
};

/** Looks at everything, and at what happened before: what waits and who is there first. */
export async function lookAtAll(): Promise<void> {
  await Promise.all([lookAt.needs(), lookAt.agents()]);
  await Promise.all([lookAt.asks(), lookAt.status(), lookAt.topics()]);
  earlier.value = (await look<{ entries: LogEntry[] }>("/v1/log", { limit: 500 })).entries;
}

/** What is out of date: of what no view shows nothing is asked until one does. */
const stale = new Set<Look>();
const touched = new Set<string>();
/** Agents came that are not held: by their names and presence they are shown everywhere. */
let newcomers = false;
let waits = false;
let restMs = REST_MS;

/** Which of what is out of date is looked at now. */
function wanted(): Look[] {
  if (document.hidden) return stale.has("needs") ? ["needs"] : [];
  const shown = new Set<Look>(["needs", ...shownBy[address.value.view]]);
  if (paletteOpen.value) shown.add("topics");
  if (newcomers) shown.add("agents");
  return [...shown].filter((each) => stale.has(each));
}

/** Agents whose numbers are looked at now: while they are shown. */
function wantedAgents(): string[] {
  return address.value.view === "agents" && !document.hidden ? [...touched] : [];
}

/** Notes what is to be looked at; many notes are one look. */
export function lookAgain(what: Iterable<Look>, ids: Iterable<string> = []): void {
  for (const each of what) stale.add(each);
  for (const id of ids) touched.add(id);
  // Whoever comes back to so many looks at all of them.
  if (touched.size > Math.min(ONE_BY_ONE, Math.max(1, agents.value.size / PART))) {
    touched.clear();
    stale.add("agents");
  }
  if (waits || wanted().length + wantedAgents().length === 0) return;
  waits = true;
  setTimeout(lookNow, document.hidden ? HIDDEN_REST_MS : restMs);
}

async function lookNow(): Promise<void> {
  const [whole, ids] = [wanted(), wantedAgents()];
  for (const each of whole) stale.delete(each);
  for (const id of ids) touched.delete(id);
  const began = performance.now();
  let least = REST_MS;
  try {
    await Promise.all([...whole.map((each) => lookAt[each]()), ...(whole.includes("agents") ? [] : [lookAtEach(ids)])]);
  } catch {
    // What was not seen is looked at again, a second later, until the browser is signed out.
    least = 1_000;
    for (const each of whole) stale.add(each);
    for (const id of ids) touched.add(id);
  } finally {
    // What costs much is looked at more rarely: a twentieth of the time, or every ten seconds.
    restMs = Math.min(10_000, Math.max(least, 20 * (performance.now() - began)));
    waits = false;
    if (ownSignIn.value !== undefined) lookAgain([]);
  }
}

/** Notes agents that came, or came back. */
export function lookAtNewcomers(ids: readonly string[]): void {
  if (ids.length > ONE_BY_ONE) lookAtEverybody();
  else if (ids.length > 0) lookAtEach(ids).catch(lookAtEverybody);
}

/** Notes that what is known of agents, their names and presence too, is out of date. */
export function lookAtEverybody(): void {
  newcomers = true;
  lookAgain(["agents"]);
}

/** What was found of some is one change. */
async function lookAtEach(ids: readonly string[]): Promise<void> {
  const found = (await Promise.all(ids.map(lookAtAgent))).filter((agent) => agent !== undefined);
  if (found.length > 0) agents.value = new Map([...agents.value, ...found.map((agent) => [agent.id, agent] as const)]);
}

async function lookAtAgent(id: string): Promise<SeenAgent | undefined> {
  try {
    return seen(await look<Agent>(`/v1/agents/${id}`));
  } catch (error) {
    // It left meanwhile: an event says so.
    if (error instanceof Refusal && error.status === 404) return undefined;
    throw error;
  }
}

function seen(agent: Agent): SeenAgent {
  return { ...agent, seenAt: Date.now() };
}

/** Looks now and then at what changes without events, and at what a view shows that was not shown before. */
export function lookNowAndThen(everyMs: number): () => void {
  const every = setInterval(() => lookAgain(["needs", "status", "topics", "agents"]), everyMs);
  const shown = effect(() => {
    void address.value.view;
    void paletteOpen.value;
    lookAgain([]);
  });
  const seenAgain = () => lookAgain([]);
  document.addEventListener("visibilitychange", seenAgain);
  return () => {
    clearInterval(every);
    shown();
    document.removeEventListener("visibilitychange", seenAgain);
  };
}
