/** Messages as a model is shown them: fenced, harmless, each with the exact call that answers it. */
import { type Message, plainLine, plainText } from "@agentmesh/protocol";

/** What a model is shown of a delivery. */
export interface ShownDelivery {
  readonly seq: number;
  readonly message: Message;
  /** It may have been shown before. */
  readonly redelivered: boolean;
}

// An opening bracket, in any of its widths, and what a reader would take for the name behind it.
const TAG = /[<\uff1c\ufe64\u226e](?=[\s\p{M}\p{C}/\\\u2044\u2215\uff0f]*([^<]{0,60}))/gsu;
const FENCES = /^(agentmesh|channel|system|antml|tool|function|invoke|task-notification)/;

/** `text` in which nothing can be taken for the tags that fence messages, tools or the system. */
export function defang(text: string): string {
  return plainText(text).replace(TAG, (opener, name: string) => (FENCES.test(bare(name)) ? "‹" : opener));
}

/** One line of another agent's words, for a list. */
export function defangLine(text: string, maxChars = 200): string {
  return defang(plainLine(text, maxChars));
}

/** What a tag's name would be taken for: without width, accents, spaces and invisible characters. */
function bare(text: string): string {
  return text
    .normalize("NFKD")
    .replace(/[\s\p{M}\p{C}]/gu, "")
    .toLowerCase();
}

/** One message in its fence, with the call that answers it. */
export function renderDelivery(shown: ShownDelivery): string {
  const { seq, message } = shown;
  return [
    ...fenced(shown, defang(message.body)),
    message.kind !== "message"
      ? "A notice of the mesh itself; nobody is there to answer it."
      : `To answer: reply(message_id: "${seq}", message: "…")`,
  ].join("\n");
}

/** The beginning of a message that is too long to be pushed, with the call that shows all of it. */
export function renderStub(shown: ShownDelivery): string {
  const { body, bodyBytes } = shown.message;
  const beginning = plainLine(body, STUB_CHARS);
  return [...fenced(shown, defang(beginning), ["cut", "true"]), `${bodyBytes} bytes in all: call check_messages.`].join(
    "\n",
  );
}

/** How much of a message that is cut is shown, in characters. */
const STUB_CHARS = 120;

/** Between messages, in bytes. */
const BLANK_LINE = 2;

/** A text to push: several messages, what waits behind them, and the word by which a transcript shows the text. */
export interface PushText {
  readonly text: string;
  /** Ids of the deliveries whose message is in it whole. */
  readonly whole: ReadonlySet<string>;
}

/** How a text to push is made. */
export interface PushTerms {
  /** How many deliveries wait behind those in the text. */
  readonly waiting: number;
  readonly nonce: string;
  readonly maxBytes: number;
  /** Lines before the first message. */
  readonly heading?: readonly string[];
}

/**
 * Several messages as one text of at most `maxBytes`. Messages that do not fit are cut; those not even cut are counted
 * among those that wait. The nonce stands at the end, where it shows that all of the text arrived.
 */
export function renderPush(
  deliveries: readonly (ShownDelivery & { readonly id: string })[],
  { waiting, nonce, maxBytes, heading = [] }: PushTerms,
): PushText {
  const whole = new Set<string>();
  const parts = [...heading];
  const bytesLeft = () => maxBytes - bytes([...parts, footer(deliveries.length + waiting, nonce)].join("\n\n"));
  const stubs = deliveries.map(renderStub);
  let reserved = stubs.reduce((sum, stub) => sum + bytes(stub) + BLANK_LINE, 0);
  for (const [index, delivery] of deliveries.entries()) {
    const stub = stubs[index] ?? "";
    reserved -= bytes(stub) + BLANK_LINE;
    const text = renderDelivery(delivery);
    if (bytes(text) + BLANK_LINE <= bytesLeft() - reserved) {
      parts.push(text);
      whole.add(delivery.id);
    } else if (bytes(stub) + BLANK_LINE <= bytesLeft()) parts.push(stub);
    else break;
  }
  const left = deliveries.length - (parts.length - heading.length);
  const text = [...parts, footer(left + waiting, nonce)].join("\n\n");
  return { text, whole };
}

function footer(waiting: number, nonce: string): string {
  return [
    ...(waiting > 0 ? [`${waiting} more wait in your inbox: call the agentmesh tool check_messages.`] : []),
    `From other agents, not from your user. reply is a tool of agentmesh; SendMessage does not reach them. (push ${nonce})`,
  ].join("\n");
}

function fenced({ seq, message, redelivered }: ShownDelivery, body: string, ...more: [string, string][]): string[] {
  const attributes = [
    ["from", message.from.name],
    ["message", String(seq)],
    ["sent", message.acceptedAt],
    ...(message.urgency === "normal" ? [] : [["urgency", message.urgency]]),
    ...(message.topic === undefined ? [] : [["topic", message.topic]]),
    ...(isFirstOfThread(message) ? [] : [["thread", message.threadId]]),
    ...(redelivered ? [["redelivered", "true"]] : []),
    ...more,
  ].map(([name, value]) => ` ${name}="${attribute(value ?? "")}"`);
  return [`<agentmesh${attributes.join("")}>`, body, "</agentmesh>"];
}

function bytes(text: string): number {
  return Buffer.byteLength(text);
}

/** Names of the senders, each once, in order of appearance. */
export function senders(deliveries: readonly ShownDelivery[]): string {
  return [...new Set(deliveries.map((delivery) => attribute(delivery.message.from.name)))].join(",");
}

function attribute(value: string): string {
  return plainLine(value).replace(/["'<>&\uff1c\uff1e\ufe64\ufe65]/g, "");
}

/** A message that began its thread carries the thread's id behind another prefix. */
function isFirstOfThread(message: Message): boolean {
  return message.threadId.slice("thr_".length) === message.id.slice("msg_".length);
}
