/** What of an agent needs a person: an inbox that fills up, mail that is not taken, a push path that does not work. */
import { BACKLOG_MESSAGES, BACKLOG_MS, NEARLY_FULL, WEBHOOK_PATH } from "@agentmesh/protocol";
import { sizeText } from "../acceptance/intake.ts";
import { timestamp } from "../clock.ts";
import { presenceOf } from "../looks/agent-shown.ts";
import type { Policy } from "../policy.ts";
import type { FailingPath, InboxLoad } from "../store/needs.ts";
import type { FoundNeed } from "./found.ts";
import { lookingInto, pinging, trying } from "./remedies.ts";

/** What an inbox needs, if anything: the worst first. */
export function ofInbox(load: InboxLoad, policy: Policy, now: number): FoundNeed[] {
  return [...unproven(load, policy, now), ...inboxOf(load, policy, now)];
}

/** What a path that fails needs; one of a session that is gone needs nothing. */
export function ofPath({ agent, path, why, since, restsUntil, ...seen }: FailingPath, policy: Policy): FoundNeed[] {
  if (path === WEBHOOK_PATH) {
    const said = restsUntil === undefined ? why : `rests until ${timestamp(restsUntil)}: ${why}`;
    return [{ kind: "webhook", of: agent.id, since, need: { why: said, agent, path, remedies: trying(agent) } }];
  }
  if (presenceOf(seen, policy) === "offline") return [];
  return [{ kind: "push", of: `${agent.id} ${path}`, since, need: { why, agent, path, remedies: pinging(agent) } }];
}

function unproven({ agent, queued, pushPaths, ...load }: InboxLoad, policy: Policy, now: number): FoundNeed[] {
  const isUnproven = pushPaths.every(({ provenAt, failedWhy }) => provenAt === undefined && failedWhy === undefined);
  if (queued === 0 || pushPaths.length === 0 || !isUnproven || presenceOf(load, policy) !== "online") return [];
  const path = pushPaths.map((each) => each.path).join(", ");
  const why = "never proven: nothing shows that a pushed message was read";
  const need = { why, agent, path, count: queued, remedies: pinging(agent) };
  return [{ kind: "push", of: agent.id, since: load.queuedSince ?? now, need }];
}

function inboxOf(load: InboxLoad, policy: Policy, now: number): FoundNeed[] {
  const { agent, person, queued, open, openBytes, questions } = load;
  const since = load.queuedSince ?? now;
  const { inboxMaxMessages: room, inboxMaxBytes } = policy;
  if (open >= room * NEARLY_FULL || openBytes >= inboxMaxBytes * NEARLY_FULL) {
    const taken =
      open >= room * NEARLY_FULL
        ? `${open} of ${room} messages`
        : `${sizeText(openBytes)} of ${sizeText(inboxMaxBytes)}`;
    const why = `${taken}; then senders are refused`;
    const need = { why, agent, count: open, remedies: lookingInto(agent) };
    return [{ kind: "nearly_full", of: agent.id, since: load.openSince ?? now, need }];
  }
  if (person) {
    // Its questions are needs of their own.
    const unread = queued - questions;
    if (unread <= 0) return [];
    return [
      {
        kind: "mail",
        of: agent.id,
        since,
        need: { why: `${unread} unread`, agent, count: unread, remedies: lookingInto(agent) },
      },
    ];
  }
  const isLong = queued > BACKLOG_MESSAGES || (queued > 0 && now - since > BACKLOG_MS);
  if (!isLong || presenceOf(load, policy) !== "online") return [];
  const why = `${queued} wait although it is online`;
  return [{ kind: "backlog", of: agent.id, since, need: { why, agent, count: queued, remedies: pinging(agent) } }];
}
