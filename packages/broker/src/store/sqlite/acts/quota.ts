/** The quotas: what would make an inbox hold more open than it may, or the mesh keep more, is not put in. */
import type { KeepingQuota } from "../../../mesh/store/keeping.ts";
import type { InboxQuota } from "../../../mesh/store.ts";
import { type Count, inboxFull, refuseKeeping, takes } from "../../shared/quota.ts";
import type { Engine } from "../engine.ts";

/** Whether an inbox takes `bytes` more. */
function hasRoom(engine: Engine, agentPk: number, bytes: number, quota: InboxQuota): boolean {
  return takes(engine.inboxSize(agentPk), bytes, quota);
}

/** Refuses what an inbox does not take. @throws MeshError inbox_full */
export function checkRoom(
  engine: Engine,
  agent: { readonly pk: number; readonly name: string },
  bytes: number,
  quota: InboxQuota,
): void {
  if (hasRoom(engine, agent.pk, bytes, quota)) return;
  throw inboxFull(agent.name, engine.inboxSize(agent.pk), quota);
}

/** Refuses what would have more kept than may be, of this sender or of all. @throws MeshError quota_full */
export function checkKeeping(
  { keeping }: Engine,
  sender: { readonly pk: number; readonly name: string },
  more: Count,
  quota: KeepingQuota | undefined,
): void {
  if (!quota) return;
  refuseKeeping(sender.name, { own: keeping.of(sender.pk), all: keeping.all() }, more, quota);
}
