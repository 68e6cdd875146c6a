/** The quotas, as an inbox and what is kept stand in an act. */
import type { KeepingQuota } from "../../../mesh/store/keeping.ts";
import type { InboxQuota } from "../../../mesh/store.ts";
import { type Count, inboxFull, refuseKeeping, takes } from "../../shared/quota.ts";
import type { Engine } from "../engine.ts";

/** Whether an inbox takes `bytes` more. */
export async function hasRoom(engine: Engine, agentPk: number, bytes: number, quota: InboxQuota): Promise<boolean> {
  return takes(await engine.deliveryPages.inboxSize(agentPk), bytes, quota);
}

/** Refuses what an inbox does not take. @throws MeshError inbox_full */
export async function checkRoom(
  engine: Engine,
  agent: { readonly pk: number; readonly name: string },
  bytes: number,
  quota: InboxQuota,
): Promise<void> {
  const inbox = await engine.deliveryPages.inboxSize(agent.pk);
  if (!takes(inbox, bytes, quota)) throw inboxFull(agent.name, inbox, quota);
}

/** Refuses what would have more kept than may be, of this sender or of all. @throws MeshError quota_full */
export async function checkKeeping(
  { keeping }: Engine,
  sender: { readonly pk: number; readonly name: string },
  more: Count,
  quota: KeepingQuota | undefined,
): Promise<void> {
  if (!quota) return;
  refuseKeeping(sender.name, { own: await keeping.of(sender.pk), all: await keeping.all() }, more, quota);
}
