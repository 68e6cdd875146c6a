/** The Store port over SQLite: writes go through the commit queue, reads are answered at once. */
import type { AgentId, PolicyAction } from "@agentmesh/protocol";
import type { Clock } from "../../mesh/clock.ts";
import type { Store, StoreListener } from "../../mesh/store.ts";
import { indexWords, WordsBehind } from "./acts/index-words.ts";
import { voidLeases } from "./acts/lease.ts";
import { accept } from "./acts/send.ts";
import { followStepBack } from "./acts/shift.ts";
import { leaseForStreams } from "./acts/streamed.ts";

import { CommitQueue } from "./commits/commit-queue.ts";
import type { Flusher } from "./commits/durable.ts";
import { Leasable } from "./commits/leasable.ts";
import { SettledLooks } from "./commits/settled-looks.ts";
import { laneOf, SLICES, type SliceSizes } from "./commits/slices.ts";
import { type DiskTrouble, storageError } from "./commits/storage-error.ts";
import type { EngineContext, Notice } from "./context.ts";
import type { Database } from "./driver/database.ts";
import { PreparedWhenRun } from "./driver/when-first-run.ts";
import { prepareEngine } from "./engine.ts";
import type { Watermark } from "./file/watermark.ts";
import { CallersInMemory } from "./memory/callers.ts";
import type { SessionsInMemory } from "./memory/sessions.ts";
import { Undo } from "./memory/undo.ts";
import { accessVerbs } from "./verbs/access.ts";
import { agentCardVerbs } from "./verbs/agent-cards.ts";
import { agentVerbs } from "./verbs/agents.ts";
import { askVerbs } from "./verbs/asks.ts";
import { careVerbs } from "./verbs/care.ts";
import { decisionVerbs } from "./verbs/decisions.ts";
import { eventVerbs } from "./verbs/events.ts";
import { historyVerbs } from "./verbs/history.ts";
import { hookVerbs } from "./verbs/hooks.ts";
import { keepingVerbs } from "./verbs/keeping.ts";
import { leaseVerbs } from "./verbs/leases.ts";
import { legacyVerbs } from "./verbs/legacy-peers.ts";
import { lookVerbs } from "./verbs/looks.ts";
import { needVerbs } from "./verbs/needs.ts";
import type { VerbParts } from "./verbs/parts.ts";
import { sessionVerbs } from "./verbs/sessions.ts";
import { topicVerbs } from "./verbs/topics.ts";
import { webhookVerbs } from "./verbs/webhooks.ts";

/** An open database and what identifies it. */
export interface OpenDatabase {
  readonly db: Database;
  readonly instanceId: string;
  readonly epoch: string;
  readonly watermark: Watermark;
  /** Brings what is committed to disk; left out where SQLite does that itself, or is told not to. */
  readonly log?: LogToFlush | undefined;
  readonly notice: Notice;
  /** The broker before has written all that it knew. */
  readonly endedInOrder: boolean;
  /** What schema it had when it was opened, where that was an older one, and where the copy of it is. */
  readonly migrated?: { readonly from: number; readonly to: number; readonly backup?: string };
}

/** The log of a database, until it is closed. */
export interface LogToFlush extends Flusher {
  close(): void;
}

const NO_HELP: DiskTrouble = { makeRoom: () => false, unsynced: () => undefined };

/** The Store over an open database; leases of an earlier broker process are void and return at once. */
export function sqliteStore(...parts: Parameters<typeof openStore>): Store {
  return openStore(...parts).store;
}

/** The same, with the sessions that it has in memory. */
export function openStore(
  open: OpenDatabase,
  clock: Clock,
  trouble: DiskTrouble = NO_HELP,
  sizes: SliceSizes = SLICES,
  remoteSenders: PolicyAction = "accept",
): { readonly store: Store; readonly sessions: SessionsInMemory } {
  const { db } = open;
  let listener: StoreListener | undefined;
  const gone = new Set<AgentId>();
  let grown = false;
  let noted = false;
  let audited = false;
  const announced = { until: clock.now() };
  const undo = new Undo();
  const leasable = new Leasable(undo, () => listener);
  const context: EngineContext = {
    db: new PreparedWhenRun(db),
    ...{ clock, remoteSenders },
    changes: { count: 0 },
    undo,
    callers: new CallersInMemory(undo),
    leasable,
    left: (agentId) => {
      gone.add(agentId);
      undo.note(() => gone.delete(agentId));
    },
    publishing: new Map(),
    cutOff: new Set(),
    announced,
    delayed: (readyAt) => {
      announced.until = Math.min(announced.until, readyAt - 1);
    },
    worded: () => words.grew(),
    advanced: () => {
      grown = true;
    },
    audited: () => {
      audited = true;
    },
    happened: (agentPk, type, facts) => engine.events.note(agentPk, type, facts),
    notice: open.notice,
  };
  const engine = prepareEngine(context, open.epoch, open.endedInOrder, () => {
    noted = true;
  });
  const { timeline } = engine;
  /** Leases for the streams of each agent that something became leasable for. */
  function* followUps(): Generator<() => void> {
    for (const { agentId, offers } of leasable.open()) {
      yield () => {
        if (leaseForStreams(engine, context, agentId, offers) === 0) leasable.served(agentId);
      };
    }
  }
  const queue = new CommitQueue(
    db,
    {
      followUps,
      committed: () => {
        context.changes.count++;
        const goneIds = [...gone];
        const advanced = grown;
        const happened = grown || noted;
        const wasAudited = audited;
        gone.clear();
        grown = noted = audited = false;
        const position = timeline.lastPosition();
        const { hints, push } = leasable.take();
        return () => {
          if (advanced) open.watermark.advance(() => position);
          push();
          // After the promises of this commit have been answered: a wake is a hint and may come late.
          setImmediate(() => {
            for (const agentId of goneIds) listener?.left?.(agentId);
            for (const { agentId, isStreamed } of hints) listener?.ready(agentId, isStreamed);
            if (advanced) listener?.advanced();
            if (wasAudited) listener?.audited?.();
            if (happened) listener?.happened?.();
          });
        };
      },
      lost: () => leasable.lost(),
    },
    trouble,
    sizes,
    undo,
    open.log,
  );
  const settledLooks = new SettledLooks();
  const write: VerbParts["write"] = (lane, act) => queue.run(lane, act);
  const writeSliced: VerbParts["writeSliced"] = (lane, slice) => queue.runSliced(lane, slice);
  const peek = async <T>(act: () => T): Promise<T> => {
    try {
      return act();
    } catch (error) {
      throw storageError(error);
    }
  };
  const read = async <T>(act: () => T): Promise<T> => {
    const found = await peek(act);
    // Nobody is shown what a power cut could still take away.
    await queue.settled();
    await settledLooks.turn();
    return found;
  };
  const words = new WordsBehind(() => writeSliced(laneOf.words, indexWords(engine)));
  // What an earlier broker has left.
  words.grew();
  const parts: VerbParts = {
    engine,
    context,
    ...{ read, peek },
    write,
    writeSliced,
    hint: (agentId) => listener?.ready(agentId, false),
  };
  void write(laneOf.care, () => followStepBack(context, engine));
  void writeSliced(laneOf.care, voidLeases(engine));
  for (const id of engine.topics.allUnderWay()) context.cutOff.add(id);
  const topics = topicVerbs(parts);
  // What cannot be finished yet is the sweeper's.
  void topics.finishPublishes().catch(() => {});
  queue.flush();

  const store: Store = {
    instanceId: open.instanceId,
    isOnDuty: () => true,
    endBrokers: async () => 0,
    listen: (to) => {
      listener = to;
    },

    ...agentVerbs(parts),
    ...accessVerbs(parts),

    ...sessionVerbs(parts),
    ...leaseVerbs(parts),
    enqueue: (message, quota) => write(laneOf.sends(message.senderId), () => accept(engine, context, message, quota)),
    ...topics,
    ...askVerbs(parts),
    ...webhookVerbs(parts),
    ...hookVerbs(parts),
    ...agentCardVerbs(parts),
    ...legacyVerbs(parts),
    ...lookVerbs(parts),
    ...historyVerbs(parts),
    ...eventVerbs(parts),
    ...needVerbs(parts),

    ...keepingVerbs(parts),
    ...decisionVerbs(parts),
    ...careVerbs(parts),
    close: async () => {
      words.stop();
      const heard = engine.sessions.memory.unwritten();
      void write(laneOf.care, () => engine.sessions.write(heard)).catch(() => {});
      try {
        await queue.drain();
        open.watermark.advance(timeline.lastPosition, "clean");
        try {
          db.pragma("wal_checkpoint(TRUNCATE)");
        } catch {
          // A full disk: the log stays beside the database, and is read at the next start.
        }
      } finally {
        open.log?.close();
        db.close();
      }
    },
  };
  return { store, sessions: engine.sessions.memory };
}
