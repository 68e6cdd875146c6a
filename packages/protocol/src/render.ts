/** Messages as a model is shown them: fenced, harmless, each with the exact call that answers it. */
import type { Message } from "./message.ts";
import { plainLine, plainText } from "./plain-text.ts";

/** What a model is shown of a delivery. */
export interface ShownDelivery {
  readonly seq: number;
  readonly message: Message;
  /** It may have been shown before. */
  readonly redelivered: boolean;
}

// Opening brackets, in any of their widths, what may stand between them and a name, and what would be read as the name.
const TAG = /[<\uff1c\ufe64\u226e]+(?=([\s\p{M}\p{C}/\\\u2044\u2215\uff0f]*)([^<]{0,60}))/gsu;

// Names in which agentmesh, a client or a model's own format frame what is not the body's, wherever they stand.
const FENCES =
  /^(agentmesh|channel|system|antml|tool|function|invoke|task_notification|hook_(prompt|context)|user_prompt_submit|local_command|command_(name|message|args|contents)|user_instructions|environment_context|untrusted_context|(end_)?external_untrusted|\|\w+\|)/;

// The frame of tomorrow's client has such a name too; no element of HTML does, and little code.
const TAG_OF_TWO_WORDS = /^(?=[\p{L}_])(?=[^_]+_|_[^_])[\p{L}\p{N}_:]+(\/?[\s>]|$)/u;

/** `text` in which nothing can be taken for the tags that fence messages, tools, a client's own words or the system. */
export function defang(text: string): string {
  return plainText(text).replace(TAG, (opener, gap: string, behind: string, at: number, all: string) =>
    isFrame(opener, gap, behind, all.slice(0, at)) ? "‹".repeat(opener.length) : opener,
  );
}

function isFrame(opener: string, gap: string, behind: string, before: string): boolean {
  const name = bare(behind);
  if (FENCES.test(name.replace(/\s/g, ""))) return true;
  if (opener.length > 2 && gap === "" && /^\p{Lu}{2}/u.test(behind)) return true;
  if (!TAG_OF_TWO_WORDS.test(name) || /^\p{Pd}/u.test(behind)) return false;
  // `list<size_t>` and `i<max_i` are code, as is `ch <-my_value`; a frame is not glued to the word before it.
  return gap === "" ? !/[\p{L}\p{N}_]$/u.test(before) : /[^\s\p{M}\p{C}]/u.test(gap);
}

/** One line of another agent's words, for a list. */
export function defangLine(text: string, maxChars = 200): string {
  return defang(plainLine(text, maxChars));
}

/** What a tag's name would be taken for: without width, accents and invisible characters, every dash a `_`. */
function bare(text: string): string {
  return text
    .normalize("NFKD")
    .replace(/(?!\s)[\p{M}\p{C}]/gu, "")
    .replace(/[\p{Pd}\p{Pc}\u2212]/gu, "_")
    .toLowerCase();
}

/** One message in its fence, with the call that answers it. */
export function renderDelivery(shown: ShownDelivery): string {
  const { seq, message } = shown;
  return [
    ...fenced(shown, defang(message.body)),
    message.kind !== "message"
      ? "A notice of the mesh itself; nobody is there to answer it."
      : `${message.answerBy === undefined ? "To answer" : "An answer is waited for"}: reply(message_id: "${seq}", message: "…")`,
  ].join("\n");
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

function fenced({ seq, message, redelivered }: ShownDelivery, body: string, ...more: [string, string][]): string[] {
  const attributes = [
    ["from", message.from.name],
    ...(message.trust === "verified" ? [] : [["trust", message.trust]]),
    ["message", String(seq)],
    ["sent", message.acceptedAt],
    ...(message.urgency === "normal" ? [] : [["urgency", message.urgency]]),
    ...(message.answerBy === undefined ? [] : [["answer_by", message.answerBy]]),
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

/** A message that began its thread carries the thread's id behind another prefix. */
function isFirstOfThread(message: Message): boolean {
  return message.threadId.slice("thr_".length) === message.id.slice("msg_".length);
}
