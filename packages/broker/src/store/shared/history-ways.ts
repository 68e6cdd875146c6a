/** By what messages are looked for. */
import type { HistoryQuery } from "../../mesh/store.ts";

/** Each goes along an index. */
export type HistoryWay = "match" | "thread" | "topic" | "party" | "all";

/** The narrowest way that a query allows. */
export function wayOf({ terms, thread, topic, party }: HistoryQuery): HistoryWay {
  if (terms !== undefined) return "match";
  if (thread !== undefined) return "thread";
  if (topic !== undefined) return "topic";
  return party === undefined ? "all" : "party";
}
