/** A trace: a message with its deliveries, what happened to each, why it is not acked and what was answered, piece by piece. */
import type {
  EndpointRequest,
  endpoints,
  MessageId,
  MessageStatus,
  TracedAnswer,
  TracedDelivery,
} from "@agentmesh/protocol";
import { plainLine } from "@agentmesh/protocol";
import type { Agents } from "../agents.ts";
import { waivedWords } from "../ask/waiving.ts";
import { type Caller, viewerOf } from "../caller.ts";
import { timestamp } from "../clock.ts";
import { unknownMessage } from "../errors.ts";
import type { GivenAnswer } from "../store/looks.ts";
import type { AskStatus, MessagePlace, Store } from "../store.ts";
import { outlookOf } from "./outlook.ts";
import type { Look } from "./turns.ts";

/** Deliveries of one piece. */
const PIECE = 5;

/**
 * One page of the deliveries of a message. Of what was published, a recipient sees its own delivery; the sender and the
 * mesh key see all. @throws MeshError message_not_found, cursor_invalid
 */
export async function traceOf(
  { store, agents }: { readonly store: Store; readonly agents: Agents },
  caller: Caller,
  { messageId, sender }: MessagePlace,
  query: EndpointRequest<(typeof endpoints)["getMessage"]>["query"],
  look: Look,
): Promise<MessageStatus> {
  const viewer = viewerOf(caller);
  const seesAll = viewer === undefined || viewer === sender.id;
  const message = await store.findMessage(messageId);
  if (!message) throw unknownMessage(messageId);
  const question = await store.questionOf(message, viewer);
  const ask = message.answerBy === undefined ? undefined : await store.askStatus(messageId);
  const answers = await answersTo(store, messageId, ask);
  const deliveries: TracedDelivery[] = [];
  let nextAfter = query.after;
  do {
    await look.turn();
    const part = await store.traceMessage(messageId, {
      viewer: seesAll ? undefined : viewer,
      after: nextAfter,
      limit: Math.min(PIECE, query.limit - deliveries.length),
    });
    for (const delivery of part.deliveries) {
      await look.turn();
      const recipient = await store.findAgent(delivery.to.id);
      const decides = viewer === undefined || viewer === delivery.to.id;
      const outlook = outlookOf(message, delivery, recipient && agents.show(recipient), decides);
      const answer = answerOf(delivery, ask, answers.get(delivery.to.id));
      deliveries.push({ ...delivery, ...(answer && { answer }), ...(outlook && { outlook }) });
    }
    nextAfter = part.nextAfter;
  } while (nextAfter !== undefined && deliveries.length < query.limit);
  return { message, ...(question && { question }), deliveries, ...(nextAfter !== undefined && { nextAfter }) };
}

/** The first answer of each recipient; that to an ask, in whatever thread it was given. */
async function answersTo(store: Store, messageId: MessageId, ask: AskStatus | undefined) {
  const given = await store.answersTo(messageId);
  const reply = ask?.reply?.message;
  if (reply) {
    const preview = plainLine(reply.body, 120);
    given.push({ by: reply.from.id, messageId: reply.id, acceptedAt: reply.acceptedAt, preview });
  }
  return new Map(given.reverse().map((answer) => [answer.by, answer]));
}

/** What is to be said of the answer of one recipient; undefined when none came and none was asked for. */
function answerOf(
  { to: from, timeline }: Pick<TracedDelivery, "to" | "timeline">,
  ask: Pick<AskStatus, "dueAt" | "overdue" | "ended" | "waived"> | undefined,
  given: GivenAnswer | undefined,
): TracedAnswer | undefined {
  const due = ask && { dueAt: timestamp(ask.dueAt) };
  if (given) {
    const { messageId, acceptedAt, preview } = given;
    return { status: "came", from, ...due, messageId, acceptedAt, preview };
  }
  if (!ask) return undefined;
  if (ask.waived) return { status: "not_coming", from, ...due, why: waivedWords(timeline) };
  return { status: ask.ended ? "not_coming" : ask.overdue ? "overdue" : "awaited", from, ...due };
}
