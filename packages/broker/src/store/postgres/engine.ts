/** All statements of the engine over one transaction, by noun. */
import { agentCardStatements } from "./access/agent-cards.ts";
import { auditStatements } from "./access/audit.ts";
import { hookStatements } from "./access/hooks.ts";
import { inviteStatements } from "./access/invites.ts";
import { machineStatements } from "./access/machines.ts";
import { tokenStatements } from "./access/tokens.ts";
import { profileStatements } from "./agent/profiles.ts";
import { settingStatements } from "./agent/settings.ts";
import { agentStatements } from "./agents.ts";
import { archiveStatements } from "./archive.ts";
import { askStatements } from "./asks.ts";
import { brokerStatements } from "./brokers.ts";
import type { EngineContext } from "./context.ts";
import { deliveryStatements } from "./deliveries.ts";
import { eventWebhookStatements } from "./event-webhooks.ts";
import { eventPageStatements } from "./events/page.ts";
import { presenceStatements } from "./events/presences.ts";
import { eventPruneStatements } from "./events/prune.ts";
import { historyStatements } from "./history.ts";
import { keepingStatements } from "./keeping.ts";
import { legacyPeerStatements } from "./legacy-peers.ts";
import { messageStatements } from "./messages.ts";
import { formerNameStatements } from "./names/former-names.ts";
import { nameStatements } from "./names/names.ts";
import { shortIdStatements } from "./names/short-ids.ts";
import { agentPageStatements } from "./pages/agents.ts";
import { deliveryPageStatements } from "./pages/deliveries.ts";
import { loadStatements } from "./pages/loads.ts";
import { logStatements } from "./pages/log.ts";
import { needStatements } from "./pages/needs.ts";
import { topicPageStatements } from "./pages/topics.ts";
import { traceStatements } from "./pages/trace.ts";
import { sessionStatements } from "./sessions.ts";
import { timelineStatements } from "./timeline.ts";
import { topicStatements } from "./topics.ts";
import { webhookStatements } from "./webhooks.ts";

/** The statements. */
export type Engine = ReturnType<typeof engineOf>;

/** Those of a transaction; what an act has not asked for costs nothing. */
export function engineOf(context: EngineContext) {
  const archive = archiveStatements(context);
  const formerNames = formerNameStatements(context);
  const profiles = profileStatements(context);
  return {
    agents: agentStatements(context, archive, formerNames, profiles),
    agentCards: agentCardStatements(context),
    agentPages: agentPageStatements(context),
    archive,
    asks: askStatements(context),
    audit: auditStatements(context),
    brokers: brokerStatements(context),
    deliveries: deliveryStatements(context),
    deliveryPages: deliveryPageStatements(context),
    eventPages: eventPageStatements(context),
    eventPruning: eventPruneStatements(context),
    formerNames,
    history: historyStatements(context),
    hooks: hookStatements(context),
    invites: inviteStatements(context),
    keeping: keepingStatements(context),
    loads: loadStatements(context),
    log: logStatements(context),
    legacyPeers: legacyPeerStatements(context),
    machines: machineStatements(context),
    messages: messageStatements(context),
    names: nameStatements(context),
    needs: needStatements(context),
    presences: presenceStatements(context),
    profiles,
    sessions: sessionStatements(context),
    settings: settingStatements(context),
    shortIds: shortIdStatements(context),
    timeline: timelineStatements(context),
    tokens: tokenStatements(context),
    topicPages: topicPageStatements(context),
    trace: traceStatements(context),
    topics: topicStatements(context),
    webhooks: webhookStatements(context),
    eventWebhooks: eventWebhookStatements(context),
  };
}
