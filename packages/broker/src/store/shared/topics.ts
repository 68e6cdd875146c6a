/** What engines share of topics: what is kept of them, and which patterns mean one. */
import type { AgentId, MessageId } from "@agentmesh/protocol";
import type { InboxQuota } from "../../mesh/store.ts";

/** A published message that is kept for later subscribers. */
export interface RetainedRow {
  readonly pk: number;
  readonly id: MessageId;
  readonly topic: string;
  readonly sender_pk: number;
  readonly sender_id: AgentId;
  readonly by_program: 0 | 1;
  readonly body_bytes: number;
  readonly urgency: number;
  readonly expires_at: number;
}

/** A publish with those who have not got it yet. */
export interface UnderWay extends InboxQuota {
  readonly pk: number;
  readonly rest: readonly number[];
}

/** Which messages of a topic. */
export interface KeptTerms {
  readonly topic: string;
  readonly after: number;
  readonly limit: number;
}

/** A message that a topic keeps. */
export interface KeptRow {
  readonly pk: number;
  readonly expires_at: number;
  readonly needed: 0 | 1;
}

/**
 * Patterns that mean a topic, of those that somebody may be subscribed to: word by word along the index of patterns, and
 * no further where none begins so. It asks whether one begins with a text, and is told.
 */
export function* patternsOf(topic: string): Generator<string, string[], boolean> {
  const words = topic.split(".");
  const patterns: string[] = [];
  let heads = [""];
  for (const [i, word] of words.entries()) {
    patterns.push(...heads.map((head) => `${head}>`));
    const next = heads.flatMap((head) => [`${head}${word}`, `${head}*`]);
    if (i === words.length - 1) patterns.push(...next);
    else {
      heads = [];
      for (const head of next) if (yield `${head}.`) heads.push(`${head}.`);
    }
  }
  return patterns;
}
