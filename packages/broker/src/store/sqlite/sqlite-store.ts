/** The Store port over SQLite: writes go through the commit queue, reads are answered at once. */
import type { AgentId } from "@agentmesh/protocol";
import type { Clock } from "../../mesh/clock.ts";
import type { RetryPolicy, Store, StoreListener } from "../../mesh/store.ts";
import { careVerbs } from "./care.ts";
import { CommitQueue, type DiskTrouble, storageError } from "./commit-queue.ts";
import type { EngineContext, Notice } from "./context.ts";
import type { LeaseRow } from "./deliveries.ts";
import type { Database } from "./driver/database.ts";
import { endUnacked } from "./end.ts";
import { prepareEngine } from "./engine.ts";
import { ackDelivery, giveBack, runOut, takeLeases, underLease, voidLeases } from "./lease.ts";
import { keepingVerbs } from "./let-go.ts";
import { lookVerbs } from "./looks.ts";
import { removeAgent } from "./remove-agent.ts";
import { accept } from "./send.ts";
import { askVerbs, decisionVerbs, historyVerbs, legacyVerbs, policyVerbs, topicVerbs } from "./verbs.ts";
import type { Watermark } from "./watermark.ts";
import { webhookVerbs } from "./webhooks.ts";

/** An open database and what identifies it. */
export interface OpenDatabase {
  readonly db: Database;
  readonly instanceId: string;
  readonly epoch: string;
  readonly watermark: Watermark;
  readonly notice: Notice;
}

const NO_HELP: DiskTrouble = { makeRoom: () => false, unsynced: () => undefined };

/** The Store over an open database; leases of an earlier broker process are void and return at once. */
export function sqliteStore(open: OpenDatabase, clock: Clock, trouble: DiskTrouble = NO_HELP): Store {
  const { db } = open;
  let listener: StoreListener | undefined;
  const readyAgents = new Set<AgentId>();
  let grown = false;
  const announced = { until: clock.now() };
  const context: EngineContext = {
    db,
    clock,
    ready: (agentId) => readyAgents.add(agentId),
    announced,
    delayed: (readyAt) => {
      announced.until = Math.min(announced.until, readyAt - 1);
    },
    advanced: () => {
      grown = true;
    },
    notice: open.notice,
  };
  const engine = prepareEngine(context, open.epoch);
  const { agents, sessions, deliveries, timeline } = engine;
  const queue = new CommitQueue(
    db,
    () => {
      const agentIds = [...readyAgents];
      const advanced = grown;
      readyAgents.clear();
      grown = false;
      // After the promises of this commit have been answered: a wake is a hint and may come late.
      setImmediate(() => {
        for (const agentId of agentIds) listener?.ready(agentId);
        if (advanced) listener?.advanced();
      });
      if (advanced) open.watermark.advance(timeline.lastPosition);
    },
    trouble,
  );
  const write = <T>(act: () => T): Promise<T> => queue.run(act);
  const read = async <T>(act: () => T): Promise<T> => {
    try {
      return act();
    } catch (error) {
      throw storageError(error);
    }
  };
  const giveBackAll = (
    leases: LeaseRow[],
    reason: string,
    retry: RetryPolicy,
    failed: (row: LeaseRow) => boolean = () => true,
  ): number => {
    for (const row of leases) {
      giveBack(engine, context, row, { event: "released", reason, failed: failed(row), delayMs: undefined, retry });
    }
    return leases.length;
  };
  const parts = { engine, context, read, write };
  void write(() => voidLeases(engine));
  queue.flush();

  return {
    instanceId: open.instanceId,
    listen: (to) => {
      listener = to;
    },

    registerAgent: (agent) => write(() => agents.register(agent)),
    agentByToken: (tokenHash) => read(() => agents.byToken(tokenHash)),
    findAgent: (nameOrId) => read(() => agents.find(nameOrId)),
    listAgents: () => read(agents.all),
    listArchived: () => read(agents.archived),
    reviveAgent: (agentId) =>
      write(() => {
        const row = agents.row(agentId);
        if (row) agents.revive(row);
        return agents.current(agentId);
      }),
    setSummary: (agentId, summary) =>
      write(() => {
        const row = agents.row(agentId);
        if (row) agents.setSummary(row.pk, summary);
      }),
    ...policyVerbs(parts),
    removeAgent: (agentId, bounce) => write(() => removeAgent(engine, context, agentId, bounce)),

    openSession: ({ id, agentId, profile, pushPaths }) =>
      write(() => {
        const row = agents.row(agentId);
        if (!row) return agents.current(agentId);
        agents.revive(row);
        agents.setProfile(row.pk, profile);
        sessions.open(id, row.pk, pushPaths, timeline.lastPosition());
        context.ready(agentId);
        return agents.current(agentId);
      }),
    touchSession: (id, agentId, pushPaths) =>
      write(() => {
        if (!sessions.touch(id, agentId, pushPaths)) return false;
        if (sessions.hear(id, timeline.lastPosition())) context.ready(agentId);
        return true;
      }),
    hasSession: (id) => read(() => sessions.has(id)),
    endSession: (id, agentId, retry) =>
      write(() => {
        if (!sessions.end(id, agentId)) return undefined;
        return giveBackAll(deliveries.leasedBy(id), "the session ended", retry, () => false);
      }),
    doubtSession: (id, ageMs) => write(() => void sessions.doubt(id, ageMs)),
    expireSessions: async (offlineAfterMs, retry) => {
      if (sessions.over(offlineAfterMs).length === 0 && !sessions.isAnyAhead()) return [];
      return write(() => {
        sessions.setBack();
        const over = sessions.over(offlineAfterMs);
        for (const { id, agent_id } of over) {
          sessions.end(id, agent_id);
          giveBackAll(deliveries.leasedBy(id), "the session missed its heartbeats", retry);
        }
        return over.map(({ id }) => id);
      });
    },

    enqueue: (message, quota) => write(() => accept(engine, context, message, quota)),
    ...topicVerbs(parts),
    ...askVerbs(parts),
    ...lookVerbs(parts),
    ...webhookVerbs(parts),
    ...legacyVerbs(parts),
    ...historyVerbs(parts),
    lease: async (terms) => {
      const agent = agents.row(terms.agentId);
      if (!agent || agent.queued_count === 0) return { leased: [], queued: 0 };
      return write(() => ({
        leased: takeLeases(engine, context, terms),
        queued: agents.row(terms.agentId)?.queued_count ?? 0,
        ...(terms.stream && terms.session && { silent: sessions.isSilent(terms.session) }),
      }));
    },
    ack: (agentId, ref, receipt, evidence) =>
      write(() => ackDelivery(engine, context, agentId, ref, receipt, evidence)),
    nack: (agentId, ref, receipt, { delayMs, reason = null, retry, delayed }) =>
      write(() =>
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
      write(() =>
        underLease(engine, context, agentId, ref, receipt, (row) => {
          deliveries.setLeaseEnd(row.pk, leaseMs);
          timeline.note(row.pk, "extended", { attempt: row.attempt, session: row.session_id });
        }),
      ),
    reject: (agentId, ref, receipt, { reason, bounce }) =>
      write(() =>
        underLease(engine, context, agentId, ref, receipt, (row) => {
          endUnacked(engine, context, row.pk, { state: "dead", event: "rejected", reason, bounce });
          context.ready(agentId);
        }),
      ),
    ...decisionVerbs(parts),
    recordPush: (agentId, ref, receipt, { path, failedWhy }) =>
      write(() =>
        underLease(engine, context, agentId, ref, receipt, (row) => {
          const { attempt, session_id: session } = row;
          if (failedWhy === undefined) deliveries.countPush(row.pk);
          timeline.note(row.pk, failedWhy === undefined ? "pushed" : "push_failed", {
            attempt,
            session,
            path,
            reason: failedWhy ?? null,
          });
        }),
      ),
    returnStreamed: async (session, afterPosition, retry) => {
      const rest = () => deliveries.streamedAfter(session, afterPosition ?? 0);
      if (rest().length === 0) return 0;
      const [reason, failed] =
        afterPosition === undefined ? ["the session's stream closed", true] : ["lost on the way to the session", false];
      return write(() => giveBackAll(rest(), reason, retry, () => failed));
    },

    expireLeases: async (limit, retry) => {
      if (deliveries.overdue(1).length === 0) return 0;
      return write(() => {
        const over = deliveries.overdue(limit);
        for (const lease of over) runOut(engine, context, lease, retry);
        return over.length;
      });
    },
    announceDue: () =>
      read(() => {
        const until = clock.now();
        const after = Math.min(announced.until, until);
        for (const { agent_id } of deliveries.due(after, until)) listener?.ready(agent_id);
        for (const { id } of agents.focusEnded(after, until)) listener?.ready(id);
        announced.until = until;
      }),
    ...keepingVerbs(parts),
    ...careVerbs(parts),
    close: async () => {
      queue.flush();
      open.watermark.advance(timeline.lastPosition, "clean");
      try {
        db.pragma("wal_checkpoint(TRUNCATE)");
      } catch {
        // A full disk: the log stays beside the database, and is read at the next start.
      }
      db.close();
    },
  };
}
