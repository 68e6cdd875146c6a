/** `agentmesh send`: stores one message and tells the truth about its recipient. */
import { MessageRef, plainLine, type SendReply, type Urgency } from "@agentmesh/protocol";
import { usageError } from "../../command-error.ts";
import type { Context } from "../../context.ts";
import { recipientText, stateStyle } from "../../describe.ts";
import { tellPage } from "../../page-link.ts";
import { inLocalTime } from "../../terminal/clock.ts";
import { jsonText, print, remark, sentence, style, tell, warn } from "../../terminal/output.ts";
import { textFrom } from "../../text-input.ts";
import { awaitAck, requireAck } from "../deliveries/await-ack.ts";
import { threadOf } from "./thread-ref.ts";

/** Options of `send`. */
export interface SendOptions {
  readonly file?: string;
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
  const about = to === undefined ? `answer to ${options.reply}` : `message for ${plainLine(to)}`;
  const body = await textFrom({ words, file: options.file }, about);
  const { client, patient, agent, by } = await context.acting();
  const threadId =
    options.thread === undefined ? undefined : await threadOf(await context.admin(), options.thread, agent.name);
  const reply = await client.send({
    ...(to !== undefined && { to }),
    body,
    ...by,
    ...(threadId !== undefined && { threadId }),
    ...(inReplyTo !== undefined && { inReplyTo }),
    ...(options.urgency !== undefined && { urgency: options.urgency }),
    ...(options.ttl !== undefined && { ttlMs: options.ttl }),
    ...(options.idempotencyKey !== undefined && { idempotencyKey: options.idempotencyKey }),
  });
  if (!context.json) {
    await printReply(reply);
    await tellPage(context, `message/${reply.messageId}`);
  }
  if (options.wait === undefined) return context.json ? print(jsonText(reply)) : undefined;
  const outcome = await awaitAck(patient, reply, options.wait, context.json);
  if (context.json) await print(jsonText({ ...reply, outcome: outcome.deliveries }));
  requireAck(outcome, options.wait);
  const answered = outcome.deliveries.some(({ timeline }) => timeline.at(-1)?.reason === "replied");
  if (answered && !context.json) remark("It was answered. Read the answer: agentmesh inbox");
}

async function printReply(reply: SendReply): Promise<void> {
  for (const { seq, state, rule, to, recipient, warnings } of reply.deliveries) {
    const goesFirst = rule.code === "interrupt";
    const ahead = reply.duplicate || goesFirst || state !== "queued" ? 0 : recipient.queued - 1;
    const order = ahead > 0 ? `; ${ahead} ${ahead === 1 ? "waits" : "wait"} before it` : "";
    const known = reply.duplicate ? "; sent before with this idempotency key, stored once" : "";
    const said = `${state} as #${seq} for ${plainLine(to.name)} (${recipientText(recipient)})${order}${known}`;
    await print(style(stateStyle[state], state) + sentence(said, "  ").slice(state.length));
    if (rule.code !== "normal") await tell(plainLine(inLocalTime(rule.detail), 400));
    for (const { detail } of warnings) warn(detail);
  }
  await print(reply.messageId);
  if (process.stdout.isTTY) remark(`What becomes of it: agentmesh trace ${reply.messageId}`);
}

/** A message as people type it: an id, or the number in an inbox with or without `#`. @throws CommandError */
export function messageRefOf(text: string): MessageRef {
  const ref = MessageRef.safeParse(text.replace(/^#/, ""));
  if (ref.success) return ref.data;
  throw usageError(
    `"${text}" names no message. Write msg_… or dlv_…, at least 8 digits of one, or the number that an inbox shows, such as 12.`,
  );
}
