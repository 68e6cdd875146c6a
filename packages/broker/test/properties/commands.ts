/** All commands of a run, as often as they weigh. A new one is a line in the table of its noun. */
import fc from "fast-check";
import { Command, type CommandKind } from "./command-kind.ts";
import { agentCommands } from "./commands-agents.ts";
import { careCommands } from "./commands-care.ts";
import { inboxCommands } from "./commands-inbox.ts";
import { messageCommands } from "./commands-messages.ts";

const kinds: readonly CommandKind[] = [...agentCommands, ...messageCommands, ...inboxCommands, ...careCommands];

/** How often several commands share a turn of the event loop. */
const TOGETHER = 5;

/** Every kind alone, and some together. */
export function allCommands(): fc.Arbitrary<Command>[] {
  const joined = fc.oneof(...kinds.filter(({ joins }) => joins).map(({ draws }) => draws));
  const several = fc.array(joined, { minLength: 2, maxLength: 4, size: "max" }).map((draws) => new Command(draws));
  return [
    ...kinds.flatMap(({ weight, draws }) =>
      Array.from({ length: weight }, () => draws.map((draw) => new Command([draw]))),
    ),
    ...Array.from({ length: TOGETHER }, () => several),
  ];
}
