/** SQL of events as they are noted: what happens beside the deliveries, which have the timeline. */
import type { EventFacts, NotedEventType } from "@agentmesh/protocol";
import type { EngineContext } from "../context.ts";

/** By the name that the agent has now. */
const NAME = `SELECT name FROM agent WHERE pk = $1 AND removed_at IS NULL`;

/** Behind the newest entry of the timeline. */
const NOTE = `
  INSERT INTO event (pk, behind_pk, at, agent_pk, name, type, facts)
  SELECT $1, c.timeline, $2, $3, $4, $5, $6 FROM counter c`;

/** The statements on them. */
export function eventNotes({ db, now, numbers, hints }: Pick<EngineContext, "db" | "now" | "numbers" | "hints">) {
  return {
    async note<T extends NotedEventType>(agentPk: number, type: T, facts: EventFacts<T>): Promise<void> {
      const agent = await db.get<{ name: string }>(NAME, [agentPk]);
      if (!agent) return;
      const pk = await numbers.next("event");
      await db.run(NOTE, [pk, now, agentPk, agent.name, type, JSON.stringify(facts)]);
      hints.happened();
    },
  };
}
