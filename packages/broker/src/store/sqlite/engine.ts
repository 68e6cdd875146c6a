/** All statements of the engine, prepared once over one open database. */

import { agentPageStatements } from "./agent-pages.ts";
import { agentStatements } from "./agents.ts";
import { archiveStatements } from "./archive.ts";
import { askStatements } from "./asks.ts";
import type { EngineContext } from "./context.ts";
import { FoundDamage } from "./damage.ts";
import { deliveryStatements } from "./deliveries.ts";
import { formerNameStatements } from "./former-names.ts";
import { historyStatements } from "./history.ts";
import { keepingStatements } from "./keeping.ts";
import { legacyPeerStatements } from "./legacy-peers.ts";
import { lifeStatements } from "./life.ts";
import { logStatements } from "./log.ts";
import { messageStatements } from "./messages.ts";
import { nameStatements } from "./names.ts";
import { sessionStatements } from "./sessions.ts";
import { shortIdStatements } from "./short-ids.ts";
import { timelineStatements } from "./timeline.ts";
import { topicPageStatements } from "./topic-pages.ts";
import { topicStatements } from "./topics.ts";
import { traceStatements } from "./trace.ts";
import { webhookStatements } from "./webhooks.ts";

/** The statements by noun. */
export type Engine = ReturnType<typeof prepareEngine>;

/** Prepares every statement. */
export function prepareEngine(context: EngineContext, epoch: string) {
  const selectInboxSize = context.db.prepare<[number], { messages: number; bytes: number }>(
    `SELECT open_count AS messages, open_bytes AS bytes FROM agent WHERE pk = ?`,
  );
  const archive = archiveStatements(context);
  const formerNames = formerNameStatements(context);
  const life = lifeStatements(context.db);
  const timeline = timelineStatements(context);
  return {
    agents: agentStatements(context, archive, formerNames),
    formerNames,
    shortIds: shortIdStatements(context),
    archive,
    agentPages: agentPageStatements(context),
    names: nameStatements(context),
    sessions: sessionStatements(context),
    keeping: keepingStatements(context),
    messages: messageStatements(context),
    deliveries: deliveryStatements(context, life),
    life,
    timeline,
    log: logStatements(context, epoch, timeline.lastPosition),
    history: historyStatements(context, epoch),
    trace: traceStatements(context, epoch),
    topics: topicStatements(context),
    topicPages: topicPageStatements(context),
    asks: askStatements(context),
    webhooks: webhookStatements(context),
    legacyPeers: legacyPeerStatements(context),
    damage: new FoundDamage(),
    inboxSize: (agentPk: number) => selectInboxSize.get(agentPk) ?? { messages: 0, bytes: 0 },
  };
}
