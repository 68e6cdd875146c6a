/** The act that acks many: each entry by itself, a slice at a time. */
import { type AckEvidence, type AgentId, DeliveryId } from "@agentmesh/protocol";
import { MeshError } from "../../../../mesh/errors.ts";
import type { AckAsked, AckVerdict, RefusedEntry } from "../../../../mesh/store.ts";
import { deliveryRecord, type OwnDeliveryRow } from "../../../shared/rows/rows.ts";
import { type Budget, fitting, ROWS, type Slice, sum } from "../../commits/slices.ts";
import type { EngineContext } from "../../context.ts";
import type { Engine } from "../../engine.ts";
import { heardOfHolder, withoutAck } from "../lease.ts";

/** What became of one of many. */
export type AckAnswer = AckVerdict | RefusedEntry;

/** Acks what was asked for, in this order. */
export function ackEach(engine: Engine, context: EngineContext, agentId: AgentId, acks: readonly AckAsked[]) {
  return (budget: Budget, kept: readonly (readonly AckAnswer[])[]): Slice<readonly AckAnswer[]> => {
    const part: AckAnswer[] = [];
    const rest = acks.slice(sum(kept.map(({ length }) => length)));
    for (;;) {
      const done = part.length;
      const these = rest.slice(done, done + fitting(budget, Math.min(ROWS, rest.length - done)));
      if (these.length === 0) return { part, more: done < rest.length };
      part.push(...ackThese(engine, context, agentId, these));
    }
  };
}

/** A delivery that one of these acks ends. */
interface Ending {
  readonly row: OwnDeliveryRow;
  readonly evidence: AckEvidence;
}

/** Acks these, all that end together; what is refused, or names what was acked by then, changes nothing for the others. */
function ackThese(engine: Engine, context: EngineContext, agentId: AgentId, asked: readonly AckAsked[]): AckAnswer[] {
  const { deliveries, sessions, timeline } = engine;
  const named = deliveries.many.ownById(
    agentId,
    asked.flatMap(({ ref }) => DeliveryId.safeParse(ref).data ?? []),
  );
  const ending = new Map<number, Ending>();
  const position = timeline.lastPosition();
  const answers = asked.map(({ ref, receipt, evidence }): AckAnswer => {
    try {
      const row = named.get(ref) ?? deliveries.own(agentId, ref);
      if (!row) return { kind: "not_found" };
      heardOfHolder(engine, context, row, position + ending.size);
      const acked = { id: row.id, state: "acked", attempt: row.attempt, lease_ends_at: null } as const;
      if (ending.has(row.pk)) return { kind: "acked_before", delivery: deliveryRecord(acked) };
      const unchanged = withoutAck(row, receipt);
      if (unchanged) return unchanged;
      // A person who reads the inbox beside it shows nothing of the stream.
      if (evidence !== "read") sessions.prove(row);
      ending.set(row.pk, { row, evidence });
      return { kind: "done", delivery: deliveryRecord(acked) };
    } catch (error) {
      // A refusal by the rules comes before anything of its entry was written; whatever else fails takes the slice with it.
      if (error instanceof MeshError) return { kind: "refused", error };
      throw error;
    }
  });
  end(engine, [...ending.values()]);
  if (ending.size > 0) context.leasable.ready(agentId);
  return answers;
}

/** Ends deliveries of one inbox, and notes it. */
function end({ deliveries, timeline }: Engine, ending: readonly Ending[]): void {
  const [first] = ending;
  if (!first) return;
  deliveries.many.ack(
    first.row.recipient_pk,
    ending.map(({ row, evidence }) => ({ pk: row.pk, bytes: row.bytes, from: row.state, evidence })),
  );
  timeline.noteAll(
    ending.map(({ row, evidence }) => ({
      ...{ deliveryPk: row.pk, parties: row, event: "acked", attempt: row.attempt },
      ...{ session: row.session_id, reason: evidence },
    })),
  );
}
