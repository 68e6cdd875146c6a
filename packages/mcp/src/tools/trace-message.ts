/** Tool trace_message: what became of a message, and why it is not acked. */
import { MessageRef, quoted, quotedReason } from "@agentmesh/protocol";
import * as z from "zod";
import { defangLine, questionText } from "../shown/render.ts";
import { trustData } from "./agent-row.ts";
import { isNothing } from "./as-meant.ts";
import { asTyped, tool } from "./tool.ts";

/** Shows state, timeline and outlook of each delivery of one message the agent sent or received. */
export const traceMessage = tool({
  name: "trace_message",
  description:
    "What became of a message you sent or got: its state, each step with its time, and why it is not acked with what can be done.",
  annotations: { title: "Trace a message", readOnlyHint: true, openWorldHint: false },
  input: z.strictObject({
    message_id: z
      .preprocess(asTyped, MessageRef)
      .meta({ description: "msg_… as send_message answered, or a number in your own inbox" }),
    after: z
      .string()
      .max(128)
      .refine((place) => !isNothing(place))
      .optional()
      .meta({ description: "for more recipients: next_after of the answer before" }),
  }),
  async run({ client }, { message_id, after }, signal) {
    const { message, question, deliveries, nextAfter } = await client.getMessage(
      { message: message_id, ...(after !== undefined && { after }) },
      { signal },
    );
    const rows = deliveries.map(({ seq, to, trust, state, attempt, timeline, earlierSteps, answer, outlook }) => ({
      message_id: String(seq),
      to: to.name,
      ...trustData(trust, message),
      state,
      attempt,
      steps: timeline.map(({ at, event, path, reason }) =>
        [at, event, path && `through ${path}`, reason && quotedReason(event, reason)].filter(Boolean).join(" "),
      ),
      ...(earlierSteps && { earlier_steps: true }),
      ...(answer && {
        answer: {
          status: answer.status,
          ...(answer.dueAt !== undefined && { due: answer.dueAt }),
          ...(answer.messageId !== undefined && { message_id: answer.messageId }),
          ...(answer.preview !== undefined && { preview: defangLine(answer.preview, 200) }),
          ...(answer.why !== undefined && { why: defangLine(answer.why) }),
        },
      }),
      ...(outlook && { cause: defangLine(outlook.cause, 800), remedy: defangLine(outlook.remedy, 800) }),
    }));
    const text = rows.map(
      (row) =>
        `For ${row.to}${row.trust === undefined ? "" : ` (trust ${row.trust})`}: ${row.state} (attempt ${row.attempt}).\n${row.earlier_steps ? "  (the newest steps)\n" : ""}${row.steps.map((step) => `  ${step}`).join("\n")}${
          row.answer === undefined ? "" : `\n${answerText(row.to, row.answer)}`
        }${row.cause === undefined ? "" : `\n${row.cause} ${row.remedy}`}`,
    );
    return {
      text: [
        `${message.id} from ${message.from.name}`,
        ...(question === undefined ? [] : [questionText(question)]),
        ...text,
        ...(nextAfter === undefined ? [] : [`It has more recipients: call trace_message with after: "${nextAfter}".`]),
      ].join("\n"),
      data: {
        id: message.id,
        from: message.from.name,
        ...(question !== undefined && {
          answers: {
            message_id: question.messageId,
            from: question.from.name,
            preview: defangLine(question.preview, 200),
          },
        }),
        deliveries: rows,
        ...(nextAfter !== undefined && { next_after: nextAfter }),
      },
    };
  },
});

function answerText(
  name: string,
  answer: {
    readonly status: string;
    readonly due?: string;
    readonly message_id?: string;
    readonly preview?: string;
    readonly why?: string;
  },
): string {
  const due = answer.due ?? "its time";
  switch (answer.status) {
    case "came":
      return `${name} answered with ${answer.message_id}: ${quoted(answer.preview ?? "")}`;
    case "awaited":
      return `An answer of ${name} is awaited until ${due}; do not ask again.`;
    case "overdue":
      return `An answer of ${name} is overdue since ${due}; a late one would still come.`;
    default:
      return answer.why === undefined
        ? `No answer of ${name} will come.`
        : `No answer of ${name} is owed any more: ${answer.why}. A late one would still come.`;
  }
}
