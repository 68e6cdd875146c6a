/** Questions of decision: taken back by the sender; put back, admitted or refused by the receiver; with what must follow. */
import type { AgentId, DeliveryRef, InboxEntry } from "@agentmesh/protocol";
import type { DeadPlace, DeadVerdict, HeldVerdict, RedriveVerdict } from "../../src/mesh/store.ts";
import { isFull } from "./acceptance.ts";
import { type DeliveryHistory, type MessageHistory, short, time } from "./history.ts";
import { type Observer, outcome, type Question } from "./observer.ts";
import { demand } from "./promises.ts";
import { judgeEnd } from "./returns.ts";
import { BOUNCE, QUOTA } from "./world.ts";

/** Takes a message back: what was never leased is cancelled, the rest is named. */
export function cancel(of: MessageHistory, as: AgentId): Question {
  return async (o) => {
    const { cancelled, before, left } = await o.world.store.cancel(of.id, as);
    const own = of.message.from.id === as;
    return {
      sender: as,
      *slices() {
        const found = { cancelled: 0, before: 0, left: [] as { each: DeliveryHistory; state: string }[] };
        const kept = () => of.deliveries.filter(({ pruned }) => !pruned);
        for (let from = 0; from === 0 || from < kept().length; from += o.world.pieces) {
          if (from > 0) yield;
          for (const each of kept().slice(from, from + o.world.pieces)) {
            if (own && (each.state === "held" || (each.state === "queued" && each.attempt === 0))) {
              judgeEnd(o, each, "cancelled", "cancelled", { attempt: 0 });
              found.cancelled++;
              of.recalled = true;
            } else if (each.state === "cancelled") found.before++;
            else found.left.push({ each, state: each.state });
          }
        }
        if (own && kept().length === 0) of.recalled = true;
        o.say(`take ${of.id} back${own ? "" : " (not its sender)"} → ${cancelled}`);
        demand(
          cancelled === found.cancelled,
          "taken back",
          () => `${found.cancelled} of ${of.id} can be taken back; ${cancelled} were`,
        );
        demand(
          before === found.before,
          "taken back",
          () => `${found.before} of ${of.id} were taken back before, not ${before}`,
        );
        const told = left.map(({ id, state }) => `${id} ${state}`).join();
        const known = found.left.map(({ each, state }) => `${each.id} ${state}`).join();
        if (told === known) return;
        // What another act gave back between two slices may have been leased for a stream before the later one.
        o.tape.peek();
        const isSo = found.left.every(({ each, state }, i) => {
          const at = left[i];
          return at?.id === each.id && (at.state === state || at.state === each.state);
        });
        demand(
          isSo && left.length === found.left.length,
          "taken back",
          () => `left of ${of.id} are ${told}; by the history ${known}`,
        );
      },
    };
  };
}

function judgeDecision(
  o: Observer,
  [owner, ref]: readonly [AgentId | undefined, DeliveryRef],
  verdict: RedriveVerdict | HeldVerdict | DeadVerdict,
  wanted: "held" | "dead",
  done: (delivery: DeliveryHistory) => void,
  alsoGone = false,
): void {
  const promise = wanted === "dead" ? "redrive" : "policy";
  const found = o.history.meant(owner, ref);
  const gone = wanted === "dead" && !alsoGone && found !== undefined && !o.history.agent(found.to.id);
  const delivery = found;
  const expected = !found ? "not_found" : gone ? "recipient_gone" : found.state === wanted ? "done" : `not_${wanted}`;
  demand(
    verdict.kind === expected,
    promise,
    () => `${ref} (${short(delivery)}, ${delivery?.state}) was answered ${verdict.kind}, not ${expected}`,
  );
  if (verdict.kind === "done" && delivery) done(delivery);
  if (verdict.kind === "not_found" || verdict.kind === "recipient_gone" || !delivery) return;
  const { state } = verdict.delivery;
  demand(state === delivery.state, promise, () => `${short(delivery)} is ${delivery.state}, the answer says ${state}`);
}

/** Puts a dead letter back. */
export function redrive(owner: AgentId | undefined, ref: DeliveryRef): Question {
  return async (o) => {
    const answer = await outcome(o.world.store.redrive(owner, ref, QUOTA));
    return () => {
      const meant = o.history.meant(owner, ref);
      const to = meant && o.history.agent(meant.to.id);
      const full = meant?.state === "dead" && to !== undefined && isFull(o, to, meant.of.message.bodyBytes);
      if (answer.kind === "refused") {
        o.say(`redrive ${ref}: ${answer.code}`);
        demand(full && answer.code === "inbox_full", "I8 quota", () => `${ref} was not put back: ${answer.code}`);
        return;
      }
      const verdict = answer.value;
      o.say(`redrive ${ref} → ${verdict.kind}`);
      demand(!full, "I8 quota", () => `${ref} was put back into the full inbox of ${to?.name}`);
      judgeDecision(o, [owner, ref], verdict, "dead", (delivery) => {
        o.tape.take("redriven", delivery, o.now);
        Object.assign(delivery, { state: "queued", failures: 0, dueAt: 0, announced: true, beside: false });
        delivery.endedAt = undefined;
        delivery.dismissed = false;
        delivery.expiresAt = o.now + delivery.of.lifeMs;
        const ask = o.history.ask(delivery.of.id);
        if (ask && (!ask.reply || ask.reply.gone) && o.history.agent(ask.asker.id)) {
          Object.assign(ask, { open: true, nudged: false, waivedAt: undefined, dueAt: o.now + ask.withinMs });
          Object.assign(delivery.of.message, { answerBy: time(ask.dueAt) });
          Reflect.deleteProperty(delivery.of.message, "answerWaivedAt");
        }
        o.becameLeasable(delivery);
      });
    };
  };
}

/** Takes a dead letter off the list; its agent may have left. */
export function dismiss(owner: AgentId | undefined, ref: DeliveryRef): Question {
  return async (o) => {
    const verdict = await o.world.store.dismiss(owner, ref);
    return () => {
      o.say(`dismiss ${ref} → ${verdict.kind}`);
      judgeDecision(
        o,
        [owner, ref],
        verdict,
        "dead",
        (delivery) => {
          if (!delivery.dismissed) o.tape.take("dismissed", delivery, o.now);
          delivery.dismissed = true;
        },
        true,
      );
    };
  };
}

/** Lets a held delivery into its inbox. */
export function admit(owner: AgentId | undefined, ref: DeliveryRef): Question {
  return async (o) => {
    const verdict = await o.world.store.admit(owner, ref);
    return () => {
      o.say(`admit ${ref} → ${verdict.kind}`);
      judgeDecision(o, [owner, ref], verdict, "held", (delivery) => {
        o.tape.take("admitted", delivery, o.now);
        delivery.state = "queued";
        // A delay that was over while it was held is told of now, and not once more.
        if (delivery.dueAt <= o.now) delivery.announced = true;
        o.becameLeasable(delivery);
      });
    };
  };
}

/** Refuses a held delivery for good. */
export function refuse(owner: AgentId | undefined, ref: DeliveryRef): Question {
  return async (o) => {
    const verdict = await o.world.store.refuse(owner, ref, { reason: "unknown sender", bounce: BOUNCE });
    return () => {
      o.say(`refuse ${ref} → ${verdict.kind}`);
      judgeDecision(o, [owner, ref], verdict, "held", (delivery) =>
        judgeEnd(o, delivery, "refused", "refused", { reason: "unknown sender" }),
      );
    };
  };
}

/** Lists dead letters that nobody has dismissed, newest first. */
export function listDead(owner: AgentId | undefined): Question {
  return async (o) => {
    const listed: InboxEntry[] = [];
    for (let after: DeadPlace | undefined; ; ) {
      const page = await o.world.store.listDead({ owner, after, limit: 3, maxBytes: 8 });
      listed.push(...page.entries);
      after = page.nextAfter;
      if (!after) break;
    }
    return () => {
      const dead = o.history.deliveries
        .filter(
          ({ state, pruned, dismissed, to }) =>
            state === "dead" && !pruned && !dismissed && (owner === undefined || to.id === owner),
        )
        .map(({ id }) => id);
      const told = listed.map(({ id }) => id);
      const same = told.toSorted().join() === dead.toSorted().join();
      demand(same, "redrive", () => `${told.length} dead letters are listed, not ${dead.length}`);
      const ended = told.map((id) => o.history.delivery(id)?.endedAt ?? 0);
      const sorted = ended.every((at, i) => i === 0 || at <= (ended[i - 1] ?? at));
      demand(sorted, "redrive", () => `the dead letters are listed by ${ended.join()}`);
    };
  };
}
