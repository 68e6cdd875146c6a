/** An answer that came with the answer to a post: sent as the webhook's agent, which acks what it answers. */
import { DEFAULT_TTL_MS, errorTable, type LeasedDelivery, type Party } from "@agentmesh/protocol";
import type { Agents } from "../agents.ts";
import { MeshError } from "../errors.ts";
import type { Messages } from "../messages.ts";

/** Sends it; false where nothing is to be answered: then the delivery is acked as any. @throws what a send throws */
export type AnswerPost = (agent: Party, delivery: LeasedDelivery, text: string) => Promise<boolean>;

/**
 * Answers over the verb of every send. Asks are answered, and messages that begin something: an answer to an answer would
 * have two programs go on without end.
 */
export function answerPost(parts: { readonly agents: Agents; readonly messages: Messages }): AnswerPost {
  return async ({ id }, delivery, text) => {
    const { kind, topic, inReplyTo, answerBy, id: question } = delivery.message;
    const begins = inReplyTo === undefined || answerBy !== undefined;
    const agent = kind === "message" && topic === undefined && begins ? await parts.agents.find(id) : undefined;
    if (!agent) return false;
    await parts.messages.send(
      { kind: "agent", agent },
      {
        ...{ inReplyTo: question, body: text, urgency: "normal", ttlMs: DEFAULT_TTL_MS, byProgram: true },
        idempotencyKey: `answer-${delivery.id}`,
      },
    );
    return true;
  };
}

/** How long an answer is tried, and whether the webhook is still posted to; times in milliseconds. */
export interface AnswerTerms {
  readonly withinMs: number;
  readonly againInMs: number;
  readonly isOpen: () => boolean;
  readonly onFault: (error: unknown) => void;
}

/**
 * Sends an answer. What cannot be sent for the moment is tried again; what never can is let go, and false: the message was
 * taken, and a second post would have it done again. @throws what a send throws, when the webhook is no more
 */
export async function sendAnswer(
  send: () => Promise<boolean>,
  { withinMs, againInMs, isOpen, onFault }: AnswerTerms,
): Promise<boolean> {
  const until = performance.now() + withinMs;
  for (;;) {
    try {
      return await send();
    } catch (error) {
      if (!isOpen()) throw error;
      onFault(error);
      const mayPass = !(error instanceof MeshError) || errorTable[error.code].retryable;
      if (!mayPass || performance.now() > until) return false;
      await new Promise((resolve) => setTimeout(resolve, againInMs).unref());
    }
  }
}
