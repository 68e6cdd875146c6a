/** What begins when a message is accepted: a delivery with the next seq of its inbox, or a notice of the mesh. */
import type { DeliveryId, LogEntry, Message } from "@agentmesh/protocol";
import { DEFAULT_TTL_MS } from "@agentmesh/protocol";
import { MESH_AGENT_ID } from "../../src/store/shared/rows/messages.ts";
import { type AgentHistory, type DeliveryHistory, type MessageHistory, type Rank, time } from "./history.ts";
import type { Observer } from "./observer.ts";
import { demand, type PromiseName } from "./promises.ts";
import { classOf } from "./standing.ts";
import { QUOTA } from "./world.ts";

const WEIGHT = { fyi: 0, normal: 1, interrupt: 2 };

/** A delivery as it begins. */
export interface Beginning {
  readonly id: DeliveryId;
  readonly seq: number;
  readonly of: MessageHistory;
  readonly to: AgentHistory;
  readonly held?: boolean;
  readonly beside?: boolean;
  /** Published before its recipient subscribed: it is brought as any message, and an fyi rests. */
  readonly retained?: boolean;
  readonly keepBackMs?: number | undefined;
  readonly more?: Partial<LogEntry>;
}

/** Puts a delivery into the history: numbered next, noted in the log, and leasable unless it is held or kept back. */
export function beginDelivery(o: Observer, beginning: Beginning): DeliveryHistory {
  const { id, seq, of, to, held = false, beside = false, retained = false, keepBackMs, more = {} } = beginning;
  // What was leased before it is judged without it.
  o.tape.peek();
  const next = to.lastSeq + 1;
  demand(seq === next, "I9 seq gapless", () => `a delivery for ${to.name} is #${seq}, not #${next}`);
  to.lastSeq = seq;
  const { kind, urgency } = of.message;
  const rank: Rank = kind !== "message" ? 2 : urgency === "interrupt" && !retained ? 0 : 1;
  const weight = retained ? Math.min(WEIGHT.normal, WEIGHT[urgency]) : WEIGHT[urgency];
  const sender = o.history.agents.find((each) => each.id === of.message.from.id);
  const delivery: DeliveryHistory = {
    ...{ id, seq, of, to: { id: to.id, name: to.name }, rank, weight, beside },
    trust: sender && classOf(sender, to),
    ...{ acceptedAt: o.now, expiresAt: of.acceptedAt + of.lifeMs, timeline: [], receipts: [], pushes: new Map() },
    ...{ state: held ? "held" : "queued", attempt: 0, failures: 0, lease: undefined, lastHolder: undefined },
    delays: "everybody",
    ...{ dueAt: keepBackMs === undefined ? 0 : o.now + keepBackMs, announced: keepBackMs === undefined },
    ...{ delayed: held || keepBackMs !== undefined, endedAt: undefined, pruned: false },
  };
  o.history.remember(delivery);
  o.tape.take("accepted", delivery, o.now, more);
  if (held) o.tape.take("held", delivery, o.now);
  else if (keepBackMs === undefined) o.becameLeasable(delivery);
  return delivery;
}

/** Remembers an accepted message. */
export function beginMessage(
  o: Observer,
  message: Message,
  lifeMs: number,
  skipped: MessageHistory["skipped"] = [],
): MessageHistory {
  const { id } = message;
  const of = { id, message, acceptedAt: o.now, lifeMs, deliveries: [], skipped, recalled: false, gone: false };
  o.history.messages.push(of);
  return of;
}

/** The log's next entry must be a notice of the mesh to this agent about this message, in these words. */
export function takeNotice(
  o: Observer,
  kind: "bounce" | "nudge",
  to: AgentHistory,
  about: MessageHistory,
  body: string,
  promise: PromiseName = "never silent",
): DeliveryHistory {
  const entry = o.tape.peek();
  demand(
    entry?.event === "accepted" && entry.from.id === MESH_AGENT_ID && entry.to.id === to.id,
    promise,
    () => `${to.name} got no ${kind} about ${about.id}: "${body}"`,
  );
  const message: Message = {
    ...{ id: entry.messageId, kind, from: { id: MESH_AGENT_ID, name: "mesh" }, trust: "verified", to: to.name },
    ...{ urgency: "normal", body, bodyBytes: Buffer.byteLength(body), threadId: about.message.threadId },
    ...{ inReplyTo: about.id, hops: 0 },
    ...{ acceptedAt: time(o.now), expiresAt: time(o.now + DEFAULT_TTL_MS) },
  };
  const of = beginMessage(o, message, DEFAULT_TTL_MS);
  o.say(`  ${kind} to ${to.name}: ${body}`);
  return beginDelivery(o, { id: entry.deliveryId, seq: entry.seq, of, to, beside: true });
}

/** Whether an inbox does not take `bodyBytes` in one message more, with `more` others before it. */
export function isFull(o: Observer, to: AgentHistory, bodyBytes: number, more = 0): boolean {
  const alive = o.history.alive(to.id);
  const bytes = alive.reduce((sum, { of }) => sum + of.message.bodyBytes, 0);
  return alive.length + more >= QUOTA.maxMessages || bytes + bodyBytes > QUOTA.maxBytes;
}
