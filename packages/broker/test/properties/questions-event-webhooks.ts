/** Questions about event webhooks, with what their answers must be. */
import { isDeepStrictEqual } from "node:util";
import type { AgentHistory } from "./history.ts";
import type { Observer, Question } from "./observer.ts";
import { demand } from "./promises.ts";

/** Of an agent; of all there may be more than a run sets. */
const QUOTA = { ofAgent: 2, ofAll: 1_000 };
/** No run comes to their end. */
const ENDS_AT = 8_000_000_000_000_000;

const known = (agent: AgentHistory) => (agent.eventWebhooks ??= new Map());

/** Sets one of an agent's, or renews it. */
export function putEventWebhook(agent: AgentHistory, n: number, sealed: string, cursor: string): Question {
  return async (o) => {
    const id = `sub_${agent.id}_${n}`;
    const put = await o.world.store.putEventWebhook({ id, agentId: agent.id, sealed, cursor, endsAt: ENDS_AT }, QUOTA);
    return () => {
      const kept = known(agent);
      const isFull = !kept.has(id) && kept.size >= QUOTA.ofAgent;
      o.say(`set event webhook ${n} of ${agent.name} → ${put === "full" ? put : put.cursor}`);
      if (!isFull) kept.set(id, { sealed, cursor: kept.get(id)?.cursor ?? cursor });
      const should = isFull ? "full" : { id, agentId: agent.id, endsAt: ENDS_AT, ...kept.get(id) };
      demand(isDeepStrictEqual(put, should), "event webhooks", () => `set was ${JSON.stringify(put)}`);
    };
  };
}

/** What it was posted was taken. */
export function moveEventWebhook(agent: AgentHistory, n: number, cursor: string): Question {
  return async (o) => {
    const id = `sub_${agent.id}_${n}`;
    await o.world.store.moveEventWebhook(agent.id, id, cursor);
    return () => {
      o.say(`event webhook ${n} of ${agent.name} is at ${cursor}`);
      const kept = known(agent).get(id);
      if (kept) kept.cursor = cursor;
    };
  };
}

/** Ends it, as whoever says that it is theirs. */
export function endEventWebhook(agent: AgentHistory, n: number, by: AgentHistory): Question {
  return async (o) => {
    const id = `sub_${agent.id}_${n}`;
    const isEnded = await o.world.store.endEventWebhook(by.id, id);
    return () => {
      o.say(`${by.name} ends event webhook ${n} of ${agent.name} → ${isEnded}`);
      const should = by === agent && known(agent).delete(id);
      demand(isEnded === should, "event webhooks", () => `${id} was ended by ${by.name}: ${isEnded}`);
    };
  };
}

/** All that are there are those that were set and have not ended, each as it was left. */
export function lookAtEventWebhooks(): Question {
  return async (o: Observer) => {
    const found = (await o.world.store.listEventWebhooks()).map(({ id, agentId, sealed, cursor }) => ({
      ...{ id, agentId, sealed, cursor },
    }));
    return () => {
      const there = o.history.present.flatMap(({ id: agentId, eventWebhooks }) =>
        [...(eventWebhooks ?? [])].map(([id, { sealed, cursor }]) => ({ id, agentId, sealed, cursor })),
      );
      o.say(`look at the event webhooks → ${found.length} of ${there.length}`);
      const sorted = (all: typeof found) => all.toSorted((a, b) => (a.id < b.id ? -1 : 1));
      demand(
        isDeepStrictEqual(sorted(found), sorted(there)),
        "event webhooks",
        () => `there are ${JSON.stringify(found)}, and should be ${JSON.stringify(there)}`,
      );
    };
  };
}
