/** How messages are looked for, and what is shown of those that were found. */
import { type HistoryEntry, MAX_DELIVERIES_PER_READ } from "@agentmesh/protocol";
import type { HistoryQuery } from "../../mesh/store.ts";
import { type DeliveryRow, deliveryOf, type MessageRow, messageOf, type ShownDeliveryRow } from "./rows/rows.ts";

/** Each goes along an index. */
export type HistoryWay = "match" | "thread" | "topic" | "party" | "all";

/** The narrowest way that a query allows. */
export function wayOf({ terms, thread, topic, party }: HistoryQuery): HistoryWay {
  if (terms !== undefined) return "match";
  if (thread !== undefined) return "thread";
  if (topic !== undefined) return "topic";
  return party === undefined ? "all" : "party";
}

/** What a look found. */
export interface Found {
  readonly fitting: readonly number[];
  readonly more: boolean | undefined;
  /** The last message looked at. */
  readonly edge: number;
}

/** Keys of messages that fit, at most one more than wanted, and how far the look went. */
export function foundIn(
  looked: readonly { readonly pk: number; readonly fits: number }[],
  { limit, lookAt }: Pick<HistoryQuery, "limit" | "lookAt">,
  edge: number,
): Found {
  const fitting = looked.filter(({ fits }) => fits === 1).map(({ pk }) => pk);
  return {
    fitting: fitting.slice(0, limit),
    more: fitting.length > limit ? true : looked.length < lookAt ? false : undefined,
    edge: looked.at(-1)?.pk ?? edge,
  };
}

/** A delivery of a message, with its life. */
export type DeliveryOfMessage = ShownDeliveryRow & Pick<DeliveryRow, "expires_at">;

/** A message with the first of its deliveries; `mayBeMore` says that it is being published still. */
export function historyEntry(
  row: MessageRow,
  shown: readonly DeliveryOfMessage[],
  mayBeMore: boolean,
  now: number,
): HistoryEntry {
  const [first] = shown;
  return {
    message: messageOf({
      ...row,
      recipient_name: first?.recipient_name ?? "",
      expires_at: first?.expires_at ?? row.expires_at,
    }),
    deliveries: shown.slice(0, MAX_DELIVERIES_PER_READ).map((delivery) => deliveryOf(delivery, now)),
    ...((shown.length > MAX_DELIVERIES_PER_READ || mayBeMore) && { moreDeliveries: true }),
  };
}
