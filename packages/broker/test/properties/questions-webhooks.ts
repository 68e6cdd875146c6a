/** Questions about webhooks and the tasks that they follow, with what the answers must be. */
import { isDeepStrictEqual } from "node:util";
import { type AgentHistory, type DeliveryHistory, short } from "./history.ts";
import type { Observer, Question } from "./observer.ts";
import { demand } from "./promises.ts";
import { judgeAcked, judgeVerdict } from "./questions-verbs.ts";

const FOR_MS = 600_000;

/** Sets an agent's webhook, anew where it has one: what the one before followed is over. */
export function setWebhook(agent: AgentHistory): Question {
  return async (o) => {
    await o.world.store.putWebhook(agent.id, "sealed");
    const kept = await o.world.store.webhookOf(agent.id);
    return () => {
      o.say(`set the webhook of ${agent.name}`);
      demand(kept !== undefined, "ownership", () => `the webhook of ${agent.name} is not there`);
      agent.webhookSetAt = kept.setAt;
      endTasks(o, agent);
    };
  };
}

/** Removes it. */
export function removeWebhook(agent: AgentHistory): Question {
  return async (o) => {
    const removed = await o.world.store.removeWebhook(agent.id);
    return () => {
      o.say(`remove the webhook of ${agent.name} → ${removed}`);
      const had = agent.webhookSetAt !== undefined;
      demand(removed === had, "ownership", () => `the webhook of ${agent.name} was removed: ${removed}`);
      agent.webhookSetAt = undefined;
      endTasks(o, agent);
    };
  };
}

function endTasks({ history }: Observer, { id }: AgentHistory): void {
  for (const each of history.deliveries) if (each.to.id === id) each.task = undefined;
}

/** A receiver took a delivery, and works on it as a task; `late`: its webhook is another one by now. */
export function takeAsTask(agent: AgentHistory, delivery: DeliveryHistory, task: string, late: boolean): Question {
  return async (o) => {
    const setAt = agent.webhookSetAt ?? 0;
    const terms = { task, forMs: FOR_MS, webhookSetAt: late ? setAt - 1 : setAt };
    const verdict = await o.world.store.ackFollowed(agent.id, delivery.id, terms);
    return () => {
      o.say(`${short(delivery)} is taken as ${task}${late ? " of a webhook before" : ""} → ${verdict.kind}`);
      const target = { agentId: agent.id, ref: delivery.id, receipt: undefined };
      judgeVerdict(o, target, verdict, true, (each) => judgeAcked(o, each, "taken"));
      const isOwn = delivery.to.id === agent.id;
      if (isOwn && !late && agent.webhookSetAt !== undefined) delivery.task = task;
    };
  };
}

/** A task is given up. */
export function unfollow(delivery: DeliveryHistory): Question {
  return async (o) => {
    await o.world.store.unfollow(delivery.to.id, delivery.id);
    return () => {
      o.say(`nobody follows ${short(delivery)} any more`);
      delivery.task = undefined;
    };
  };
}

/** What is followed is what was taken as a task and has not come to its end: all of it, with its message, and nothing else. */
export function lookAtTasks(): Question {
  return async (o) => {
    const found = (await o.world.store.listFollowed()).map(({ agentId, delivery, task }) => [
      ...[delivery.id, agentId, delivery.message.id],
      task,
    ]);
    return () => {
      const there = o.history.deliveries.flatMap(({ id, to, of, task, pruned }) =>
        task === undefined || pruned || o.history.agent(to.id)?.removed !== false ? [] : [[id, to.id, of.id, task]],
      );
      o.say(`look at the tasks → ${found.length} of ${there.length}`);
      demand(
        isDeepStrictEqual(found.toSorted(), there.toSorted()),
        "tasks",
        () => `followed are ${found.join("; ") || "none"}, and should be ${there.join("; ") || "none"}`,
      );
    };
  };
}
