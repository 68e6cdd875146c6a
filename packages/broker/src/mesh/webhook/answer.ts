/** An answer that came with the answer to a post: sent as the webhook's agent, which acks what it answers. */
import { DEFAULT_TTL_MS, type LeasedDelivery, type Party } from "@agentmesh/protocol";
import type { Agents } from "../agents.ts";
import type { Messages } from "../messages.ts";

/** Sends it; false where nothing is to be answered: then the delivery is acked as any. @throws what a send throws */
export type AnswerPost = (
  agent: Party,
  delivery: Pick<LeasedDelivery, "id" | "message">,
  text: string,
) => Promise<boolean>;

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
      { endsTask: true },
    );
    return true;
  };
}
