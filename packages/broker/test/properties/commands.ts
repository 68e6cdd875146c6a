/** All commands of a run, as often as they weigh. A new one is a line in the table of its noun. */
import fc from "fast-check";
import { Command, type CommandKind } from "./command-kind.ts";
import { ackCommands } from "./commands-acks.ts";
import { agentCommands } from "./commands-agents.ts";
import { askCommands } from "./commands-asks.ts";
import { careCommands } from "./commands-care.ts";
import { decisionCommands } from "./commands-decisions.ts";
import { eventWebhookCommands } from "./commands-event-webhooks.ts";
import { inboxCommands } from "./commands-inbox.ts";
import { machineCommands } from "./commands-machines.ts";
import { messageCommands } from "./commands-messages.ts";
import { receiverCommands } from "./commands-receivers.ts";
import { topicCommands } from "./commands-topics.ts";
import { webhookCommands } from "./commands-webhooks.ts";

const kinds: readonly CommandKind[] = [
  ...agentCommands,
  ...machineCommands,
  ...messageCommands,
  ...topicCommands,
  ...askCommands,
  ...inboxCommands,
  ...ackCommands,
  ...decisionCommands,
  ...receiverCommands,
  ...webhookCommands,
  ...eventWebhookCommands,
  ...careCommands,
];

/** How often several commands share a turn of the event loop. */
const TOGETHER = 5;

/** How much more often a kind comes that a check is about. */
const EMPHASIS = 6;

/** Every kind alone, and some together; those with a name in `often` more often; `more` are of some worlds only. */
export function allCommands(often: readonly string[] = [], more: readonly CommandKind[] = []): fc.Arbitrary<Command>[] {
  const joined = fc.oneof(...kinds.filter(({ joins }) => joins).map(({ draws }) => draws));
  const several = fc.array(joined, { minLength: 2, maxLength: 4, size: "max" }).map((draws) => new Command(draws));
  return [
    ...[...kinds, ...more].flatMap((each) =>
      Array.from({ length: each.weight * (often.includes(each.name) ? EMPHASIS : 1) }, () =>
        each.draws.map((draw) => new Command([draw])),
      ),
    ),
    ...Array.from({ length: TOGETHER }, () => several),
  ];
}
