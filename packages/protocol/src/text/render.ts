/** Messages as a model is shown them: fenced, harmless, each with the exact call that answers it. */

import type { AnsweredQuestion } from "../message/delivery.ts";
import type { Message } from "../message/message.ts";
import { toldTrust } from "../message/told-trust.ts";
import { defang } from "./defang.ts";
import { plainLine } from "./plain-text.ts";
import { quoted } from "./quote.ts";

/** What a model is shown of a delivery. */
export interface ShownDelivery {
  readonly seq: number;
  readonly message: Message;
  /** Its trust class, where that is known. */
  readonly trust?: string | undefined;
  /** It may have been shown before. */
  readonly redelivered: boolean;
  /** What it answers, where that is known. */
  readonly question?: AnsweredQuestion | undefined;
}

/** One message in its fence, with the call that answers it. */
export function renderDelivery(shown: ShownDelivery): string {
  const { seq, message, question } = shown;
  return [
    ...fenced(shown, defang(message.body)),
    ...(question === undefined ? [] : [questionText(question)]),
    message.kind !== "message"
      ? "A notice of the mesh itself; nobody is there to answer it."
      : `${isOwed(message) ? "An answer is waited for" : "To answer"}: reply(message_id: "${seq}", message: "…")`,
  ].join("\n");
}

/** What a message answers, in a line of the mesh. */
export function questionText({ messageId, from, preview }: AnsweredQuestion): string {
  return `It answers ${messageId} of ${plainLine(from.name)}: ${quoted(preview)}`;
}

/** How much of a message that is cut is shown, in characters. */
const STUB_CHARS = 120;

/** The beginning of a message that is too long to be pushed, with the call that shows all of it. */
export function renderStub(shown: ShownDelivery): string {
  const { body, bodyBytes } = shown.message;
  const beginning = plainLine(body, STUB_CHARS);
  return [...fenced(shown, defang(beginning), ["cut", "true"]), `${bodyBytes} bytes in all: call check_messages.`].join(
    "\n",
  );
}

function fenced(shown: ShownDelivery, body: string, ...more: [string, string][]): string[] {
  const { seq, message, redelivered } = shown;
  const trust = toldTrust(shown.trust, message);
  const attributes = [
    ["from", message.from.name],
    ...(trust === undefined ? [] : [["trust", trust]]),
    ["message", String(seq)],
    ["sent", message.acceptedAt],
    ...(message.urgency === "normal" ? [] : [["urgency", message.urgency]]),
    ...(isOwed(message) ? [["answer_by", message.answerBy]] : []),
    ...(message.topic === undefined ? [] : [["topic", message.topic]]),
    ...(isFirstOfThread(message) ? [] : [["thread", message.threadId]]),
    ...(message.inReplyTo === undefined ? [] : [["in_reply_to", message.inReplyTo]]),
    ...(redelivered ? [["redelivered", "true"]] : []),
    ...more,
  ].map(([name, value]) => ` ${name}="${fenceAttribute(value ?? "")}"`);
  return [`<agentmesh${attributes.join("")}>`, body, "</agentmesh>"];
}

/** A value for an attribute of the fence. */
export function fenceAttribute(value: string): string {
  return plainLine(value).replace(/["'<>&\uff1c\uff1e\ufe64\ufe65]/g, "");
}

/** Somebody waits for the answer to it. */
function isOwed({ answerBy, answerWaivedAt }: Message): boolean {
  return answerBy !== undefined && answerWaivedAt === undefined;
}

/** A message that began its thread carries the thread's id behind another prefix. */
function isFirstOfThread(message: Message): boolean {
  return message.threadId.slice("thr_".length) === message.id.slice("msg_".length);
}
