/** What is posted to programs that speak A2A 1.0: a message to an agent there, or what comes of tasks to whoever asked here. */
import type { A2aOptions, Message, WebhookEvent } from "@agentmesh/protocol";
import { A2A_VERSION } from "./card.ts";
import { answeredTask, textPart } from "./task.ts";

/** Headers and body of a post. */
export interface A2aPost {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: object;
}

/** A task that nobody has: who speaks A2A says so, and does nothing. */
const TRIED = "agentmesh-test";

/** SendMessage to the agent behind a URL. Its text is as it was sent: A2A's own words say who speaks. `id` names the post in every attempt. */
export function messagePost(id: string, event: WebhookEvent, options: A2aOptions | undefined): A2aPost {
  const headers = { ...common("application/json", options), accept: "application/json" };
  if (event.type === "agentmesh.test.v1") {
    return { headers, body: { jsonrpc: "2.0", id, method: "GetTask", params: { id: TRIED } } };
  }
  const { message, trust } = event.data;
  const params = {
    message: {
      ...{ messageId: message.id, contextId: message.threadId, role: "ROLE_USER", parts: [textPart(message.body)] },
      metadata: { from: message.from.name, urgency: message.urgency, ...(trust !== undefined && { trust }) },
    },
    configuration: { acceptedOutputModes: ["text/plain"], returnImmediately: true },
  };
  return { headers, body: { jsonrpc: "2.0", id, method: "SendMessage", params } };
}

/** GetTask, for one that is at work. */
export function taskPost(id: string, taskId: string, options: A2aOptions | undefined): A2aPost {
  return {
    headers: { ...common("application/json", options), accept: "application/json" },
    body: { jsonrpc: "2.0", id, method: "GetTask", params: { id: taskId } },
  };
}

/** A push notification: the task that is answered; of any other message, the message. */
export function pushPost(id: string, event: WebhookEvent, options: A2aOptions | undefined): A2aPost {
  const token = options?.credentials === undefined ? options?.token : undefined;
  const headers = {
    ...common("application/a2a+json", options),
    ...(token !== undefined && { "x-a2a-notification-token": token }),
  };
  if (event.type === "agentmesh.test.v1") {
    const text = "agentmesh tries this webhook. It works; nothing is to be done.";
    return { headers, body: { message: { messageId: id, role: "ROLE_AGENT", parts: [textPart(text)] } } };
  }
  const { message } = event.data;
  const { inReplyTo: question, threadId } = message;
  const isAnswer = question !== undefined && message.kind === "message";
  return { headers, body: isAnswer ? { task: answeredTask({ id: question, threadId }, message) } : told(message) };
}

/** What says nothing final of a task: a notice of the mesh, or a message that answers none. */
function told({ id, threadId, inReplyTo, body }: Message): object {
  return {
    message: {
      ...{ messageId: id, contextId: threadId, role: "ROLE_AGENT", parts: [textPart(body)] },
      ...(inReplyTo !== undefined && { taskId: inReplyTo }),
    },
  };
}

function common(type: string, options: A2aOptions | undefined): Record<string, string> {
  const { scheme = "Bearer", credentials } = options ?? {};
  return {
    "content-type": type,
    "a2a-version": A2A_VERSION,
    ...(credentials !== undefined && { authorization: `${scheme} ${credentials}` }),
  };
}
