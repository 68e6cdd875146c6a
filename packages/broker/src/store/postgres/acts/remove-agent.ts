/** The act of removing an agent: the fact at once, what waits for it a slice at a time. */
import type { AgentId } from "@agentmesh/protocol";
import type { Bounce, By } from "../../../mesh/store.ts";
import type { Ending } from "../../shared/ending.ts";
import type { PartyRow } from "../../shared/rows/agents.ts";
import { each, ROWS, type Slice, sum } from "../commits/slices.ts";
import type { EngineContext } from "../context.ts";
import type { Engine } from "../engine.ts";
import { endUnacked } from "./end.ts";
import { lockFound } from "./lock-found.ts";

/** How an agent is removed. */
export interface Removal {
  readonly bounce: Bounce | undefined;
  readonly by?: By | undefined;
  /** Nobody is an agent by its token again. */
  readonly revoked?: boolean;
}

/** The slices of a removal; the part of the first is how many deliveries were open when the agent left. */
export function removeAgent(agentId: AgentId, { bounce, by, revoked = false }: Removal) {
  return async (engine: Engine, context: EngineContext): Promise<Slice<number>> => {
    const { agents, audit, deliveryPages } = engine;
    const pk = await agents.pkOf(agentId);
    const { rows, more } = await lockFound(engine, ROWS, (limit) => deliveryPages.openOf(pk, limit), [pk]);
    const row = await agents.row(agentId);
    if (row) {
      await leave(engine, context, row, revoked);
      if (by) await audit.note({ act: revoked ? "agent_revoked" : "agent_removed", by, about: row });
    }
    await each(rows, ROWS, (found) => endUnacked(engine, context, found.pk, endingOf(bounce)));
    return { part: row?.open_count ?? 0, more };
  };
}

/** From now on an agent, which is locked, has no token, and nobody writes to it. */
export async function leave(
  engine: Engine,
  { hints }: EngineContext,
  { id, pk }: PartyRow,
  revoked: boolean,
): Promise<void> {
  if (revoked) await engine.machines.voidOfAgent(pk);
  // First, so that what it has sent to itself leaves no notice in an inbox that nobody will open.
  await engine.agents.markRemoved(pk);
  await engine.asks.giveUpOf(pk);
  await engine.formerNames.dropOf(pk);
  await engine.sessions.removeAllOf(pk);
  await engine.topics.removeAllOf(pk);
  await engine.webhooks.remove(pk);
  await engine.eventWebhooks.removeOf(pk);
  await engine.hooks.removeOf(pk);
  await engine.agentCards.removeOf(pk);
  hints.left(id);
}

/** Ends what is open of agents that have left, up to `limit`: what a removal that was cut off has left over. */
export function endOfRemoved(limit: number, bounce: Bounce | undefined) {
  return async (engine: Engine, context: EngineContext, kept: readonly number[]): Promise<Slice<number>> => {
    const { agents, deliveryPages } = engine;
    const gone = sum(kept) < limit ? await agents.removedWithMail() : undefined;
    if (gone === undefined) return { part: 0, more: false };
    const { rows } = await lockFound(engine, ROWS, (most) => deliveryPages.openOf(gone, most), [gone]);
    const { part } = await each(rows, ROWS, ({ pk }) => endUnacked(engine, context, pk, endingOf(bounce)));
    return { part, more: true };
  };
}

function endingOf(bounce: Bounce | undefined): Ending {
  return { state: "dead", event: "dead", reason: "recipient_gone", bounce };
}
