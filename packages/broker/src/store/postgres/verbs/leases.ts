/** The Store's verbs on leases. */
import { MAX_DELIVERIES_PER_READ } from "@agentmesh/protocol";
import type { Store } from "../../../mesh/store.ts";
import { laneOf } from "../../shared/lanes.ts";
import type { Taken } from "../../shared/leasing.ts";
import { messageOf, type OwnDeliveryRow } from "../../shared/rows/rows.ts";
import { ackEach } from "../acts/acks.ts";
import { endUnacked } from "../acts/end.ts";
import { ackDelivery, giveBack, leaseRow, takeLeases, type UnderLease, underLease } from "../acts/lease.ts";
import type { EngineContext } from "../context.ts";
import type { Engine } from "../engine.ts";
import { partsOnDisk, type VerbParts } from "./parts.ts";

/** Verbs of an inbox's owner on what it leases. */
export function leaseVerbs({
  ack,
  lease,
  share,
  write,
  writeSliced,
}: VerbParts): Pick<
  Store,
  "lease" | "leaseAnswer" | "ack" | "ackMany" | "nack" | "release" | "extend" | "reject" | "recordPush"
> {
  const under = (
    lease: UnderLease,
    act: (engine: Engine, context: EngineContext, row: OwnDeliveryRow) => Promise<void>,
  ) =>
    write(laneOf.agent(lease.agentId), (engine, context) =>
      underLease(engine, context, lease, (row) => act(engine, context, row)),
    );
  return {
    lease: async (terms) => {
      const lane = laneOf.agent(terms.agentId);
      if (terms.max <= MAX_DELIVERIES_PER_READ) {
        return lease(terms, async (engine, context) => {
          // Of an empty inbox nobody is kept waiting.
          const agent = await engine.agents.row(terms.agentId);
          return agent && agent.queued_count > 0 ? takeLeases(engine, context, terms) : { leased: [], queued: 0 };
        });
      }
      const { parts } = await partsOnDisk<Taken>(writeSliced, lane, async (engine, context, kept) => {
        const before = kept.flatMap(({ leased }) => leased);
        const part = await takeLeases(engine, context, terms, before);
        return { part, more: part.more };
      });
      return { leased: parts.flatMap(({ leased }) => leased), queued: parts.at(-1)?.queued ?? 0 };
    },
    /** Leases the answer to an ask, whatever its delay, for whoever asked. */
    leaseAnswer: (messageId, terms) =>
      share(laneOf.agent(terms.agentId), [terms.agentId], async (engine, { damage, now }) => {
        const { agents, asks, deliveries, sessions } = engine;
        await agents.lock([await agents.pkOf(terms.agentId)]);
        const pk = (await asks.one(messageId))?.reply_delivery_pk ?? undefined;
        const row = pk === undefined ? undefined : await deliveries.byPk(pk);
        if (row?.recipient_id !== terms.agentId || row.state !== "queued" || row.expires_at <= now) return undefined;
        if (terms.session !== undefined && !(await sessions.holder(terms.session))) return undefined;
        const message = messageOf(row);
        if (!message.damaged) return (await leaseRow(engine, row, message, { ...terms, isStreamed: false })).delivery;
        damage.note(row.message_pk);
        return undefined;
      }),
    ack: (agentId, ref, receipt, evidence) =>
      ack(laneOf.agent(agentId), { agentId, ref, receipt, evidence }, (engine, context) =>
        ackDelivery(engine, context, agentId, ref, receipt, evidence),
      ),
    ackMany: async (agentId, acks) => {
      const { parts, failure: error } = await partsOnDisk(writeSliced, laneOf.agent(agentId), ackEach(agentId, acks));
      const answers = parts.flat();
      return [...answers, ...acks.slice(answers.length).map(() => ({ kind: "refused", error }) as const)];
    },
    nack: (agentId, ref, receipt, { delayMs, reason = null, retry, delayed }) =>
      under({ agentId, ref, receipt }, (engine, context, row) =>
        giveBack(
          engine,
          context,
          { ...row, agent_id: agentId },
          { event: "nacked", reason, failed: true, delayMs, delayed, retry },
        ),
      ),
    release: (agentId, ref, receipt, { reason, retry }) =>
      under({ agentId, ref, receipt }, (engine, context, row) =>
        giveBack(
          engine,
          context,
          { ...row, agent_id: agentId },
          { event: "released", reason, failed: false, delayMs: 0, retry },
        ),
      ),
    extend: (agentId, ref, receipt, leaseMs) =>
      under({ agentId, ref, receipt }, async ({ deliveries, timeline }, _context, row) => {
        await deliveries.setLeaseEnd(row.pk, leaseMs);
        await timeline.note(row.pk, "extended", { attempt: row.attempt, session: row.session_id, parties: row });
      }),
    reject: (agentId, ref, receipt, { reason, bounce }) =>
      under({ agentId, ref, receipt }, async (engine, context, row) => {
        await endUnacked(engine, context, row.pk, { state: "dead", event: "rejected", reason, bounce });
        context.hints.ready(agentId);
      }),
    recordPush: (agentId, ref, receipt, { path, failedWhy }) =>
      under({ agentId, ref, receipt }, async ({ deliveries, timeline }, _context, row) => {
        const { attempt, session_id: session } = row;
        if (failedWhy === undefined) await deliveries.countPush(row.pk);
        await timeline.note(row.pk, failedWhy === undefined ? "pushed" : "push_failed", {
          ...{ attempt, session, path, reason: failedWhy ?? null, parties: row },
        });
      }),
  };
}
