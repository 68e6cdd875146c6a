/** The act of pruning: what ended long ago, keys and published messages that nothing needs, and room given back. */
import { MAX_RETAINED } from "@agentmesh/protocol";
import { type Budget, each, ROWS, type Slice, sum } from "../commits/slices.ts";
import type { EngineContext } from "../context.ts";
import type { Engine } from "../engine.ts";

/** Free pages (4 KiB each) that the database keeps for what comes next, and how many one slice gives back to the disk. */
const KEPT_PAGES = 2_560;
const GIVEN_BACK_PAGES = 64;

/** Events that one slice prunes: small, and all in one place. */
const EVENTS = 512;

/** How far a pruning has come. */
interface Pruned {
  /** Ended deliveries that it deleted in this slice. */
  readonly dropped: number;
  /** What it is at: keys and deliveries, then topics in the order of their names, then the room. */
  readonly at: "ended" | "topics" | "room";
  readonly topic: string;
  readonly message: number;
}

const BEGIN: Pruned = { dropped: 0, at: "ended", topic: "", message: 0 };

/** Prunes up to `limit` deliveries, a slice at a time. */
export function prune(engine: Engine, context: EngineContext, retentionMs: number, limit: number) {
  const { messages, topics } = engine;
  return (budget: Budget, kept: readonly Pruned[]): Slice<Pruned> => {
    const from = kept.at(-1) ?? BEGIN;
    const dropped = sum(kept.map((part) => part.dropped));
    let part: Pruned = { ...from, dropped: 0 };
    if (part.at === "ended") {
      const keys = messages.dropOldKeys(ROWS);
      const wanted = Math.min(ROWS, limit - dropped);
      const { part: more, more: isMore } = each(budget, messages.ended(retentionMs, wanted), wanted, ({ pk }) =>
        messages.drop(pk),
      );
      part = { ...part, dropped: more };
      const events = engine.events.prune(retentionMs, EVENTS);
      if (keys === ROWS || events === EVENTS || (isMore && dropped + more < limit)) return { part, more: true };
      part = { ...part, at: dropped + more < limit ? "topics" : "room" };
    }
    if (part.at === "topics") {
      const reached = pruneTopics(budget, part);
      part = { ...part, ...reached };
      if (reached.at === "topics") return { part, more: true };
    }
    const free = Number(context.db.pragma("freelist_count", { simple: true }));
    if (free > KEPT_PAGES) context.db.pragma(`incremental_vacuum(${GIVEN_BACK_PAGES})`);
    return { part, more: free - GIVEN_BACK_PAGES > KEPT_PAGES };
  };

  /** Deletes of one topic after the other what is past its life or behind the newest, and is needed by nothing. */
  function pruneTopics(budget: Budget, { topic: begun, message }: Pruned): Pick<Pruned, "at" | "topic" | "message"> {
    let [topic, after] = [begun === "" ? topics.topicBehind("") : begun, message];
    while (topic !== undefined) {
      if (!budget.fits()) return { at: "topics", topic, message: after };
      const behind = topics.behindNewest(topic, MAX_RETAINED);
      const rows = topics.keptBehind({ topic, after, limit: ROWS });
      for (const row of rows) if (row.needed === 0 && (row.pk <= behind || topics.isOver(row))) topics.drop(row.pk);
      if (rows.length === ROWS) after = rows.at(-1)?.pk ?? after;
      else [topic, after] = [topics.topicBehind(topic), 0];
    }
    return { at: "room", topic: "", message: 0 };
  }
}
