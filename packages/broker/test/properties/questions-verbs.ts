/** Questions about one delivery: ack, nack, extend, reject, report a push; with what the answers must be. */
import type { AckEvidence, AgentId, DeliveryRef, LogEntry } from "@agentmesh/protocol";
import type { AckVerdict, Delayed } from "../../src/mesh/store.ts";
import { type DeliveryHistory, isOpen, pushesBy, short } from "./history.ts";
import type { Observer, Question } from "./observer.ts";
import { demand } from "./promises.ts";
import { judgeEnd, judgeReturn } from "./returns.ts";
import { BOUNCE, RETRY } from "./world.ts";

/** What a verb on one delivery must be answered. */
export function judgeVerdict(
  o: Observer,
  { agentId, ref, receipt }: Target,
  verdict: AckVerdict,
  asAck: boolean,
  done: (delivery: DeliveryHistory) => void,
): void {
  const delivery = o.history.named(agentId, ref);
  if (delivery) o.heardOfHolder(delivery);
  const held = delivery?.lease?.receipt;
  if (verdict.kind === "done" && delivery && isOpen(delivery) && receipt === held) done(delivery);
  else if (verdict.kind === "done") {
    demand(delivery !== undefined, "ownership", () => `${ref} is of another inbox, and the verb was done`);
    demand(
      isOpen(delivery),
      "I3 ack is final",
      () => `${short(delivery)} was ${delivery.state}, and the verb was done`,
    );
    demand(
      receipt === undefined,
      "I6 single lease",
      () => `a verb on ${short(delivery)} was done under a stale receipt`,
    );
    done(delivery);
  } else {
    const ended = delivery !== undefined && !isOpen(delivery);
    const again = delivery?.state === "acked" && asAck;
    const lost = delivery !== undefined && isOpen(delivery) && receipt !== undefined && receipt !== held;
    const just = {
      not_found: !delivery,
      acked_before: again,
      settled: ended && !again,
      lease_lost: lost,
    };
    demand(just[verdict.kind], "ownership", () => `a verb on ${short(delivery)} was answered ${verdict.kind}`);
  }
  if (!delivery || verdict.kind === "not_found") return;
  const { id, state, attempt, leaseEndsAt } = verdict.delivery;
  // What is refused leaves no entry: the lease that a stream took in the same turn may be the next one still.
  if (verdict.kind !== "done" && attempt !== delivery.attempt) o.tape.peek();
  const same = id === delivery.id && state === delivery.state && attempt === delivery.attempt;
  demand(
    same,
    "I13 conservation",
    () => `${short(delivery)} is ${delivery.state}, the answer says ${state} ${attempt}`,
  );
  const ends = delivery.lease?.endsAt;
  demand(
    leaseEndsAt === ends,
    "L3 no stuck lease",
    () => `the lease of ${short(delivery)} ends at ${leaseEndsAt}, not ${ends}`,
  );
}

/** Which delivery a verb is about, and who says so under which receipt. */
export interface Target {
  readonly agentId: AgentId;
  readonly ref: DeliveryRef;
  readonly receipt: string | undefined;
}

function verb(
  name: string,
  target: Target,
  request: (o: Observer) => Promise<AckVerdict>,
  done: (o: Observer, delivery: DeliveryHistory, more: Partial<LogEntry>) => void,
): Question {
  return async (o) => {
    const verdict = await request(o);
    return () => {
      o.say(
        `${name} ${short(o.history.named(target.agentId, target.ref))} by ${o.history.agent(target.agentId)?.name} → ${verdict.kind}`,
      );
      judgeVerdict(o, target, verdict, name.startsWith("ack"), (each) =>
        done(o, each, { session: each.lease?.session }),
      );
    };
  };
}

export function ack(target: Target, evidence: AckEvidence): Question {
  const { agentId, ref, receipt } = target;
  const name = receipt === undefined ? "ack" : "ack under a receipt";
  return verb(
    name,
    target,
    (o) => o.world.store.ack(agentId, ref, receipt, evidence),
    (o, each) => judgeAcked(o, each, evidence),
  );
}

/** A delivery has ended well. */
export function judgeAcked(o: Observer, each: DeliveryHistory, evidence: AckEvidence): void {
  const session = each.lease?.session;
  if (evidence !== "read") o.proves(each);
  judgeEnd(o, each, "acked", "acked", { session, reason: evidence });
}

/** A target with a receipt: every verb but an ack needs one. */
export type Held = Target & { readonly receipt: string };

export function nack(target: Held, delayMs: number | undefined, delayed: Delayed = "everybody"): Question {
  const { agentId, ref, receipt } = target;
  return verb(
    `nack (${delayMs ?? "by schedule"}, for ${delayed})`,
    target,
    (o) => o.world.store.nack(agentId, ref, receipt, { delayMs, reason: "busy", retry: RETRY, delayed }),
    (o, each) => judgeReturn(o, each, "nacked", { failed: true, delayMs, delayed }),
  );
}

export function release(target: Held): Question {
  const { agentId, ref, receipt } = target;
  return verb(
    "release",
    target,
    (o) => o.world.store.release(agentId, ref, receipt, { reason: "the endpoint rests", retry: RETRY }),
    (o, each) => judgeReturn(o, each, "released", { failed: false }),
  );
}

export function extend(target: Held, leaseMs: number): Question {
  const { agentId, ref, receipt } = target;
  return verb(
    "extend",
    target,
    (o) => o.world.store.extend(agentId, ref, receipt, leaseMs),
    (o, each, more) => {
      if (each.lease) each.lease.endsAt = o.now + leaseMs;
      o.tape.take("extended", each, o.now, more);
    },
  );
}

export function reject(target: Held): Question {
  const { agentId, ref, receipt } = target;
  return verb(
    "reject",
    target,
    (o) => o.world.store.reject(agentId, ref, receipt, { reason: "not for me", bounce: BOUNCE }),
    (o, each, more) => judgeEnd(o, each, "rejected", "dead", { ...more, reason: "not for me" }),
  );
}

export function recordPush(target: Held, failedWhy: string | undefined): Question {
  const { agentId, ref, receipt } = target;
  return verb(
    failedWhy === undefined ? "report a push of" : "report a failed push of",
    target,
    (o) => o.world.store.recordPush(agentId, ref, receipt, { path: "stream", failedWhy }),
    (o, each, more) => {
      o.tape.take(failedWhy === undefined ? "pushed" : "push_failed", each, o.now, { ...more, path: "stream" });
      const session = each.lease?.session;
      if (failedWhy === undefined && session !== undefined) each.pushes.set(session, pushesBy(each, session) + 1);
    },
  );
}
