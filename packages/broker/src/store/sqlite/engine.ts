/** All statements of the engine, made once over one open database, and prepared when they are run first. */

import { FoundDamage } from "../shared/damage.ts";
import { agentCardStatements } from "./access/agent-cards.ts";
import { auditStatements } from "./access/audit.ts";
import { hookStatements } from "./access/hooks.ts";
import { inviteStatements } from "./access/invites.ts";
import { machineStatements } from "./access/machines.ts";
import { tokenStatements } from "./access/tokens.ts";
import { partyStatements } from "./agent/parties.ts";
import { profileStatements } from "./agent/profiles.ts";
import { agentStatements } from "./agents.ts";
import { archiveStatements } from "./archive.ts";
import { askStatements } from "./asks.ts";
import type { EngineContext } from "./context.ts";
import { deliveryStatements } from "./deliveries.ts";
import { dueTimes } from "./due.ts";
import { eventWebhookStatements } from "./event-webhooks.ts";
import { eventStatements } from "./events/events.ts";
import { eventPageStatements } from "./events/page.ts";
import { presenceStatements } from "./events/presences.ts";
import { lifeStatements } from "./file/life.ts";
import { historyStatements } from "./history.ts";
import { indexedStatements } from "./indexed.ts";
import { keepingStatements } from "./keeping.ts";
import { legacyPeerStatements } from "./legacy-peers.ts";
import { messageStatements } from "./messages.ts";
import { formerNameStatements } from "./names/former-names.ts";
import { nameStatements } from "./names/names.ts";
import { shortIdStatements } from "./names/short-ids.ts";
import { agentPageStatements } from "./pages/agents.ts";
import { loadStatements } from "./pages/loads.ts";
import { logStatements } from "./pages/log.ts";
import { needStatements } from "./pages/needs.ts";
import { topicPageStatements } from "./pages/topics.ts";
import { traceStatements } from "./pages/trace.ts";
import { sessionStatements } from "./sessions.ts";
import { timelineStatements } from "./timeline.ts";
import { topicStatements } from "./topics.ts";
import { webhookStatements } from "./webhooks.ts";

/** The statements by noun. */
export type Engine = ReturnType<typeof prepareEngine>;

/** Makes every statement; `happened` is told of each event that is noted, `isExact` says that the broker before has written all that it knew. */
export function prepareEngine(context: EngineContext, epoch: string, isExact: boolean, happened: () => void) {
  const selectInboxSize = context.db.prepare<[number], { messages: number; bytes: number }>(
    `SELECT open_count AS messages, open_bytes AS bytes FROM agent WHERE pk = ?`,
  );
  const archive = archiveStatements(context);
  const formerNames = formerNameStatements(context);
  const profiles = profileStatements(context);
  const life = lifeStatements(context.db);
  const timeline = timelineStatements(context);
  const sessions = sessionStatements(context, isExact);
  const agents = agentStatements(context, archive, formerNames, profiles, sessions.memory);
  const machines = machineStatements(context, sessions.memory);
  const asks = askStatements(context);
  const events = eventStatements(context, happened);
  return {
    agents,
    audit: auditStatements(context),
    invites: inviteStatements(context),
    machines,
    tokens: tokenStatements(context),
    formerNames,
    profiles,
    shortIds: shortIdStatements(context),
    archive,
    agentPages: agentPageStatements(context, sessions.memory),
    names: nameStatements(context),
    sessions,
    keeping: keepingStatements(context),
    messages: messageStatements(context),
    deliveries: deliveryStatements(context, life),
    life,
    timeline,
    log: logStatements(context, epoch, timeline.lastPosition),
    events,
    eventPages: eventPageStatements(context, epoch, { timeline: timeline.lastPosition, ...events }),
    presences: presenceStatements(context, sessions),
    history: historyStatements(context, epoch),
    indexed: indexedStatements(context),
    trace: traceStatements(context, epoch),
    parties: partyStatements(context),
    topics: topicStatements(context),
    topicPages: topicPageStatements(context),
    asks,
    needs: needStatements(context),
    loads: loadStatements(context, sessions.memory),
    due: dueTimes(context, {
      overdueAsk: () => asks.overdue(1).length > 0,
      removed: () => agents.removedWithMail() !== undefined,
      revoked: () => machines.ofRevoked(1).length > 0,
    }),
    webhooks: webhookStatements(context),
    eventWebhooks: eventWebhookStatements(context),
    hooks: hookStatements(context),
    agentCards: agentCardStatements(context),
    legacyPeers: legacyPeerStatements(context),
    damage: new FoundDamage(),
    inboxSize: (agentPk: number) => selectInboxSize.get(agentPk) ?? { messages: 0, bytes: 0 },
  };
}
