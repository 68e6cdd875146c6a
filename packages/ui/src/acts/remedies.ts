/** What ends a need, each as one call. */
import type { TestWebhookReply } from "@agentmesh/protocol";
import { act } from "../frame/calls.ts";

/** Puts dead letters back into their inboxes, one after another; @throws where one is refused, with how many went before. */
export async function redrive(ids: readonly string[]): Promise<void> {
  await each(ids, (id) => act("POST", `/v1/deliveries/${id}/redrive`));
}

/** Takes dead letters off the list. */
export async function dismiss(ids: readonly string[]): Promise<void> {
  await each(ids, (id) => act("POST", `/v1/deliveries/${id}/dismiss`));
}

/** Lets held mail in. */
export function admit(id: string): Promise<unknown> {
  return act("POST", `/v1/deliveries/${id}/admit`);
}

/** Refuses held mail for good. */
export function refuse(id: string): Promise<unknown> {
  return act("POST", `/v1/deliveries/${id}/refuse`, {});
}

/** Has nobody owe the answer to a question any more. */
export function waive(messageId: string): Promise<unknown> {
  return act("POST", `/v1/messages/${messageId}/waive`);
}

/** Has a test event posted to an agent's webhook; @throws why it was not taken. */
export async function testWebhook(agentId: string): Promise<void> {
  const { taken, why } = await act<TestWebhookReply>("POST", `/v1/agents/${agentId}/webhook/test`);
  if (!taken) throw new Error(`It was not taken: ${why ?? "no reason was given"}`);
}

/** Answers a message as the person. */
export function reply(messageId: string, body: string): Promise<unknown> {
  return act("POST", "/v1/messages", { inReplyTo: messageId, body, idempotencyKey: crypto.randomUUID() });
}

/** Sends a message as the person; the reply names the message. */
export function send(
  to: string,
  body: string,
  more: { readonly urgency?: string; readonly ttlMs?: number } = {},
): Promise<{ messageId: string }> {
  return act("POST", "/v1/messages", { to, body, ...more, idempotencyKey: crypto.randomUUID() });
}

async function each(ids: readonly string[], one: (id: string) => Promise<unknown>): Promise<void> {
  for (const [done, id] of ids.entries()) {
    try {
      await one(id);
    } catch (error) {
      if (done === 0) throw error;
      throw new Error(`${done} of ${ids.length} are done. Then: ${error instanceof Error ? error.message : error}`);
    }
  }
}
