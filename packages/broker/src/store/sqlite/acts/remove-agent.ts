/** The act of removing an agent: the fact at once, what waits for it a slice at a time. */
import type { AgentId } from "@agentmesh/protocol";
import type { Bounce, By } from "../../../mesh/store.ts";
import type { PartyRow } from "../../shared/rows/agents.ts";
import { type Budget, each, ROWS, type Slice, sum } from "../commits/slices.ts";
import type { EngineContext } from "../context.ts";
import type { Engine } from "../engine.ts";
import { endUnacked } from "./end.ts";

/** One slice of a removal; its part is how many deliveries were open when the agent left. */
export function removeAgent(
  engine: Engine,
  context: EngineContext,
  agentId: AgentId,
  { bounce, by, revoked = false }: { bounce: Bounce | undefined; by?: By | undefined; revoked?: boolean },
  budget: Budget,
): Slice<number> {
  const { agents } = engine;
  const row = agents.row(agentId);
  if (row) {
    leave(engine, context, row, revoked);
    if (by) engine.audit.note({ act: revoked ? "agent_revoked" : "agent_removed", by, about: row });
  }
  const { more } = endOfGone(engine, context, agents.pkOf(agentId), bounce, budget);
  return { part: row?.open_count ?? 0, more };
}

/** From now on an agent has no token, and nobody writes to it; when it is `revoked`, nobody is an agent by that token again. */
export function leave(engine: Engine, context: EngineContext, row: PartyRow, revoked: boolean): void {
  if (revoked) engine.machines.voidOfAgent(row.pk);
  // First, so that what it has sent to itself leaves no notice in an inbox that nobody will open.
  engine.agents.markRemoved(row.pk);
  engine.asks.giveUpOf(row.pk);
  engine.formerNames.dropOf(row.pk);
  engine.sessions.removeAllOf(row.pk);
  engine.topics.removeAllOf(row.pk);
  engine.webhooks.remove(row.pk);
  engine.eventWebhooks.removeOf(row.pk);
  engine.hooks.removeOf(row.pk);
  engine.agentCards.removeOf(row.pk);
  context.left(row.id);
}

/** Ends what is open of agents that have left, up to `limit`: what a removal that was cut off has left over. */
export function endOfRemoved(engine: Engine, context: EngineContext, limit: number, bounce: Bounce | undefined) {
  return (budget: Budget, kept: readonly number[]): Slice<number> => {
    const gone = sum(kept) < limit ? engine.agents.removedWithMail() : undefined;
    if (gone === undefined) return { part: 0, more: false };
    return { ...endOfGone(engine, context, gone, bounce, budget), more: true };
  };
}

function endOfGone(
  engine: Engine,
  context: EngineContext,
  agentPk: number,
  bounce: Bounce | undefined,
  budget: Budget,
): Slice<number> {
  const ending = { state: "dead", event: "dead", reason: "recipient_gone", bounce } as const;
  const open = engine.deliveries.openOf(agentPk, ROWS);
  return each(budget, open, ROWS, ({ pk }) => endUnacked(engine, context, pk, ending));
}
