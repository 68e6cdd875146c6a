/** The leases for open streams, in the commit that makes mail leasable (decision 0020). */
import type { AgentId, DeliveryId, Message, SessionId, TrustClass } from "@agentmesh/protocol";
import type { StreamLeaseTerms } from "../../../mesh/store.ts";
import { leasedDelivery, leastPushed, newReceipt } from "../../shared/leasing.ts";
import type { PartyRow } from "../../shared/rows/agents.ts";
import type { StreamedLeases } from "../commits/leasable.ts";
import type { EngineContext } from "../context.ts";
import type { NewLease } from "../delivery/inserted.ts";
import type { Engine } from "../engine.ts";
import type { Holder } from "../sessions.ts";
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
  const offers = context.leasable.offers(agent.id);
  const taker = takerOf(context, agent, offers, urgency, (session) => engine.sessions.holder(session));
  // Behind its acceptance, which is noted first.
  return taker && newLease(context, taker, engine.timeline.lastPosition() + 2);
}

/** For each of these agents the stream that takes a message as it comes, if one does. */
export function takersOf(
  engine: Engine,
  context: EngineContext,
  agents: readonly PartyRow[],
  urgency: number,
): ReadonlyMap<number, StreamLeaseTerms> {
  const offered = agents
    .filter(({ queued_count }) => queued_count === 0)
    .map((agent) => ({ agent, offers: context.leasable.offers(agent.id) }));
  const holders = engine.sessions.holders(offered.flatMap(({ offers }) => offers.map(({ session }) => session)));
  return new Map(
    offered.flatMap(({ agent, offers }) => {
      const taker = takerOf(context, agent, offers, urgency, (session) => holders.get(session));
      return taker ? [[agent.pk, taker] as const] : [];
    }),
  );
}

/** A lease that begins at a position of the timeline. */
export function newLease({ clock }: EngineContext, { session, leaseMs }: StreamLeaseTerms, position: number): NewLease {
  return { receipt: newReceipt(), session, endsAt: clock.now() + leaseMs, position };
}

/** What is pushed of mail that is leased as it comes. */
export function leasedToStream(
  delivery: { readonly id: DeliveryId; readonly seq: number; readonly trust: TrustClass },
  { receipt, session, endsAt, position }: NewLease,
  message: Message,
): StreamedLeases {
  const leased = leasedDelivery(delivery, { attempt: 1, receipt, endsAt }, message);
  return { session, leased: [{ delivery: leased, streamPosition: position }] };
}

/** The first stream with room for mail of this urgency. */
function takerOf(
  { clock }: EngineContext,
  agent: PartyRow,
  offers: readonly StreamLeaseTerms[],
  urgency: number,
  holderOf: (session: SessionId) => Holder | undefined,
): StreamLeaseTerms | undefined {
  return offers.find(({ session, stream }) => {
    const holder = holderOf(session);
    if (!holder || holder.silent || holder.streamed >= stream.maxInFlight) return false;
    return urgency >= leastPushed(agent, stream.urgency ?? "fyi", clock.now());
  });
}
