/** A task is the trace of a question: its state is that of the delivery, its artifact the answer. */
import type { Message, MessageStatus } from "@agentmesh/protocol";
import type { AskLook } from "../mesh/asks.ts";

/** States of a task that come up here. */
export type TaskState =
  | "TASK_STATE_SUBMITTED"
  | "TASK_STATE_WORKING"
  | "TASK_STATE_COMPLETED"
  | "TASK_STATE_FAILED"
  | "TASK_STATE_CANCELED"
  | "TASK_STATE_REJECTED";

type Traced = MessageStatus["deliveries"][number];

const STATES: Readonly<Record<Traced["state"], TaskState>> = {
  queued: "TASK_STATE_SUBMITTED",
  held: "TASK_STATE_SUBMITTED",
  leased: "TASK_STATE_WORKING",
  acked: "TASK_STATE_WORKING",
  dead: "TASK_STATE_FAILED",
  expired: "TASK_STATE_FAILED",
  refused: "TASK_STATE_REJECTED",
  cancelled: "TASK_STATE_CANCELED",
};

/** A task as it is shown. */
export interface Task {
  readonly id: string;
  readonly contextId: string;
  readonly status: { readonly state: TaskState; readonly timestamp: string; readonly message?: object };
  readonly artifacts?: readonly object[];
}

/** Whether nothing more comes of a task in this state. */
export function isOver(state: TaskState): boolean {
  return state !== "TASK_STATE_SUBMITTED" && state !== "TASK_STATE_WORKING";
}

/** The task that a question is. */
export function taskOf({ trace: { message, deliveries }, reply }: AskLook): Task {
  if (reply) return answeredTask(message, reply);
  const [delivery] = deliveries;
  const why = delivery && whyNot(delivery);
  return {
    id: message.id,
    contextId: message.threadId,
    status: {
      state: delivery ? stateOf(delivery) : "TASK_STATE_SUBMITTED",
      timestamp: delivery?.timeline.at(-1)?.at ?? message.acceptedAt,
      ...(why !== undefined && {
        message: {
          ...{ messageId: `${message.id}-status`, role: "ROLE_AGENT", parts: [textPart(why)] },
          ...{ taskId: message.id, contextId: message.threadId },
        },
      }),
    },
  };
}

/** The same once it is answered: what is posted, too, when the answer comes. */
export function answeredTask(question: Pick<Message, "id" | "threadId">, answer: Message): Task {
  return {
    id: question.id,
    contextId: question.threadId,
    status: { state: "TASK_STATE_COMPLETED", timestamp: answer.acceptedAt },
    artifacts: [{ artifactId: answer.id, name: "answer", parts: [textPart(answer.body)] }],
  };
}

/** A text as a part. */
export function textPart(text: string): object {
  return { text, mediaType: "text/plain" };
}

/** What a task is whose answer was waived: the question may be anywhere, nobody works on it for its asker. */
function stateOf({ state, answer }: Traced): TaskState {
  return answer?.why === undefined ? STATES[state] : "TASK_STATE_CANCELED";
}

function whyNot({ outlook, answer, reason, state }: Traced): string | undefined {
  if (answer?.why !== undefined) return `Its answer was ${answer.why}.`;
  if (outlook) return outlook.cause;
  if (state !== "acked") return reason;
  return answer?.status === "overdue"
    ? "It was read, and the answer is overdue; a late one still ends the task."
    : "It was read; the answer is awaited.";
}
