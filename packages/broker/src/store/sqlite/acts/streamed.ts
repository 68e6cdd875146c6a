/** The leases for open streams, in the commit that makes mail leasable (decision 0020). */
import type { AgentId } from "@agentmesh/protocol";
import type { StreamLeaseTerms } from "../../../mesh/store.ts";
import { leastPushed, newReceipt } from "../../shared/leasing.ts";
import type { PartyRow } from "../../shared/rows/agents.ts";
import type { EngineContext } from "../context.ts";
import type { Engine } from "../engine.ts";
import type { NewLease } from "../inserted.ts";
import { takeLeases } from "./lease.ts";

/** Leases what is ready in an inbox for the streams that would take it, each within its credit; returns how many stay queued. */
export function leaseForStreams(
  engine: Engine,
  context: EngineContext,
  agentId: AgentId,
  offers: readonly StreamLeaseTerms[],
): number {
  let left = engine.agents.row(agentId)?.queued_count ?? 0;
  for (const terms of left > 0 ? offers : []) {
    const { leased, queued } = takeLeases(engine, context, terms);
    if (leased.length > 0) context.leasable.leased({ session: terms.session, leased });
    left = queued;
    if (left === 0) break;
  }
  return left;
}

/** The lease of mail that a stream takes as it comes: the first of its agent, which has nothing queued. */
export function leaseAtOnce(
  engine: Engine,
  context: EngineContext,
  agent: PartyRow,
  urgency: number,
): NewLease | undefined {
  if (agent.queued_count > 0) return undefined;
  for (const { session, leaseMs, stream } of context.leasable.offers(agent.id)) {
    const holder = engine.sessions.holder(session);
    if (!holder || holder.silent || holder.streamed >= stream.maxInFlight) continue;
    const now = context.clock.now();
    if (urgency < leastPushed(agent, stream.urgency ?? "fyi", now)) continue;
    // Behind its acceptance, which is noted first.
    return { receipt: newReceipt(), session, endsAt: now + leaseMs, position: engine.timeline.lastPosition() + 2 };
  }
  return undefined;
}
