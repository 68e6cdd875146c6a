/** The Store's verbs on leases. */
import { MAX_DELIVERIES_PER_READ } from "@agentmesh/protocol";
import type { Store } from "../../../mesh/store.ts";
import type { Taken } from "../../shared/leasing.ts";
import { endUnacked } from "../acts/end.ts";
import { ackDelivery, giveBack, takeLeases, underLease } from "../acts/lease.ts";
import { ackEach } from "../acts/leases/acks.ts";
import { laneOf } from "../commits/slices.ts";
import { partsOnDisk, type VerbParts } from "./parts.ts";

/** Verbs of an inbox's owner on what it leases. */
export function leaseVerbs({
  engine,
  context,
  write,
  writeSliced,
}: VerbParts): Pick<Store, "lease" | "ack" | "ackMany" | "nack" | "extend" | "reject" | "recordPush"> {
  const { agents, deliveries, timeline } = engine;
  return {
    lease: async (terms) => {
      const agent = agents.row(terms.agentId);
      if (!agent || agent.queued_count === 0) return { leased: [], queued: 0 };
      const lane = laneOf.agent(terms.agentId);
      if (terms.max <= MAX_DELIVERIES_PER_READ) return write(lane, () => takeLeases(engine, context, terms));
      const { parts } = await partsOnDisk<Taken>(writeSliced, lane, (budget, kept) => {
        const before = kept.flatMap(({ leased }) => leased);
        const part = takeLeases(engine, context, terms, budget, before);
        return { part, more: part.more };
      });
      return { leased: parts.flatMap(({ leased }) => leased), queued: parts.at(-1)?.queued ?? 0 };
    },
    ack: (agentId, ref, receipt, evidence) =>
      write(laneOf.agent(agentId), () => ackDelivery(engine, context, agentId, ref, receipt, evidence)),
    ackMany: async (agentId, acks) => {
      const slice = ackEach(engine, context, agentId, acks);
      const { parts, failure: error } = await partsOnDisk(writeSliced, laneOf.agent(agentId), slice);
      const answers = parts.flat();
      return [...answers, ...acks.slice(answers.length).map(() => ({ kind: "refused", error }) as const)];
    },
    nack: (agentId, ref, receipt, { delayMs, reason = null, retry, delayed }) =>
      write(laneOf.agent(agentId), () =>
        underLease(engine, context, agentId, ref, receipt, (row) =>
          giveBack(
            engine,
            context,
            { ...row, agent_id: agentId },
            { event: "nacked", reason, failed: true, delayMs, delayed, retry },
          ),
        ),
      ),
    extend: (agentId, ref, receipt, leaseMs) =>
      write(laneOf.agent(agentId), () =>
        underLease(engine, context, agentId, ref, receipt, (row) => {
          deliveries.setLeaseEnd(row.pk, leaseMs);
          timeline.note(row.pk, "extended", { attempt: row.attempt, session: row.session_id, parties: row });
        }),
      ),
    reject: (agentId, ref, receipt, { reason, bounce }) =>
      write(laneOf.agent(agentId), () =>
        underLease(engine, context, agentId, ref, receipt, (row) => {
          endUnacked(engine, context, row.pk, { state: "dead", event: "rejected", reason, bounce });
          context.leasable.ready(agentId);
        }),
      ),
    recordPush: (agentId, ref, receipt, { path, failedWhy }) =>
      write(laneOf.agent(agentId), () =>
        underLease(engine, context, agentId, ref, receipt, (row) => {
          const { attempt, session_id: session } = row;
          if (failedWhy === undefined) deliveries.countPush(row.pk);
          timeline.note(row.pk, failedWhy === undefined ? "pushed" : "push_failed", {
            attempt,
            session,
            path,
            reason: failedWhy ?? null,
            parties: row,
          });
        }),
      ),
  };
}
