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
import type { AgentCaller } from "../mesh/caller.ts";
import { unknownMessage } from "../mesh/errors.ts";
import type { Mesh } from "../mesh/mesh.ts";
import { A2aRefusal } from "./refusals.ts";
import { parsed, SendMessageParams, TaskParams } from "./shapes.ts";
import { taskOf } from "./task.ts";
import { textOfParts } from "./text.ts";

/** One call: by whom, of which agent, and until when somebody waits for it. */
export interface A2aCall {
  readonly caller: AgentCaller;
  readonly card: AgentCard;
  readonly params: unknown;
  readonly signal: AbortSignal;
}

/** What a call is answered with; `taken` is to be called when that was written. */
export interface A2aAnswer {
  readonly result: unknown;
  readonly taken?: () => void;
}

type Operation = (mesh: Pick<Mesh, "asks" | "messages">, call: A2aCall) => Promise<A2aAnswer>;

const operations: Readonly<Record<string, Operation>> = {
  async SendMessage(mesh, { caller, card, params, signal }) {
    const { message, configuration } = parsed(SendMessageParams, params);
    if (message.taskId !== undefined) {
      throw new A2aRefusal(
        "UNSUPPORTED_OPERATION",
        `A task takes one message. Leave taskId out, and name the contextId of ${message.taskId} to go on in its thread. Nothing was stored.`,
      );
    }
    const { answer } = await mesh.asks.ask(
      caller,
      {
        to: card.agent.id,
        body: textOfParts(message.parts),
        urgency: "normal",
        waitMs: configuration?.returnImmediately ? 0 : MAX_WAIT_MS,
        answerWithinMs: DEFAULT_ANSWER_MS,
        ttlMs: DEFAULT_TTL_MS,
        // A client of A2A is a program, whoever's token it has.
        byProgram: true,
        idempotencyKey: keyOf(card, message.messageId),
        ...(message.contextId !== undefined && { threadId: threadOf(message.contextId) }),
      },
      signal,
    );
    const look = await mesh.asks.look(caller, answer.messageId);
    return { result: { task: taskOf(look) }, taken: look.taken };
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
};

const NOT_HERE: Readonly<Record<string, string>> = {
  SendStreamingMessage: "Nothing is streamed here, as the card says. Send with SendMessage.",
  SubscribeToTask: "Nothing is streamed here, as the card says. Ask with GetTask.",
  ListTasks: "Tasks are not listed here. Ask for one by its id with GetTask.",
};

/** Does what a method says. @throws A2aRefusal, MeshError */
export async function a2aCall(mesh: Mesh, method: string, call: A2aCall): Promise<A2aAnswer> {
  const operation = Object.hasOwn(operations, method) ? operations[method] : undefined;
  if (operation) return operation(mesh, call);
  const why = Object.hasOwn(NOT_HERE, method) ? NOT_HERE[method] : undefined;
  if (why !== undefined) throw new A2aRefusal("UNSUPPORTED_OPERATION", why);
  if (method === "GetExtendedAgentCard") {
    throw new A2aRefusal("EXTENDED_AGENT_CARD_NOT_CONFIGURED", "There is one card, and it is public.");
  }
  throw new A2aRefusal("METHOD_NOT_FOUND", "A2A 1.0 has no such method; those of 0.3 (message/send) are not served.");
}

async function looked({ asks }: Pick<Mesh, "asks">, { caller, card, params }: A2aCall) {
  const { id } = parsed(TaskParams, params);
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
