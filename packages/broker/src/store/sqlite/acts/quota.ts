/** The quota of an inbox: what would make it hold more open than it may is not put in. */
import { MeshError } from "../../../mesh/errors.ts";
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
