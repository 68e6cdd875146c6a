/** `agentmesh send`: stores one message and tells the truth about its recipient. */
import type { Readable } from "node:stream";
import type { MeshClient } from "@agentmesh/client";
import {
  MessageRef,
  plainLine,
  type SendReply,
  systemRefusal,
  systemSentences,
  type Urgency,
} from "@agentmesh/protocol";
import { usageError } from "../command-error.ts";
import type { Context } from "../context.ts";
import { recipientText, stateStyle } from "../describe.ts";
import { jsonText, print, remark, style, warn } from "../output.ts";
import { awaitAck, requireAck } from "./await-ack.ts";
import { threadOf } from "./thread-ref.ts";

/** Options of `send`. */
export interface SendOptions {
  readonly reply?: string;
  readonly thread?: string;
  readonly urgency?: Urgency;
  readonly ttl?: number;
  readonly idempotencyKey?: string;
  readonly wait?: number;
}

/** Sends as the context's agent; without a recipient, to whom the reply is due. @throws CommandError, MeshApiError, BrokerUnreachableError */
export async function send(
  context: Context,
  to: string | undefined,
  words: readonly string[],
  options: SendOptions,
): Promise<void> {
  const inReplyTo = options.reply === undefined ? undefined : messageRefOf(options.reply);
  const body = await messageBody(words, to ?? `the sender of ${options.reply}`);
  const { client, agent } = await context.acting();
  const threadId =
    options.thread === undefined ? undefined : await threadOf(await context.admin(), options.thread, agent.name);
  const reply = await client.send({
    ...(to !== undefined && { to }),
    body,
    ...(threadId !== undefined && { threadId }),
    ...(inReplyTo !== undefined && { inReplyTo }),
    ...(options.urgency !== undefined && { urgency: options.urgency }),
    ...(options.ttl !== undefined && { ttlMs: options.ttl }),
    ...(options.idempotencyKey !== undefined && { idempotencyKey: options.idempotencyKey }),
  });
  if (!context.json) await printReply(reply);
  if (options.wait === undefined) return context.json ? print(jsonText(reply)) : undefined;
  await waitForAck(context, client, reply, options.wait);
}

/** The text of a message: the words of the command line, or standard input. @throws CommandError when it is empty */
export async function messageBody(words: readonly string[], to: string): Promise<string> {
  const fromStdin = words.length === 0 || (words.length === 1 && words[0] === "-");
  const body = fromStdin ? await textOf(process.stdin) : words.join(" ");
  if (body.trim() === "") throw usageError(`The message for ${to} is empty. Nothing was sent.`);
  return body;
}

async function waitForAck(context: Context, client: MeshClient, reply: SendReply, waitMs: number): Promise<void> {
  const outcome = await awaitAck(client, reply.messageId, waitMs, context.json ? () => {} : print);
  if (context.json) await print(jsonText({ ...reply, outcome: outcome.deliveries }));
  requireAck(outcome, waitMs);
  const answered = outcome.deliveries.some(({ timeline }) => timeline.at(-1)?.reason === "replied");
  if (answered && !context.json) remark("It was answered. Read the answer: agentmesh inbox");
}

async function printReply(reply: SendReply): Promise<void> {
  for (const { seq, state, rule, to, recipient, warnings } of reply.deliveries) {
    const goesFirst = rule.code === "interrupt";
    const ahead = reply.duplicate || goesFirst || state !== "queued" ? 0 : recipient.queued - 1;
    const order = ahead > 0 ? `; ${ahead} ${ahead === 1 ? "waits" : "wait"} before it` : "";
    const known = reply.duplicate ? "; sent before with this idempotency key, stored once" : "";
    const shown = style(stateStyle[state], state);
    await print(`${shown} as #${seq} for ${plainLine(to.name)} (${recipientText(recipient)})${order}${known}`);
    if (rule.code !== "normal") await print(plainLine(rule.detail, 400));
    for (const { detail } of warnings) warn(detail);
  }
  await print(reply.messageId);
  if (process.stdout.isTTY) remark(`Follow it: agentmesh log --message ${reply.messageId}`);
}

async function textOf(stdin: Readable & { readonly isTTY?: boolean }): Promise<string> {
  if (stdin.isTTY) remark("Type the message; Ctrl-D on an empty line sends it.");
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of stdin) chunks.push(Buffer.from(chunk));
  } catch (error) {
    const refusal = systemRefusal(error);
    if (!refusal) throw error;
    throw usageError(systemSentences(refusal, { about: "Standard input", denied: "cannot be read" }));
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks)).replace(/\r?\n$/, "");
  } catch {
    throw usageError("What came on stdin is not UTF-8 text. Nothing was sent. Put it in a file and send its path.");
  }
}

/** A message as people type it: an id, or the number in an inbox with or without `#`. @throws CommandError */
export function messageRefOf(text: string): MessageRef {
  const ref = MessageRef.safeParse(text.replace(/^#/, ""));
  if (ref.success) return ref.data;
  throw usageError(
    `"${text}" names no message. Write msg_… or dlv_…, at least 8 digits of one, or the number that an inbox shows, such as 12.`,
  );
}
