/** Questions about messages: send, find by reference, page through an inbox and the log, with what the answers must be. */
import { isDeepStrictEqual } from "node:util";
import type { AgentId, MessageRef } from "@agentmesh/protocol";
import type { MessageToEnqueue } from "../../src/mesh/store.ts";
import { checkStatus } from "./accounts.ts";
import { type DeliveryHistory, isOpen, short } from "./history.ts";
import { type Observer, outcome, type Question } from "./observer.ts";
import { demand } from "./promises.ts";
import { judgeEnd } from "./returns.ts";
import { QUOTA } from "./world.ts";

/** Sends a message: accepted once, or refused for a reason that the history knows. */
export function send(asked: MessageToEnqueue): Question {
  return async (o) => {
    const answer = await outcome(o.world.store.enqueue(asked, QUOTA));
    return () => {
      const { history, now } = o;
      o.history.sends.push(asked);
      const { idempotency, senderId, recipientId } = asked;
      const sender = history.agent(senderId);
      const recipient = history.agent(recipientId);
      const used = history.keyInUse(senderId, idempotency?.key, now);
      const other = used !== undefined && used.contentHash !== idempotency?.contentHash;
      const open = history.open(recipientId);
      const bytes = open.reduce((sum, { message }) => sum + message.bodyBytes, 0);
      const full = open.length >= QUOTA.maxMessages || bytes + asked.bodyBytes > QUOTA.maxBytes;
      const whom = `${sender?.name} → ${recipient?.name} (${asked.bodyBytes} bytes, key ${idempotency?.key})`;

      if (answer.kind === "refused") {
        o.say(`send ${whom}: ${answer.code}`);
        const just: Record<string, boolean> = {
          unauthenticated: !sender,
          agent_not_found: !recipient,
          idempotency_mismatch: other,
          inbox_full: full && !used,
        };
        const promise = full && used ? "I4 send idempotence" : "I8 quota";
        demand(just[answer.code] === true, promise, () => `the send ${whom} was refused without cause: ${answer.code}`);
        return;
      }
      const { duplicate, message, delivery } = answer.value;
      o.say(`send ${whom}: #${delivery.seq}${duplicate ? " (duplicate)" : ""}${asked.answers ? " as answer" : ""}`);
      demand(!other, "I4 send idempotence", () => `key ${idempotency?.key} was accepted with other content: ${whom}`);
      demand(duplicate === (used !== undefined), "I4 send idempotence", () => `${whom} has duplicate: ${duplicate}`);
      demand(sender !== undefined, "I10 authenticity", () => `a message of a removed agent was accepted: ${whom}`);
      if (used) {
        const { first } = used;
        const same = message.id === first.message.id && delivery.id === first.id && delivery.state === first.state;
        demand(same, "I4 send idempotence", () => `the repeated send ${whom} was answered as another message`);
        return;
      }
      demand(!full, "I8 quota", () => `${whom} was accepted into a full inbox (${open.length} open, ${bytes} bytes)`);
      demand(recipient !== undefined, "I2 no misdelivery", () => `a message to a removed agent was accepted: ${whom}`);
      const next = recipient.lastSeq + 1;
      demand(delivery.seq === next, "I9 seq gapless", () => `${whom} is #${delivery.seq}, not #${next}`);
      recipient.lastSeq = delivery.seq;
      const accepted: DeliveryHistory = {
        ...{ id: delivery.id, seq: delivery.seq, message, to: { id: recipientId, name: recipient.name } },
        ...{ acceptedAt: now, expiresAt: now + asked.ttlMs, timeline: [], receipts: [], pushes: new Map() },
        ...{ state: "queued", attempt: 0, failures: 0, dueAt: 0, announced: true },
        ...{ lease: undefined, endedAt: undefined, pruned: false },
      };
      checkEcho(accepted, asked, sender.name);
      history.remember(accepted);
      o.tape.take("accepted", accepted, now);
      o.becameLeasable(accepted);
      if (idempotency) {
        const { key, contentHash, windowMs } = idempotency;
        history.useKey(senderId, key, { contentHash, first: accepted, until: now + windowMs });
      }
      const answered = asked.answers && history.named(senderId, asked.answers);
      if (answered && isOpen(answered)) judgeEnd(o, answered, "acked", "acked", { reason: "replied" });
      const queued = history.queued(recipientId).length;
      demand(
        answer.value.recipient.id === recipientId && answer.value.recipient.queued === queued,
        "I13 conservation",
        () => `the sender was told of ${answer.value.recipient.queued} queued for ${recipient.name}, not ${queued}`,
      );
    };
  };
}

function checkEcho(
  { message, id, acceptedAt, expiresAt }: DeliveryHistory,
  asked: MessageToEnqueue,
  name: string,
): void {
  const expected = {
    ...{ id: asked.id, body: asked.body, bodyBytes: asked.bodyBytes, threadId: asked.threadId },
    inReplyTo: asked.inReplyTo,
    from: { id: asked.senderId, name },
    acceptedAt: new Date(acceptedAt).toISOString(),
    expiresAt: new Date(expiresAt).toISOString(),
  };
  const said = { ...message };
  for (const [key, value] of Object.entries(expected)) {
    const is: unknown = said[key as keyof typeof said];
    demand(isDeepStrictEqual(is, value), "I10 authenticity", () => `${key} was ${value}, accepted was ${is}`);
  }
  demand(id === asked.deliveryId, "I10 authenticity", () => "the delivery has another id than asked");
}

/** Looks a delivery up by its message, its id or its seq, as one agent or as the owner of the mesh. */
export function look(delivery: DeliveryHistory, by: "message" | "id" | "seq", viewer: AgentId | undefined): Question {
  return async (o) => {
    const ref = { message: delivery.message.id, id: delivery.id, seq: String(delivery.seq) as MessageRef }[by];
    const place = await o.world.store.placeMessage(ref, viewer);
    if (!delivery.pruned) await checkStatus(o, delivery);
    return () => {
      o.say(`look for ${short(delivery)} by its ${by} → ${place?.messageId}`);
      const meant = by !== "seq" ? delivery : viewer && o.history.named(viewer, ref);
      const own = viewer === undefined || meant?.to.id === viewer;
      // Unclear in the port: whether its sender finds a delivery by its id, which the send's answer names.
      if (by === "id" && !own && meant?.message.from.id === viewer) return;
      const visible = meant && !meant.pruned && (own || (by === "message" && meant.message.from.id === viewer));
      const expected = visible ? meant.message.id : undefined;
      demand(place?.messageId === expected, "ownership", () => `${ref} is ${place?.messageId}, not ${expected}`);
    };
  };
}

/** Shows one page of an inbox. */
export function listInbox(agentId: AgentId, open: boolean, afterSeq: number, limit: number): Question {
  return async (o) => {
    const page = await o.world.store.listInbox({ agentId, which: open ? "open" : "all", afterSeq, limit });
    return () => {
      const all = (open ? o.history.open(agentId) : o.history.kept(agentId)).filter(({ seq }) => seq > afterSeq);
      const known = o.history.agent(agentId) ? all : [];
      const shown = page.entries.map(({ id, state }) => `${id} ${state}`).join();
      const expected = known
        .slice(0, limit)
        .map(({ id, state }) => `${id} ${state}`)
        .join();
      const fits = shown === expected && page.more === known.length > limit;
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
