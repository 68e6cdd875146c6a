/** The quotas: what would make an inbox hold more open than it may, or the mesh keep more, is not put in. */
import { KEPT_BYTES_PER_DELIVERY, KEPT_BYTES_PER_MESSAGE } from "@agentmesh/protocol";
import { MeshError } from "../../mesh/errors.ts";
import { type KeepingQuota, LET_GO_FROM } from "../../mesh/store/keeping.ts";
import type { InboxQuota } from "../../mesh/store.ts";

/** How much is kept, or may be. */
export interface Count {
  readonly messages: number;
  readonly bytes: number;
}

/** Whether an inbox takes `bytes` more. */
export function takes(inbox: Count, bytes: number, quota: InboxQuota): boolean {
  return inbox.messages < quota.maxMessages && inbox.bytes + bytes <= quota.maxBytes;
}

/** The error for an inbox that does not. */
export function inboxFull(name: string, inbox: Count, quota: InboxQuota): MeshError {
  return new MeshError(
    "inbox_full",
    `The inbox of ${name} is full (${inbox.messages} of ${quota.maxMessages} messages, ${inbox.bytes} of ${quota.maxBytes} bytes). Nothing was stored; try again when it has read some.`,
  );
}

/** How soon a refused sender may try again, in milliseconds: history is let go once a minute. */
const RETRY_AFTER_MS = 60_000;

/** What a message with one delivery counts. */
export function keptBytes(bodyBytes: number): number {
  return KEPT_BYTES_PER_MESSAGE + 2 * bodyBytes + KEPT_BYTES_PER_DELIVERY;
}

/** Refuses what would have more kept than may be, of this sender or of all. @throws MeshError quota_full */
export function refuseKeeping(
  name: string,
  { own, all }: { readonly own: Count; readonly all: Count },
  more: Count,
  quota: KeepingQuota,
): void {
  const full =
    over(`${name} keeps`, own, more, { messages: quota.agentMessages, bytes: quota.agentBytes }) ??
    over("The mesh keeps", all, more, { messages: quota.meshMessages, bytes: quota.meshBytes });
  if (full === undefined) return;
  throw new MeshError(
    "quota_full",
    `${full}, history included. Nothing was stored. Room comes when what is open is read and history older than a day is let go; the owner of the mesh sees who keeps what: agentmesh status`,
    { retryAfterMs: RETRY_AFTER_MS },
  );
}

function over(who: string, now: Count, more: Count, most: Count): string | undefined {
  for (const unit of ["messages", "bytes"] as const) {
    if (most[unit] > 0 && now[unit] + more[unit] > most[unit]) return `${who} ${now[unit]} of ${most[unit]} ${unit}`;
  }
  return undefined;
}

/** Whether so much is kept that history has to go. */
export function isBeyond(now: Count, most: Count): boolean {
  return (
    (most.messages > 0 && now.messages > most.messages * LET_GO_FROM) ||
    (most.bytes > 0 && now.bytes > most.bytes * LET_GO_FROM)
  );
}

/** What of a sender and of all is beyond a quota, and from how many bytes on a sender may be; infinite when none is. */
export function letGoBeyond(quota: KeepingQuota): {
  readonly most: Count;
  readonly mesh: Count;
  readonly least: number;
} {
  const most = { messages: quota.agentMessages, bytes: quota.agentBytes };
  // A message counts 1,024 bytes at least: the index on bytes finds who has too many of them, too.
  const least = Math.min(
    most.bytes > 0 ? most.bytes : Number.POSITIVE_INFINITY,
    most.messages > 0 ? most.messages * KEPT_BYTES_PER_MESSAGE : Number.POSITIVE_INFINITY,
  );
  return {
    most,
    mesh: { messages: quota.meshMessages, bytes: quota.meshBytes },
    least: Math.floor(least * LET_GO_FROM),
  };
}
