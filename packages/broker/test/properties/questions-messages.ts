/** Questions about messages: send, find by reference, page through an inbox and the log, with what the answers must be. */
import { isDeepStrictEqual } from "node:util";
import type { AgentId, Message, MessageRef, PolicyAction } from "@agentmesh/protocol";
import type { MessageToEnqueue, MessageToPublish } from "../../src/mesh/store.ts";
import { beginDelivery, beginMessage, isFull } from "./acceptance.ts";
import { checkStatus } from "./accounts.ts";
import { type AgentHistory, type DeliveryHistory, isOpen, short, time } from "./history.ts";
import { sent } from "./judging.ts";
import { type Observer, outcome, type Question } from "./observer.ts";
import { demand } from "./promises.ts";
import { answerAsk, openAsk } from "./questions-asks.ts";
import { judgeEnd } from "./returns.ts";
import { QUOTA } from "./world.ts";

/** Sends a message: accepted once, or refused for a reason that the history knows. */
export function send(asked: MessageToEnqueue): Question {
  return async (o) => {
    const answer = await outcome(o.world.store.enqueue(asked, QUOTA));
    return sent(asked.senderId, () => {
      const { history, now } = o;
      history.sends.push(asked);
      const { idempotency, senderId, recipientId } = asked;
      const sender = history.agent(senderId);
      const recipient = history.agent(recipientId);
      const used = history.keyInUse(senderId, idempotency?.key, now);
      const other = used !== undefined && used.contentHash !== idempotency?.contentHash;
      const full = recipient !== undefined && isFull(o, recipient, asked.bodyBytes);
      const action = recipient ? actionOn(o, recipient, asked) : "accept";
      const whom = `${sender?.name} → ${recipient?.name} (${asked.bodyBytes} bytes, key ${idempotency?.key})`;

      if (answer.kind === "refused") {
        o.say(`send ${whom}: ${answer.code}`);
        const just: Record<string, boolean> = {
          unauthenticated: !sender,
          agent_not_found: !recipient,
          idempotency_mismatch: other,
          inbox_full: full && !used,
          refused_by_policy: action === "refuse" && !full && !used,
        };
        const promise =
          full && used ? "I4 send idempotence" : answer.code === "refused_by_policy" ? "policy" : "I8 quota";
        demand(just[answer.code] === true, promise, () => `the send ${whom} was refused without cause: ${answer.code}`);
        return;
      }
      const { duplicate, message, delivery } = answer.value;
      o.say(`send ${whom}: #${delivery.seq}${duplicate ? " (duplicate)" : ""}${asked.answers ? " as answer" : ""}`);
      demand(!other, "I4 send idempotence", () => `key ${idempotency?.key} was accepted with other content: ${whom}`);
      demand(duplicate === (used !== undefined), "I4 send idempotence", () => `${whom} has duplicate: ${duplicate}`);
      demand(sender !== undefined, "I10 authenticity", () => `a message of a removed agent was accepted: ${whom}`);
      if (used) {
        const [first] = used.of.deliveries;
        const same = message.id === used.of.id && delivery.id === first?.id && delivery.state === first.state;
        demand(same, "I4 send idempotence", () => `the repeated send ${whom} was answered as another message`);
        return;
      }
      demand(!full, "I8 quota", () => `${whom} was accepted into a full inbox`);
      demand(recipient !== undefined, "I2 no misdelivery", () => `a message to a removed agent was accepted: ${whom}`);
      demand(action !== "refuse", "policy", () => `${whom} was accepted although its receiver refuses it`);
      const held = action === "hold";
      demand((delivery.state === "held") === held, "policy", () => `${whom} is ${delivery.state}, policy: ${action}`);
      checkEcho(message, delivery.id, asked, sender.name, now);
      const of = beginMessage(o, message, asked.ttlMs);
      const { keepBackMs } = asked;
      const begun = beginDelivery(o, { id: delivery.id, seq: delivery.seq, of, to: recipient, held, keepBackMs });
      demand(
        delivery.state === begun.state,
        "I13 conservation",
        () => `${whom} was answered ${delivery.state}, not ${begun.state}`,
      );
      if (asked.answerWithinMs !== undefined) openAsk(o, begun, sender, asked.answerWithinMs);
      answerAsk(o, of, sender, recipient);
      if (idempotency) {
        const { key, contentHash, windowMs } = idempotency;
        history.useKey(senderId, key, { contentHash, of, until: now + windowMs });
      }
      const answered = asked.answers && history.named(senderId, asked.answers);
      if (answered) o.heardOfHolder(answered);
      if (answered && asked.endsTask) answered.task = undefined;
      if (answered && isOpen(answered)) {
        const reason = answered.of.message.from.id === recipientId ? "replied" : "read";
        o.proves(answered);
        judgeEnd(o, answered, "acked", "acked", { reason });
      }
      // As it was accepted: a stream may have it by now.
      const queued = history.queued(recipientId).length + (begun.state === "leased" ? 1 : 0);
      demand(
        answer.value.recipient.id === recipientId && answer.value.recipient.queued === queued,
        "I13 conservation",
        () => `the sender was told of ${answer.value.recipient.queued} queued for ${recipient.name}, not ${queued}`,
      );
    });
  };
}

/** What the recipient's policy does; what it has sent itself may be answered. */
function actionOn(o: Observer, recipient: AgentHistory, { senderId, inReplyTo }: MessageToEnqueue): PolicyAction {
  const answered = o.history.message(inReplyTo);
  if (answered && !answered.gone && answered.message.from.id === recipient.id) return "accept";
  return o.history.action(recipient, senderId);
}

function checkEcho(message: Message, id: string, asked: MessageToEnqueue, name: string, now: number): void {
  checkAccepted(message, asked, name, now);
  const { inReplyTo, topic } = message;
  const direct = inReplyTo === asked.inReplyTo && topic === undefined;
  demand(direct, "I10 authenticity", () => `accepted was ${JSON.stringify(message)}`);
  demand(id === asked.deliveryId, "I10 authenticity", () => "the delivery has another id than asked");
}

/** What was accepted is what was asked, from whoever asked. */
export function checkAccepted(
  message: Message,
  asked: MessageToEnqueue | MessageToPublish,
  name: string,
  now: number,
): void {
  const expected = {
    ...{ id: asked.id, kind: "message", body: asked.body, bodyBytes: asked.bodyBytes, threadId: asked.threadId },
    ...{ urgency: asked.urgency ?? "normal", hops: asked.hops ?? 0, from: { id: asked.senderId, name } },
    ...{ acceptedAt: time(now), expiresAt: time(now + asked.ttlMs) },
    answerBy: asked.answerWithinMs === undefined ? undefined : time(now + asked.answerWithinMs),
  };
  const said = { ...message };
  for (const [key, value] of Object.entries(expected)) {
    const is: unknown = said[key as keyof typeof said];
    demand(isDeepStrictEqual(is, value), "I10 authenticity", () => `${key} was ${value}, accepted was ${is}`);
  }
}

/** Looks a delivery up by its message, its id or its seq, as one agent or as the owner of the mesh. */
export function look(delivery: DeliveryHistory, by: "message" | "id" | "seq", viewer: AgentId | undefined): Question {
  return async (o) => {
    const { of } = delivery;
    const ref = { message: of.id, id: delivery.id, seq: String(delivery.seq) as MessageRef }[by];
    const place = await o.world.store.placeMessage(ref, viewer);
    if (!delivery.pruned) await checkStatus(o, of, [delivery]);
    return () => {
      o.say(`look for ${short(delivery)} by its ${by} → ${place?.messageId}`);
      const meant = by !== "seq" ? delivery : viewer && o.history.named(viewer, ref);
      const own = viewer === undefined || meant?.to.id === viewer;
      // Unclear in the port: whether its sender finds a delivery by its id, which the send's answer names.
      if (by === "id" && !own && of.message.from.id === viewer) return;
      const copy = by === "message" && of.deliveries.some(({ to, pruned }) => !pruned && to.id === viewer);
      const sent = by === "message" && of.message.from.id === viewer;
      const visible =
        meant && (by === "message" ? !of.gone && (viewer === undefined || copy || sent) : own && !meant.pruned);
      const expected = visible ? meant.of.id : undefined;
      demand(place?.messageId === expected, "ownership", () => `${ref} is ${place?.messageId}, not ${expected}`);
    };
  };
}

/** Shows one page of an inbox. */
export function listInbox(agentId: AgentId, which: "open" | "held" | "all", afterSeq: number, limit: number): Question {
  return async (o) => {
    const page = await o.world.store.listInbox({ agentId, which, afterSeq, limit });
    return () => {
      const { history } = o;
      const some = { open: history.open(agentId), held: history.held(agentId), all: history.kept(agentId) }[which];
      const all = some.filter(({ seq }) => seq > afterSeq);
      const known = o.history.agent(agentId) ? all : [];
      const shown = page.entries.map(({ id, state }) => `${id} ${state}`).join();
      const expected = known
        .slice(0, limit)
        .map(({ id, state }) => `${id} ${state}`)
        .join();
      const fits = shown === expected && page.more === known.length > limit;
      const came = page.entries.map(({ trust }) => trust);
      const stamped = known.slice(0, limit).map(({ trust }) => trust);
      demand(isDeepStrictEqual(came, stamped), "trust", () => `an inbox says ${came}; by the history ${stamped}`);
      demand(fits, "I13 conservation", () => `the inbox after #${afterSeq} shows ${shown}; by the history ${expected}`);
    };
  };
}

/** Reads one page of the log, as one agent or as the owner of the mesh, who goes on by cursor. */
export function readLog(viewer: AgentId | undefined, limit: number): Question {
  return async (o) => {
    const reader = o.readers.get(viewer);
    const { entries, cursor } = await o.world.store.log({ after: reader?.cursor, limit, viewer });
    return () => {
      const known = visible(o, viewer, reader?.seen ?? 0);
      const expected = reader ? known.slice(0, limit) : known.slice(-limit);
      o.say(`read ${limit} of the log → ${entries.length}`);
      const same = isDeepStrictEqual(
        entries,
        expected.map(({ entry }) => entry),
      );
      demand(
        same,
        "log",
        () => `a page has ${entries.map(({ event }) => event)}, not ${expected.map((e) => e.entry.event)}`,
      );
      const last = expected.at(-1);
      const turned = reader !== undefined && entries.length === limit && last !== undefined;
      o.readers.set(viewer, { cursor, seen: turned ? last.index + 1 : o.tape.recorded.length });
    };
  };
}

function visible(o: Observer, viewer: AgentId | undefined, from: number) {
  return o.tape.recorded
    .map(({ entry, delivery }, index) => ({ entry, delivery, index }))
    .slice(from)
    .filter(({ delivery }) => !delivery.pruned)
    .filter(({ entry }) => viewer === undefined || entry.from.id === viewer || entry.to.id === viewer);
}
