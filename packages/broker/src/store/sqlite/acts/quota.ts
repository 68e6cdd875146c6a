/** The quotas: what would make an inbox hold more open than it may, or the mesh keep more, is not put in. */
import { KEPT_BYTES_PER_DELIVERY, KEPT_BYTES_PER_MESSAGE } from "@agentmesh/protocol";
import { MeshError } from "../../../mesh/errors.ts";
import type { KeepingQuota } from "../../../mesh/store/keeping.ts";
import type { InboxQuota } from "../../../mesh/store.ts";
import type { Engine } from "../engine.ts";

/** Whether an inbox takes `bytes` more. */
export function hasRoom(engine: Engine, agentPk: number, bytes: number, quota: InboxQuota): boolean {
  const inbox = engine.inboxSize(agentPk);
  return inbox.messages < quota.maxMessages && inbox.bytes + bytes <= quota.maxBytes;
}

/** Refuses what an inbox does not take. @throws MeshError inbox_full */
export function checkRoom(
  engine: Engine,
  agent: { readonly pk: number; readonly name: string },
  bytes: number,
  quota: InboxQuota,
): void {
  if (hasRoom(engine, agent.pk, bytes, quota)) return;
  const inbox = engine.inboxSize(agent.pk);
  throw new MeshError(
    "inbox_full",
    `The inbox of ${agent.name} is full (${inbox.messages} of ${quota.maxMessages} messages, ${inbox.bytes} of ${quota.maxBytes} bytes). Nothing was stored; try again when it has read some.`,
  );
}

/** How soon a refused sender may try again, in milliseconds: history is let go once a minute. */
const RETRY_AFTER_MS = 60_000;

/** What a message with one delivery counts. */
export function keptBytes(bodyBytes: number): number {
  return KEPT_BYTES_PER_MESSAGE + 2 * bodyBytes + KEPT_BYTES_PER_DELIVERY;
}

/** Refuses what would have more kept than may be, of this sender or of all. @throws MeshError quota_full */
export function checkKeeping(
  { keeping }: Engine,
  sender: { readonly pk: number; readonly name: string },
  more: { readonly messages: number; readonly bytes: number },
  quota: KeepingQuota | undefined,
): void {
  if (!quota) return;
  const own = keeping.of(sender.pk);
  const all = keeping.all();
  const full =
    over(`${sender.name} keeps`, own, more, { messages: quota.agentMessages, bytes: quota.agentBytes }) ??
    over("The mesh keeps", all, more, { messages: quota.meshMessages, bytes: quota.meshBytes });
  if (full === undefined) return;
  throw new MeshError(
    "quota_full",
    `${full}, history included. Nothing was stored. Room comes when what is open is read and history older than a day is let go; the owner of the mesh sees who keeps what: agentmesh status`,
    { retryAfterMs: RETRY_AFTER_MS },
  );
}

/** How much is kept, or may be. */
export interface Count {
  readonly messages: number;
  readonly bytes: number;
}

function over(who: string, now: Count, more: Count, most: Count): string | undefined {
  for (const unit of ["messages", "bytes"] as const) {
    if (most[unit] > 0 && now[unit] + more[unit] > most[unit]) return `${who} ${now[unit]} of ${most[unit]} ${unit}`;
  }
  return undefined;
}
