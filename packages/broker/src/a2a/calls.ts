/** The operations of A2A 1.0 on one agent, over the verbs of the mesh: a message is a question, its task is what becomes of it. */
import { createHash } from "node:crypto";
import {
  type AgentCard,
  DEFAULT_ANSWER_MS,
  DEFAULT_TTL_MS,
  MAX_WAIT_MS,
  MessageId,
  ThreadId,
} from "@agentmesh/protocol";
import { unknownMessage } from "../mesh/errors.ts";
import type { A2aAnswer, A2aCall, A2aVerbs, Operation } from "./operation.ts";
import { judgePushConfig, pushConfigOf, removePushConfig, setPushConfig } from "./push-configs.ts";
import { A2aRefusal } from "./refusals.ts";
import { CreatePushConfigParams, PushConfigParams, parsed, SendMessageParams, TaskParams } from "./shapes.ts";
import { isOver, taskOf } from "./task.ts";
import { textOfParts } from "./text.ts";
import { watched } from "./updates.ts";

const operations: Readonly<Record<string, Operation>> = {
  async SendMessage(mesh, call) {
    const look = await mesh.asks.look(call.caller, await sent(mesh, call, "waits"));
    return { result: { task: taskOf(look) }, taken: look.taken };
  },

  async SendStreamingMessage(mesh, call) {
    const { updates } = await watched(mesh, call, await sent(mesh, call, "streams"));
    return { updates };
  },

  async SubscribeToTask(mesh, call) {
    const { trace } = await looked(mesh, call);
    const { look, updates } = await watched(mesh, call, trace.message.id);
    if (!isOver(taskOf(look).status.state)) return { updates };
    throw new A2aRefusal("UNSUPPORTED_OPERATION", "The task is over, and nothing more comes of it. Ask with GetTask.");
  },

  async GetTask(mesh, call) {
    const look = await looked(mesh, call);
    return { result: taskOf(look), taken: look.taken };
  },

  async CancelTask(mesh, call) {
    const { trace } = await looked(mesh, call);
    await mesh.messages.cancel(call.caller, trace.message.id);
    return { result: taskOf(await looked(mesh, call)) };
  },

  async CreateTaskPushNotificationConfig(mesh, call) {
    const { taskId, ...config } = parsed(CreatePushConfigParams, call.params);
    await looked(mesh, call, taskId);
    await setPushConfig(mesh, call, config);
    return { result: (await pushConfigOf(mesh, call, taskId)) ?? {} };
  },

  async GetTaskPushNotificationConfig(mesh, call) {
    const { taskId } = parsed(PushConfigParams, call.params);
    await looked(mesh, call, taskId);
    const config = await pushConfigOf(mesh, call, taskId);
    if (!config) throw new A2aRefusal("TASK_NOT_FOUND", `Nothing is posted of ${taskId}: no push notification is set.`);
    return { result: config };
  },

  async ListTaskPushNotificationConfigs(mesh, call) {
    const { taskId } = parsed(PushConfigParams, call.params);
    await looked(mesh, call, taskId);
    const config = await pushConfigOf(mesh, call, taskId);
    return { result: { configs: config ? [config] : [] } };
  },

  async DeleteTaskPushNotificationConfig(mesh, call) {
    await looked(mesh, call, parsed(PushConfigParams, call.params).taskId);
    await removePushConfig(mesh, call);
    return { result: {} };
  },
};

const NOT_HERE: Readonly<Record<string, string>> = {
  ListTasks: "Tasks are not listed here. Ask for one by its id with GetTask.",
};

/** Does what a method says. @throws A2aRefusal, MeshError */
export async function a2aCall(mesh: A2aVerbs, method: string, call: A2aCall): Promise<A2aAnswer> {
  const operation = Object.hasOwn(operations, method) ? operations[method] : undefined;
  if (operation) return operation(mesh, call);
  const why = Object.hasOwn(NOT_HERE, method) ? NOT_HERE[method] : undefined;
  if (why !== undefined) throw new A2aRefusal("UNSUPPORTED_OPERATION", why);
  if (method === "GetExtendedAgentCard") {
    throw new A2aRefusal("EXTENDED_AGENT_CARD_NOT_CONFIGURED", "There is one card, and it is public.");
  }
  throw new A2aRefusal("METHOD_NOT_FOUND", "A2A 1.0 has no such method; those of 0.3 (message/send) are not served.");
}

/** Sends a message, and waits for its answer where it is to; returns its id. @throws A2aRefusal, MeshError */
async function sent(mesh: A2aVerbs, call: A2aCall, how: "waits" | "streams"): Promise<MessageId> {
  const { caller, card, params, signal } = call;
  const { message, configuration } = parsed(SendMessageParams, params);
  if (message.taskId !== undefined) {
    throw new A2aRefusal(
      "UNSUPPORTED_OPERATION",
      `A task takes one message. Leave taskId out, and name the contextId of ${message.taskId} to go on in its thread. Nothing was stored.`,
    );
  }
  const body = textOfParts(message.parts);
  const push = configuration?.taskPushNotificationConfig;
  if (push) await judgePushConfig(mesh, call, push);
  const { answer } = await mesh.asks.ask(
    caller,
    {
      to: card.agent.id,
      body,
      urgency: "normal",
      waitMs: how === "streams" || configuration?.returnImmediately ? 0 : MAX_WAIT_MS,
      answerWithinMs: DEFAULT_ANSWER_MS,
      ttlMs: DEFAULT_TTL_MS,
      // A client of A2A is a program, whoever's token it has.
      byProgram: true,
      idempotencyKey: keyOf(card, message.messageId),
      ...(message.contextId !== undefined && { threadId: threadOf(message.contextId) }),
    },
    signal,
    // What is refused changes nothing. An answer that is there by then is posted, too: it is in the inbox.
    async () => push && (await setPushConfig(mesh, call, push)),
  );
  return answer.messageId;
}

/** A task of the caller's with this agent. @throws MeshError message_not_found */
async function looked({ asks }: A2aVerbs, { caller, card, params }: A2aCall, named?: string) {
  const id = named ?? parsed(TaskParams, params).id;
  const messageId = MessageId.safeParse(id);
  const look = messageId.success ? await asks.look(caller, messageId.data) : undefined;
  if (look?.trace.deliveries[0]?.to.id === card.agent.id) return look;
  throw unknownMessage(id.slice(0, 64));
}

/** The same message to the same agent is one message, however often it is sent. */
function keyOf({ agent }: AgentCard, messageId: string): string {
  const hash = createHash("sha256").update(JSON.stringify([agent.id, messageId]));
  return `a2a-${hash.digest("base64url")}`;
}

/** @throws A2aRefusal INVALID_PARAMS */
function threadOf(contextId: string): ThreadId {
  const thread = ThreadId.safeParse(contextId);
  if (thread.success) return thread.data;
  throw new A2aRefusal("INVALID_PARAMS", "contextId is the one that an earlier task had (thr_…), or left out.");
}
