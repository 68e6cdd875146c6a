/** The leases for open streams, in the commit that makes mail leasable (decision 0020). */
import type { AgentId } from "@agentmesh/protocol";
import type { StreamLeaseTerms } from "../../../mesh/store.ts";
import type { EngineContext } from "../context.ts";
import type { Engine } from "../engine.ts";
import { takeLeases } from "./lease.ts";

/**
 * Leases what an act has made leasable for the streams that would take it, each within its credit. An agent that the act has
 * not locked is told after the commit, and its streams ask.
 */
export async function leaseForStreams(
  engine: Engine,
  context: EngineContext,
  offersOf: (agentId: AgentId) => readonly StreamLeaseTerms[],
): Promise<void> {
  const { agents } = engine;
  const { hints } = context;
  for (const agentId of hints.waiting()) {
    const offers = offersOf(agentId);
    if (offers.length === 0 || !agents.holds(await agents.pkOf(agentId))) continue;
    let left = (await agents.row(agentId))?.queued_count ?? 0;
    for (const terms of left > 0 ? offers : []) {
      const { leased, queued } = await takeLeases(engine, context, terms);
      if (leased.length > 0) hints.streamed({ session: terms.session, leased });
      left = queued;
      if (left === 0) break;
    }
    if (left === 0) hints.served(agentId);
  }
}
