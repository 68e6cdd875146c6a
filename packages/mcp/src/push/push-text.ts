/** Deliveries as one text to push: with a nonce of its own, and what a path is told beside the text. */
import { randomInt } from "node:crypto";
import { renderPush, type ShownDelivery, senders } from "../shown/render.ts";
import type { PushMeta } from "./push-path.ts";
import type { Render } from "./push-paths.ts";

const LETTERS = "abcdefghijkmnpqrstuvwxyz23456789";
const NONCE_LENGTH = 10;

/** A word that stands in no other text: 50 bits, in letters that no client escapes. */
export function pushNonce(): string {
  return Array.from({ length: NONCE_LENGTH }, () => LETTERS[randomInt(LETTERS.length)]).join("");
}

/** The nonces in a text that was pushed. */
export function noncesIn(text: string): string[] {
  return [...text.matchAll(/\(push ([a-z0-9]{6,20})\)/g)].map(([, nonce = ""]) => nonce);
}

type Batch = readonly (ShownDelivery & { readonly id: string })[];

/** How a path's text is made of these deliveries; `waiting` more stand behind them. */
export function pushText(batch: Batch, waiting: number, nonce: string, heading: readonly string[] = []): Render {
  return (maxBytes) => renderPush(batch, { waiting, nonce, maxBytes, heading });
}

/** What is said of these deliveries beside the text. */
export function pushMeta(batch: Batch): PushMeta {
  const threads = new Set(batch.map(({ message }) => message.threadId));
  const [thread] = threads;
  return {
    from: senders(batch),
    message_id: batch.map(({ seq }) => seq).join(","),
    ...(threads.size === 1 && thread !== undefined && { thread_id: thread }),
    sent_at: batch[0]?.message.acceptedAt ?? "",
    ...(batch.some(({ redelivered }) => redelivered) && { redelivered: "true" as const }),
  };
}
