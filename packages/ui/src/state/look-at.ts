/** What the page looks at, each by itself. */
import type { Agent, BrokerStatus, Need, OpenAsk, Topic } from "@agentmesh/protocol";
import { signal } from "@preact/signals";
import { look } from "../frame/calls.ts";
import { Refusal } from "../stream/ask.ts";
import type { SeenAgent } from "./ages.ts";
import type { Look } from "./fold.ts";
import {
  agents,
  agentsKnown,
  asks,
  known,
  moreAgents,
  moreAsks,
  needCounts,
  needs,
  openedKinds,
  status,
  topics,
} from "./mesh.ts";
import { showSoon } from "./pictures.ts";

/** Most agents that the page holds, and most questions. */
const MAX_AGENTS = 5_000;
const MAX_ASKS = 500;
/** Needs of a kind that are held, and of one of which the person wants all. */
const OF_EACH = 25;
const OF_OPENED = 300;
/** Whether agents came that are not held: by their names and presence they are shown everywhere. */
export const newcomers = signal(false);

/** What each look saw last, as a text. */
const seenLast = new Map<Look, string>();

/** Notes what a look saw, unless it is what it saw before: that is shown. */
function unlessAsBefore(what: Look, found: unknown, note: () => void): () => void {
  return () => {
    const text = JSON.stringify(found);
    if (seenLast.get(what) === text) return;
    seenLast.set(what, text);
    note();
  };
}

/** Each look, and what notes what it saw: looks of one moment are one picture. */
export const lookAt: Record<Look, () => Promise<() => void>> = {
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
    return () => {
      agents.value = found;
      newcomers.value = false;
      moreAgents.value = Math.max(0, total - found.size);
      agentsKnown.value = true;
    };
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
    return unlessAsBefore("needs", [first.counts, found], () => {
      needCounts.value = first.counts;
      needs.value = found;
      known.value = true;
    });
  },
  async asks() {
    const { owed, waiting } = await look<{ owed: OpenAsk[]; waiting: OpenAsk[] }>("/v1/asks", { limit: MAX_ASKS });
    return unlessAsBefore("asks", [owed, waiting], () => {
      asks.value = [...new Map([...owed, ...waiting].map((each) => [each.messageId, each])).values()];
      moreAsks.value = owed.length >= MAX_ASKS || waiting.length >= MAX_ASKS;
    });
  },
  async topics() {
    const found = await look<{ topics: Topic[] }>("/v1/topics", { limit: 1_000 });
    return unlessAsBefore("topics", found.topics, () => {
      topics.value = found.topics;
    });
  },
  async status() {
    const found = await look<BrokerStatus>("/v1/status");
    return () => {
      status.value = found;
    };
  },
};

/** Looks, and shows what it saw as one picture. */
export async function lookAtThese(looks: readonly (() => Promise<() => void>)[], when: "now" | "soon" = "now") {
  const found = await Promise.all(looks.map((each) => each()));
  showSoon(() => {
    for (const note of found) note();
  }, when);
}

/** What is found of some is one change. */
export async function lookAtEach(ids: readonly string[]): Promise<() => void> {
  const found = (await Promise.all(ids.map(lookAtAgent))).filter((agent) => agent !== undefined);
  return () => {
    if (found.length > 0)
      agents.value = new Map([...agents.value, ...found.map((agent) => [agent.id, agent] as const)]);
  };
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
