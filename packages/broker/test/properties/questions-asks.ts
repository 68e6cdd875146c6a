/** Questions about asks: opened and answered by sends, owed and waited for, reminded of; with what must come of them. */
import { isDeepStrictEqual } from "node:util";
import { type AgentId, type OpenAsk, plainLine } from "@agentmesh/protocol";
import type { AnswerTerms, WaiveVerdict } from "../../src/mesh/store.ts";
import { takeNotice } from "./acceptance.ts";
import {
  type AgentHistory,
  type AskHistory,
  type DeliveryHistory,
  isAlive,
  isOpen,
  type MessageHistory,
  short,
  time,
} from "./history.ts";
import type { Observer, Question } from "./observer.ts";
import { demand } from "./promises.ts";
import { judgeLease } from "./questions-leases.ts";
import { NOTICES, WAIVE } from "./world.ts";

/** A message that expects an answer was accepted. */
export function openAsk(o: Observer, delivery: DeliveryHistory, asker: AgentHistory, withinMs: number): void {
  const dueAt = o.now + withinMs;
  o.history.asks.push({ delivery, asker, withinMs, dueAt, nudged: false, open: true, reply: undefined });
}

/** A message was accepted: if it is the debtor's answer to the asker, the ask is answered, late or not. */
export function answerAsk(o: Observer, reply: MessageHistory, from: AgentHistory, to: AgentHistory): void {
  const ask = o.history.ask(reply.message.inReplyTo);
  if (!ask || ask.delivery.of.gone || (ask.reply && !ask.reply.gone)) return;
  if (ask.delivery.to.id !== from.id || ask.asker.id !== to.id) return;
  ask.open = false;
  ask.reply = reply;
}

/** Looks at one ask: when it is due, and its answer. */
export function lookAtAsk(ask: AskHistory): Question {
  return async (o) => {
    const { of } = ask.delivery;
    const status = await o.world.store.askStatus(of.id);
    return () => {
      const reply = ask.reply?.gone ? undefined : ask.reply;
      o.say(`look at the ask ${of.id} → ${status?.reply?.deliveryId}`);
      demand((status === undefined) === of.gone, "asks", () => `the ask ${of.id} is ${status}`);
      if (!status) return;
      const { dueAt, ended } = status;
      const waived = ask.waivedAt !== undefined;
      demand(status.waived === waived, "waives", () => `the answer to ${of.id} is ${waived ? "" : "not "}waived`);
      const over = waived || (!isOpen(ask.delivery) && !["acked", "held"].includes(ask.delivery.state));
      demand(ended === over, "asks", () => `the ask ${of.id} is ${ended ? "over" : "open"}, but ${ask.delivery.state}`);
      demand(dueAt === ask.dueAt, "asks", () => `the ask ${of.id} is due at ${dueAt}, not ${ask.dueAt}`);
      const told = status.reply?.deliveryId;
      demand(
        told === reply?.deliveries[0]?.id,
        "asks",
        () => `the ask ${of.id} is answered by ${told}, not ${reply?.id}`,
      );
    };
  };
}

/** Waives the answer to a message, for an agent or the owner of the mesh: once, and again without a word. */
export function waive(of: MessageHistory, as: AgentId | undefined): Question {
  return async (o) => {
    const { bounce: _, ...silent } = WAIVE;
    const verdict = await o.world.store.waive(of.id, as, as === undefined ? WAIVE : silent);
    return () => {
      const ask = of.gone ? undefined : o.history.ask(of.id);
      o.say(`waive the answer to ${of.id} for ${as ?? "the owner of the mesh"} → ${verdict.kind}`);
      const expected = waiveOf(ask, as);
      demand(verdict.kind === expected, "waives", () => `${of.id} was answered ${verdict.kind}, not ${expected}`);
      if (verdict.kind !== "done" || !ask) return;
      const { waivedAt = o.now, asker, delivery } = ask;
      const known = { kind: "done", from: { id: asker.id, name: asker.name }, to: delivery.to, waivedAt };
      demand(isDeepStrictEqual(verdict, known), "waives", () => `${of.id} is answered ${JSON.stringify(verdict)}`);
      if (ask.waivedAt === undefined) judgeWaived(o, ask, as === undefined);
    };
  };
}

/** What a waive is to be answered. */
function waiveOf(ask: AskHistory | undefined, as: AgentId | undefined): WaiveVerdict["kind"] {
  if (!ask || (as !== undefined && as !== ask.asker.id)) return "no_ask";
  if (ask.waivedAt !== undefined) return "done";
  if (ask.reply && !ask.reply.gone) return "answered";
  return isAlive(ask.delivery) || ask.delivery.state === "acked" ? "done" : "ended";
}

/** It is noted, then who owed it hears of it, who has seen the question, and at last the asker, of what another did. */
function judgeWaived(o: Observer, ask: AskHistory, isByOwner: boolean): void {
  const { delivery, asker } = ask;
  o.tape.take("waived", delivery, o.now, { reason: WAIVE.why });
  Object.assign(ask, { open: false, waivedAt: o.now });
  Object.assign(delivery.of.message, { answerWaivedAt: time(o.now) });
  const shown = asListed(ask, o.now);
  const [to, from] = [o.history.agent(delivery.to.id), o.history.agent(asker.id)];
  if (to && delivery.state !== "held") takeNotice(o, "nudge", to, delivery.of, WAIVE.nudge(shown), "waives");
  if (isByOwner && from && from.hook === undefined)
    takeNotice(o, "bounce", from, delivery.of, WAIVE.bounce(shown), "waives");
}

/** Leases the answer to an ask, for its asker or somebody who did not ask. */
export function leaseAnswer(ask: AskHistory, terms: AnswerTerms): Question {
  return async (o) => {
    const leased = await o.world.store.leaseAnswer(ask.delivery.of.id, terms);
    return () => {
      const reply = ask.delivery.of.gone || ask.reply?.gone ? undefined : ask.reply?.deliveries[0];
      const { agentId, session } = terms;
      const over = session !== undefined && !o.history.sessions.some(({ id, open }) => id === session && open);
      const free = reply?.to.id === agentId && reply.state === "queued" && o.now < reply.expiresAt && !over;
      o.say(`lease the answer to ${ask.delivery.of.id} for ${o.history.agent(agentId)?.name} → ${leased?.id}`);
      demand((leased !== undefined) === free, "asks", () => `${short(reply)}: ${free}, it was leased: ${leased?.id}`);
      if (!leased) return;
      demand(leased.id === reply?.id, "asks", () => `${leased.id} was leased, the answer is ${short(reply)}`);
      judgeLease(o, terms, { delivery: leased, streamPosition: 0 }, { byName: true });
    };
  };
}

/** Asks without an answer, of one side or of the whole mesh. */
export function listAsks(side: "owed" | "waiting", agentId: AgentId | undefined): Question {
  return async (o) => {
    const listed = await o.world.store.listAsks(side, agentId, 100);
    return () => {
      const known = o.history.asks.filter(({ open, delivery, asker }) => {
        const whose = side === "owed" ? delivery.to.id : asker.id;
        const given = side === "waiting" || agentId === undefined || delivery.state !== "held";
        return open && given && !delivery.of.gone && (agentId === undefined || whose === agentId);
      });
      o.say(`list asks ${side} → ${listed.length}`);
      const byId = (a: OpenAsk, b: OpenAsk) => (a.messageId < b.messageId ? -1 : 1);
      const expected = known.map((ask) => asListed(ask, o.now)).sort(byId);
      const same = isDeepStrictEqual(listed.toSorted(byId), expected);
      demand(same, "asks", () => `${side}: ${JSON.stringify(listed)}, by the history ${JSON.stringify(expected)}`);
      const due = listed.map((ask) => ask.dueAt);
      demand(isDeepStrictEqual(due, due.toSorted()), "asks", () => `the asks are listed as due at ${due}`);
    };
  };
}

function asListed({ delivery, asker, dueAt }: AskHistory, now: number): OpenAsk {
  const { of, seq, to } = delivery;
  const askedAt = time(of.acceptedAt);
  const from = { id: asker.id, name: asker.name };
  return {
    messageId: of.id,
    seq,
    from,
    to,
    askedAt,
    dueAt: time(dueAt),
    overdue: dueAt <= now,
    preview: plainLine(of.message.body, 120),
  };
}

/** Reminds of what is overdue, the first due first: one nudge to the debtor, as long after one notice to the asker. */
export function remindAsks(limit: number): Question {
  return async (o) => {
    const n = await o.world.store.remindAsks(NOTICES, limit);
    return () => {
      const due = (ask: AskHistory) => (isNudge(ask) ? ask.dueAt : ask.dueAt + ask.withinMs) <= o.now;
      const overdue = o.history.asks.filter((ask) => ask.open && !ask.delivery.of.gone && due(ask));
      o.say(`remind of asks → ${n}`);
      const most = Math.min(limit, overdue.length);
      demand(n === most, "asks", () => `${overdue.length} asks are overdue, ${n} were reminded of`);
      for (let i = 0; i < n; i++) judgeReminder(o, overdue);
    };
  };
}

/** One reminder, of an ask that is first due; several may be at the same time. */
function judgeReminder(o: Observer, overdue: AskHistory[]): void {
  const first = Math.min(...overdue.map(({ dueAt }) => dueAt));
  const candidates = overdue.filter(({ dueAt }) => dueAt === first);
  const preview = o.tape.peek()?.preview ?? "";
  const named = candidates.find(({ delivery }) => preview.endsWith(delivery.of.id));
  const ask = named ?? candidates.find((each) => !recipientOf(o, each)) ?? candidates[0];
  if (!ask) return;
  overdue.splice(overdue.indexOf(ask), 1);
  const { of } = ask.delivery;
  const shown = asListed(ask, o.now);
  const to = recipientOf(o, ask);
  if (isNudge(ask)) {
    if (to) takeNotice(o, "nudge", to, of, NOTICES.nudge(shown), "asks");
    ask.nudged = true;
    return;
  }
  if (to && to.hook === undefined)
    takeNotice(o, "bounce", to, of, NOTICES.bounce(shown, ask.delivery.state === "held"), "asks");
  ask.open = false;
}

/** Whether the next notice of an ask is for the agent asked: nobody is reminded of what its policy holds. */
function isNudge({ nudged, delivery }: AskHistory): boolean {
  return !nudged && delivery.state !== "held";
}

/** Who gets the next notice of an ask, if it has not left. */
function recipientOf(o: Observer, ask: AskHistory): AgentHistory | undefined {
  return o.history.agent(isNudge(ask) ? ask.delivery.to.id : ask.asker.id);
}
