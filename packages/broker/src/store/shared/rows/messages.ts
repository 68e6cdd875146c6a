/** What is stored of messages, and what engines return of them beside their texts. */
import type { AgentId, MessageId, ThreadId, Urgency } from "@agentmesh/protocol";
import type { MessageToEnqueue } from "../../../mesh/store.ts";

/** Id under which the mesh itself sends notices. */
export const MESH_AGENT_ID: AgentId = `agt_${"0".repeat(32)}`;

/** An idempotency key in use. */
export interface KeyRow {
  readonly content_hash: string;
  readonly message_id: MessageId;
}

/** What is stored of a message, direct or published. */
export type NewMessage = Pick<MessageToEnqueue, "id" | "threadId" | "body" | "bodyBytes" | "ttlMs"> & {
  readonly inReplyTo?: MessageId | undefined;
  readonly hops?: number;
  readonly topic?: string;
  readonly urgency?: Urgency;
  readonly byProgram?: true | undefined;
};

/** Whether a program sent it with a person's token. */
export interface ByProgram {
  readonly by_program: 0 | 1;
}

/** A message's envelope as its sender and thread see it. */
export interface EnvelopeRow {
  readonly id: MessageId;
  readonly thread_id: ThreadId;
  readonly hops: number;
  readonly sender_id: AgentId;
  readonly sender_name: string;
}
