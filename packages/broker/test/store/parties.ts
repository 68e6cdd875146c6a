/** Agents, and messages between them, as suites make them where nothing depends on what is in them. */
import type { AgentId } from "@agentmesh/protocol";
import { newId } from "../../src/mesh/ids.ts";
import type { MessageToEnqueue, Store } from "../../src/mesh/store.ts";

/** Registers an agent of this name, which is its token's hash, too. */
export async function registered(store: Store, name: string): Promise<AgentId> {
  const asked = { id: newId("agt"), tokenHash: name, name, ifTaken: "refuse", profile: {} } as const;
  return (await store.registerAgent(asked)).agent.id;
}

/** A message that begins a thread, and lives for a minute unless it is said otherwise. */
export function messageFrom(
  senderId: AgentId,
  recipientId: AgentId,
  { body = "text", ...more }: Partial<MessageToEnqueue> = {},
): MessageToEnqueue {
  const id = newId("msg");
  return {
    ...{ id, threadId: `thr_${id.slice(4)}`, deliveryId: newId("dlv"), senderId, recipientId, inReplyTo: undefined },
    ...{ body, bodyBytes: Buffer.byteLength(body), ttlMs: 60_000, idempotency: undefined, answers: undefined },
    ...more,
  };
}
