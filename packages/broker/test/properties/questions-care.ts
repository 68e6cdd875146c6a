/** Questions of time and care: the clock, restarts, what is over, old history; with what must come of them. */
import { isOpen, pushesBy, short } from "./history.ts";
import type { Judge, Observer, Question } from "./observer.ts";
import { demand } from "./promises.ts";
import { judgeEnd, judgeReturn } from "./returns.ts";
import { RETRY } from "./world.ts";

/** Time goes on; or the clock is set back. */
export function advance(ms: number): Question {
  return async (o) => {
    o.world.clock.advance(ms);
    o.clockSetBack ||= ms < 0;
    return () => o.say(`${ms} ms go by`);
  };
}

/** The broker stops, or is killed, and starts again: every lease is void, nothing else changed. */
export function restart(how: "clean" | "kill"): Question {
  return async (o) => {
    await o.world.restart(how);
    return () => {
      o.say(`restart: ${how}`);
      for (let next = o.tape.nextOf("released"); next; next = o.tape.nextOf("released")) {
        judgeReturn(o, next, "released", { failed: false });
      }
      const stuck = o.history.leased()[0];
      demand(stuck === undefined, "L3 no stuck lease", () => `${short(stuck)} is leased after the broker's restart`);
      o.started();
    };
  };
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
        // A holder that reported a push has done its part; one that stayed silent has not.
        judgeReturn(o, next, "released", { failed: pushesBy(next, next.lease?.session) === 0 });
      }
    };
  };
}

/** Ends the queued deliveries whose message is past its life, up to a limit. */
export function expireMessages(limit: number): Question {
  return async (o) => {
    const n = await o.world.store.expireMessages(limit);
    return () => {
      const over = new Set(o.history.deliveries.filter((each) => each.state === "queued" && each.expiresAt <= o.now));
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
  };
}

/** Forgets what ended long ago, up to a limit. */
export function prune(retentionMs: number, limit: number): Question {
  return async (o) => {
    const n = await o.world.store.prune(retentionMs, limit);
    const kept = o.history.deliveries.filter(({ pruned }) => !pruned);
    const gone = await keepGone(
      o,
      kept.filter((each) => !isOpen(each)),
    );
    return () => {
      const over = kept.filter(({ endedAt }) => endedAt !== undefined && endedAt <= o.now - retentionMs);
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
      // What is over stays over, whatever the clock says later. And a clock set back between acceptance and end makes a
      // key go with its message: earlier by that step.
      o.history.forgetKeys(({ until, first }) => until <= o.now || (o.clockSetBack && first.pruned));
    };
  };
}

async function keepGone<T extends Observer["history"]["deliveries"][number]>(o: Observer, from: T[]): Promise<Set<T>> {
  const gone = new Set<T>();
  for (const each of from) if (!(await o.world.store.messageStatus(each.message.id))) gone.add(each);
  return gone;
}
