/** Commands about event webhooks: set, renewed, moved on, ended, and looked at behind a restart. */
import fc from "fast-check";
import { any, type CommandKind, kind, pick, pickAgent, rarely } from "./command-kind.ts";
import type { Observer } from "./observer.ts";
import { restart } from "./questions-care.ts";
import { endEventWebhook, lookAtEventWebhooks, moveEventWebhook, putEventWebhook } from "./questions-event-webhooks.ts";

const which = fc.record({ n: any, at: fc.nat(2) });

/** Somebody with some, where there is one. */
function pickOwner(o: Observer, n: number) {
  const owners = o.history.present.filter(({ eventWebhooks }) => (eventWebhooks?.size ?? 0) > 0);
  return n % 4 > 0 ? (pick(owners, n) ?? pickAgent(o, n)) : pickAgent(o, n);
}

export const eventWebhookCommands: CommandKind[] = [
  kind("set an event webhook", 2, which, (o, { n, at }) => {
    const agent = pickOwner(o, n);
    return agent && putEventWebhook(agent, at, `sealed ${o.steps}`, `set.${o.steps}`);
  }),
  kind("move an event webhook", 2, which, function* (o, { n, at }) {
    const agent = pickOwner(o, n);
    if (!agent) return;
    yield moveEventWebhook(agent, at, `moved.${o.steps}`);
    yield lookAtEventWebhooks();
  }),
  kind("end an event webhook", 1, fc.record({ n: any, at: fc.nat(2), other: rarely }), (o, { n, at, other }) => {
    const agent = pickOwner(o, n);
    const by = other ? pickAgent(o, n + 1) : agent;
    return agent && by && endEventWebhook(agent, at, by);
  }),
  kind("look at the event webhooks", 1, any, () => lookAtEventWebhooks()),
  kind(
    "restart with event webhooks",
    1,
    fc.constantFrom("clean" as const, "kill" as const, "power cut" as const),
    function* (o, how) {
      if (!o.history.present.some(({ eventWebhooks }) => (eventWebhooks?.size ?? 0) > 0)) return;
      yield restart(how);
      yield lookAtEventWebhooks();
    },
  ),
];
