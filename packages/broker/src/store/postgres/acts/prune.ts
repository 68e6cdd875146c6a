/** The act of pruning: what ended long ago, keys and published messages that nothing needs. */
import { MAX_RETAINED } from "@agentmesh/protocol";
import { ROWS, type Slice, sum } from "../commits/slices.ts";
import type { EngineContext } from "../context.ts";
import type { Engine } from "../engine.ts";

/** Events that one slice prunes: small, and all in one place. */
const EVENTS = 512;

/** How far a pruning has come. */
export interface Pruned {
  /** Ended deliveries that it deleted in this slice. */
  readonly dropped: number;
  /** What it is at: keys and deliveries, then topics in the order of their names. */
  readonly at: "ended" | "topics";
  /** The topic that it is at, and the message behind which it goes on there. */
  readonly topic: string;
  readonly message: number;
}

const BEGIN: Pruned = { dropped: 0, at: "ended", topic: "", message: 0 };

/** Prunes up to `limit` deliveries, a slice at a time. */
export function prune(retentionMs: number, limit: number) {
  return async (engine: Engine, context: EngineContext, kept: readonly Pruned[]): Promise<Slice<Pruned>> => {
    const from = kept.at(-1) ?? BEGIN;
    if (from.at === "topics") return pruneTopic(engine, context, from);
    const before = sum(kept.map(({ dropped }) => dropped));
    const { more, dropped } = await pruneEnded(engine, context, retentionMs, limit - before);
    const part = { ...BEGIN, dropped };
    if (more && before + dropped < limit) return { part, more: true };
    return { part: { ...part, at: "topics" }, more: before + dropped < limit };
  };
}

/** Deletes keys, ended deliveries and events; `more` when there may be others. */
async function pruneEnded(
  { agents, eventPruning, messages }: Engine,
  { numbers }: EngineContext,
  retentionMs: number,
  limit: number,
): Promise<{ readonly dropped: number; readonly more: boolean }> {
  const wanted = Math.min(ROWS, limit);
  const found = await messages.ended(retentionMs, wanted);
  // Whose keeping shrinks; with the timeline goes its place in the numbers of all.
  await agents.lock(found.map(({ sender_pk }) => sender_pk));
  await numbers.hold();
  const keys = await messages.dropOldKeys(ROWS);
  for (const { pk } of found) await messages.drop(pk);
  const events = await eventPruning.prune(retentionMs, EVENTS);
  return {
    dropped: found.length,
    more: keys === ROWS || events === EVENTS || (found.length > 0 && found.length === wanted),
  };
}

/** Deletes of one topic what is past its life or behind the newest, and is needed by nothing. */
async function pruneTopic(
  { agents, topics }: Engine,
  { numbers }: EngineContext,
  { topic: begun, message: after }: Pruned,
): Promise<Slice<Pruned>> {
  const topic = begun === "" ? await topics.topicBehind("") : begun;
  if (topic === undefined) return { part: { ...BEGIN, at: "topics" }, more: false };
  const behind = await topics.behindNewest(topic, MAX_RETAINED);
  const mayGo = async () =>
    (await topics.keptBehind({ topic, after, limit: ROWS })).filter(
      (row) => row.needed === 0 && (row.pk <= behind || topics.isOver(row)),
    );
  const rows = await topics.keptBehind({ topic, after, limit: ROWS });
  const found = new Set((await mayGo()).map(({ pk }) => pk));
  if (found.size > 0) {
    await agents.lock(rows.map(({ sender_pk }) => sender_pk));
    await numbers.hold();
    // What was put into an inbox meanwhile stays.
    for (const { pk } of await mayGo()) if (found.has(pk)) await topics.drop(pk);
  }
  const last = rows.at(-1);
  if (rows.length === ROWS && last) {
    return { part: { dropped: 0, at: "topics", topic, message: last.pk }, more: true };
  }
  const next = await topics.topicBehind(topic);
  return { part: { dropped: 0, at: "topics", topic: next ?? "", message: 0 }, more: next !== undefined };
}
