/** What becomes of a delivery when its lease or its life is over: the same for whatever ended it. */
import type { DeliveryState, LogEntry } from "@agentmesh/protocol";
import { type DeliveryHistory, short } from "./history.ts";
import type { Observer } from "./observer.ts";
import { demand } from "./promises.ts";
import { RETRY } from "./world.ts";

/** A lease came back: the delivery waits again, or has ended: past its life, or failed too often. */
export function judgeReturn(
  o: Observer,
  delivery: DeliveryHistory,
  event: "released" | "nacked",
  how: { readonly failed: boolean; readonly delayMs?: number | undefined },
): void {
  demand(delivery.state === "leased", "I6 single lease", () => `${short(delivery)} returned while ${delivery.state}`);
  o.tape.take(event, delivery, o.now, { session: delivery.lease?.session });
  const failures = delivery.failures + (how.failed ? 1 : 0);
  const pastLife = o.now >= delivery.expiresAt;
  const spent = how.failed && failures >= RETRY.maxAttempts;
  delivery.failures = failures;
  const end = o.tape.next(delivery);
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
    delivery.announced = delayMs === 0;
    if (delayMs === 0) o.becameLeasable(delivery);
    o.say(`  ${event} ${short(delivery)}, ${failures} failures, again in ${delayMs} ms`);
  }
}

/** A delivery ended: its last event, its reason, and that it was open until now. */
export function judgeEnd(
  o: Observer,
  delivery: DeliveryHistory,
  event: string,
  state: Extract<DeliveryState, "acked" | "dead" | "expired">,
  more: Partial<LogEntry> = {},
): void {
  const was = delivery.state;
  demand(
    was === "queued" || was === "leased",
    "I3 ack is final",
    () => `${event} of ${short(delivery)}, which is ${was}`,
  );
  o.tape.take(event, delivery, o.now, more);
  o.endLease(delivery);
  o.say(`  ${event} ${short(delivery)} after ${was}, ${delivery.failures} failures`);
  delivery.state = state;
  delivery.endedAt = o.now;
}
