/** Questions of time and care: the clock, restarts, what is over, old history; with what must come of them. */

import { fakeClock } from "../store/fake-clock.ts";
import { type DeliveryHistory, isAlive, type MessageHistory, pushesBy, short, time, written } from "./history.ts";
import type { Judge } from "./judging.ts";
import type { Observer, Question } from "./observer.ts";
import { demand } from "./promises.ts";
import { judgeEnd, judgeReturn } from "./returns.ts";
import { BOUNCE, type End, GRACE_AT_START_MS, RETRY, WRITTEN_WITHIN_MS } from "./world.ts";

/** Time goes on; or the clock is set back. */
export function advance(ms: number): Question {
  return async (o) => {
    o.world.clock.advance(ms);
    o.clockSetBack ||= ms < 0;
    return () => o.say(`${ms} ms go by`);
  };
}

/** The clock is set by `ms`, and the store follows: everything that runs goes on as long as it had to. */
export function stepClock(ms: number): Question {
  return async (o) => {
    const { clock, store, ways } = o.world;
    // That of a broker which does not own the time: nothing may come of it.
    const own = ways.ownsClock ? clock : fakeClock(clock.now());
    const before = own.now();
    await store.shiftTimes(ms, (by) => own.advance(by));
    demand(own.now() === before + ms, "delay", () => `the clock went ${own.now() - before} ms, not ${ms}`);
    o.clockSetBack ||= ways.ownsClock && ms < 0;
    return () => {
      o.say(`the clock is set by ${ms} ms`);
      if (o.world.ways.ownsClock) moveTimes(o, ms);
    };
  };
}

/** What runs goes on as long as it had to, by a clock that was set by `ms`. */
function moveTimes(o: Observer, ms: number): void {
  const { deliveries, sessions, asks, present } = o.history;
  for (const each of deliveries.filter(isAlive)) {
    each.expiresAt += ms;
    if (each.dueAt > 0) each.dueAt = Math.max(1, each.dueAt + ms);
    if (each.lease) each.lease.endsAt += ms;
  }
  for (const each of sessions) {
    each.seenAt += ms;
    each.beatAt += ms;
    each.written = { seenAt: each.written.seenAt + ms, beatAt: each.written.beatAt + ms };
    if (each.doubt) each.doubt = { ...each.doubt, at: each.doubt.at + ms };
    if (each.provenAt !== undefined) each.provenAt += ms;
  }
  for (const { focus } of present) if (focus) focus.until += ms;
  for (const ask of asks.filter(({ open }) => open)) {
    ask.dueAt += ms;
    Object.assign(ask.delivery.of.message, { answerBy: time(ask.dueAt) });
  }
}

/** A clock that is behind the newest session by so much was set back, as a start sees it. */
const STEP_MS = 1_000;

/** The broker stops, or is killed, and starts again: every lease is void, and a step back of the clock that shows is followed. */
export function restart(how: End): Question {
  return async (o) => {
    await o.world.restart(how);
    return () => {
      o.say(`restart: ${how}`);
      loseUnwritten(o, how);
      followStart(o);
      judgeVoided(o);
      const stuck = o.history.leased()[0];
      demand(stuck === undefined, "L3 no stuck lease", () => `${short(stuck)} is leased after the broker's restart`);
      o.started();
    };
  };
}

/** What a start knows of sessions: after a kill the heartbeats that were written, and how much they may lack. */
export function loseUnwritten(o: Observer, how: End): void {
  o.history.unwrittenSince = undefined;
  for (const each of o.history.sessions) {
    if (how !== "clean" && !o.world.ways.writesHeartbeats) {
      const { beatAt, seenAt } = each.written;
      const grace = each.doubt ? 0 : Math.max(0, Math.min(GRACE_AT_START_MS, o.now - seenAt));
      Object.assign(each, { beatAt, seenAt: seenAt + grace });
      // The row says what it said.
    } else written(each);
  }
}

/** Heartbeats are written once a minute. */
export async function writeHeartbeats(o: Observer): Promise<Judge> {
  await o.world.store.writeHeartbeats();
  return () => {
    const { unwrittenSince: since, sessions } = o.history;
    const isDue = since !== undefined && (o.now < since || o.now - since >= WRITTEN_WITHIN_MS);
    o.say(`write heartbeats: ${isDue ? "" : "none is due"}`);
    if (!isDue) return;
    o.history.unwrittenSince = undefined;
    for (const each of sessions) written(each);
  };
}

/** Presences are told as they are now. */
export function tellPresences(staleAfterMs: number): Question {
  return async (o) => {
    const n = await o.world.store.tellPresences(staleAfterMs);
    o.events.staleAfterMs = staleAfterMs;
    return () => o.say(`tell presences → ${n}`);
  };
}

/** By how much a start would find that the clock was set back, in milliseconds; 0 when it goes on as it was. */
export function stepAtStart(o: Observer): number {
  if (!o.world.ways.ownsClock) return 0;
  const newest = Math.max(0, ...o.history.sessions.filter(({ open }) => open).map(({ beatAt }) => beatAt));
  return newest - o.now >= STEP_MS ? newest - o.now : 0;
}

/** A step back of the clock that a start finds is followed by it. */
export function followStart(o: Observer): void {
  const back = stepAtStart(o);
  if (back > 0) moveTimes(o, -back);
}

/** Judges the leases that a start has returned, as far as the log tells of them next. */
export function judgeVoided(o: Observer): void {
  for (let next = o.tape.nextOf("released"); next; next = o.tape.nextOf("released")) {
    judgeReturn(o, next, "released", { failed: false, restart: true });
  }
}

/** Returns the leases that are over, up to a limit. */
export function expireLeases(limit: number): Question {
  return async (o) => {
    const n = await o.world.store.expireLeases(limit, RETRY);
    return () => {
      const over = new Set(o.history.leased().filter(({ lease }) => lease && lease.endsAt <= o.now));
      o.say(`expire leases → ${n}`);
      demand(
        n === Math.min(limit, over.size),
        "L3 no stuck lease",
        () => `${over.size} leases are over, ${n} returned`,
      );
      for (let i = 0; i < n; i++) {
        const next = o.tape.nextOf("released");
        demand(next !== undefined && over.has(next), "I6 single lease", () => `${short(next)} was released too early`);
        silence(o, next);
        // A holder that reported a push has done its part; one that stayed silent has not.
        judgeReturn(o, next, "released", { failed: pushesBy(next, next.lease?.session) === 0 });
      }
    };
  };
}

/** A streamed lease ran out: if nothing was heard of its session since it began, that session is silent. */
function silence(o: Observer, { lease }: DeliveryHistory): void {
  const session = o.history.session(lease?.session);
  if (lease?.position === undefined || !session?.open || session.silent || session.heard >= lease.began) return;
  session.silent = true;
  written(session);
}

/** Ends the queued deliveries whose message is past its life, up to a limit. */
export function expireMessages(limit: number): Question {
  return async (o) => {
    const n = await o.world.store.expireMessages(limit, BOUNCE);
    return () => {
      const waiting = o.history.deliveries.filter(({ state }) => state === "queued" || state === "held");
      const over = new Set(waiting.filter(({ expiresAt }) => expiresAt <= o.now));
      o.say(`expire messages → ${n}`);
      demand(
        n === Math.min(limit, over.size),
        "I11 expiry honesty",
        () => `${over.size} are past their life, ${n} ended`,
      );
      for (let i = 0; i < n; i++) {
        const next = o.tape.nextOf("expired");
        demand(next !== undefined && over.has(next), "I11 expiry honesty", () => `${short(next)} expired too early`);
        judgeEnd(o, next, "expired", "expired");
      }
    };
  };
}

/** The listener must be told of every delay that is over by now. */
export async function announceDue(o: Observer): Promise<Judge> {
  await o.world.store.announceDue();
  return () => {
    o.say("announce what is due");
    for (const each of o.history.deliveries) {
      if (each.state !== "queued" || each.announced || each.dueAt > o.now) continue;
      each.announced = true;
      o.becameLeasable(each);
    }
    for (const { id, focus } of o.history.present) {
      if (!focus || focus.announced || focus.until > o.now) continue;
      focus.announced = true;
      const [first] = o.history.leasable({ agentId: id, session: undefined }, o.now);
      if (first) o.becameLeasable(first, "can be streamed: the focus is over");
    }
  };
}

/** Forgets what ended long ago, up to a limit; when that was all, also published messages without a delivery and past their life. */
export function prune(retentionMs: number, limit: number): Question {
  return async (o) => {
    const { history } = o;
    const n = await o.world.store.prune(retentionMs, limit);
    const kept = history.deliveries.filter((each) => !each.pruned && !isAlive(each));
    const published = history.messages.filter(({ gone, message }) => !gone && message.topic !== undefined);
    const gone = new Set<DeliveryHistory>();
    for (const each of kept)
      if (!(await o.world.store.messageStatus(each.of.id))?.deliveries.some(({ id }) => id === each.id)) gone.add(each);
    const dropped = new Set<MessageHistory>();
    for (const each of published) if (!(await o.world.store.messageStatus(each.id))) dropped.add(each);
    o.events.mayForget = true;
    return () => {
      const over = kept
        .filter(({ endedAt }) => endedAt !== undefined && endedAt <= o.now - retentionMs)
        .filter(({ of }) => !history.ask(of.id)?.open);
      o.say(`prune → ${n}`);
      const young = [...gone].find((each) => !over.includes(each));
      demand(young === undefined, "retention", () => `${short(young)} was pruned before its time`);
      const due = Math.min(limit, over.length);
      demand(
        n === due && gone.size === due,
        "retention",
        () => `${due} should be pruned, ${n} were, ${gone.size} are gone`,
      );
      for (const each of gone) each.pruned = true;
      const empty = (of: MessageHistory) => of.deliveries.every(({ pruned }) => pruned);
      for (const of of history.messages) if (of.message.topic === undefined && empty(of)) of.gone = true;
      // What is over stays over, whatever the clock says later. And a clock set back between acceptance and end makes a
      // key go with its message: earlier by that step.
      history.forgetKeys(({ until, of }) => until <= o.now || (o.clockSetBack && of.gone));
      const past = published.filter((of) => empty(of) && of.acceptedAt + of.lifeMs <= o.now && !history.isKeyed(of));
      const early = [...dropped].find((of) => !past.includes(of));
      demand(early === undefined, "retention", () => `${early?.id}, published, was pruned before its time`);
      const most = n < limit ? past.length : 0;
      demand(dropped.size === most, "retention", () => `${most} published messages should go, ${dropped.size} did`);
      for (const of of dropped) of.gone = true;
    };
  };
}
