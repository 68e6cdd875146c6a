/** What becomes of a delivery when its lease or its life is over: the same for whatever ended it. */
import type { DeliveryState, LogEntry } from "@agentmesh/protocol";
import type { Delayed } from "../../src/mesh/store.ts";
import { takeNotice } from "./acceptance.ts";
import { type DeliveryHistory, short } from "./history.ts";
import type { Observer } from "./observer.ts";
import { demand } from "./promises.ts";
import { BOUNCE, RETRY } from "./world.ts";

/** A lease came back: the delivery waits again, or has ended: past its life, or failed too often. */
export function judgeReturn(
  o: Observer,
  delivery: DeliveryHistory,
  event: "released" | "nacked",
  how: {
    readonly failed: boolean;
    readonly delayMs?: number | undefined;
    readonly delayed?: Delayed;
    readonly restart?: boolean;
  },
): void {
  demand(delivery.state === "leased", "I6 single lease", () => `${short(delivery)} returned while ${delivery.state}`);
  o.tape.take(event, delivery, o.now, { session: delivery.lease?.session });
  const failures = delivery.failures + (how.failed ? 1 : 0);
  // A broker that starts has no words for senders yet: its sweeper ends what is past its life a moment later.
  const pastLife = o.now >= delivery.expiresAt && !how.restart;
  const spent = how.failed && failures >= RETRY.maxAttempts;
  delivery.failures = failures;
  // Nothing ends by a restart: what comes next of it is another act's.
  const end = how.restart ? undefined : o.tape.next(delivery);
  if (end === "expired") {
    demand(pastLife, "I11 expiry honesty", () => `${short(delivery)} expired before its time`);
    judgeEnd(o, delivery, "expired", "expired");
  } else if (end === "dead") {
    demand(spent, "I7 attempts bound", () => `${short(delivery)} died after ${failures} failures`);
    judgeEnd(o, delivery, "dead", "dead");
  } else {
    demand(!pastLife, "I11 expiry honesty", () => `${short(delivery)} is past its life and waits again`);
    demand(!spent, "I7 attempts bound", () => `${short(delivery)} failed ${failures} times and waits again`);
    o.endLease(delivery);
    delivery.state = "queued";
    const delayMs = how.delayMs ?? (how.failed ? RETRY.delayMs(failures) : 0);
    delivery.dueAt = delayMs > 0 ? o.now + delayMs : 0;
    delivery.delays = how.delayed ?? "everybody";
    delivery.announced = delayMs === 0;
    if (delayMs === 0 || delivery.delays === "webhook") o.becameLeasable(delivery);
    o.say(`  ${event} ${short(delivery)}, ${failures} failures, again in ${delayMs} ms`);
  }
}

/** A delivery ended: its last event, its reason, that it was alive until now; and its sender is told if it was no ack. */
export function judgeEnd(
  o: Observer,
  delivery: DeliveryHistory,
  event: string,
  state: Extract<DeliveryState, "acked" | "dead" | "expired" | "cancelled" | "refused">,
  more: Partial<LogEntry> = {},
): void {
  const was = delivery.state;
  const alive = was === "queued" || was === "leased" || (was === "held" && state !== "acked");
  demand(alive, "I3 ack is final", () => `${event} of ${short(delivery)}, which is ${was}`);
  const { reason } = o.tape.take(event, delivery, o.now, more);
  o.endLease(delivery);
  o.say(`  ${event} ${short(delivery)} after ${was}, ${delivery.failures} failures`);
  delivery.state = state;
  delivery.endedAt = o.now;
  if (state === "acked") return;
  const ask = o.history.ask(delivery.of.id);
  if (ask) ask.open = false;
  if (state !== "cancelled") judgeBounce(o, delivery, state, reason ?? "");
}

/** One notice to the sender; none for what was published, for a notice, or to a sender that has left or is a hook's. */
function judgeBounce(
  o: Observer,
  delivery: DeliveryHistory,
  state: "dead" | "expired" | "refused",
  reason: string,
): void {
  const { of, id, seq, to } = delivery;
  const { topic, from, body } = of.message;
  const sender = o.history.agent(from.id);
  if (topic !== undefined || !sender || sender.hook !== undefined) return;
  const words = BOUNCE({ deliveryId: id, seq, state, reason, recipient: to.name, body });
  const notice = takeNotice(o, "bounce", sender, of, words);
  o.tape.take("bounced", delivery, o.now, { reason: `#${notice.seq} of ${sender.name}'s inbox` });
}
