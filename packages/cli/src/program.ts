/** The command line as declared; what a command does is loaded when it runs. */
import { VERSION } from "@agentmesh/protocol";
import { Command } from "commander";
import { agentsCommands } from "./program/agents.ts";
import { brokerCommands } from "./program/broker.ts";
import { clientsCommands } from "./program/clients.ts";
import { deliveriesCommands } from "./program/deliveries.ts";
import { exitCodesCommand } from "./program/exit-codes.ts";
import { machinesCommands } from "./program/machines.ts";
import { messagesCommands } from "./program/messages.ts";
import { webhooksCommands } from "./program/webhooks.ts";
import { explained, helpWidth, sentence } from "./terminal/output.ts";

const EXAMPLES = [
  ["agentmesh setup", "connect Claude Code, Codex, …"],
  ["agentmesh up", "start the broker in the background"],
  ["agentmesh agents", "who is there, and what reaches each"],
  ['agentmesh send bob "tests are red"', "send; says how bob is reached"],
  ['git diff | agentmesh send bob "to read:"', "send text and standard input"],
  ["agentmesh inbox bob", "what waits for bob; takes nothing"],
  ["agentmesh log -f", "watch every message of the mesh"],
] as const;

const afterHelp = () =>
  `\nExamples:\n${explained(EXAMPLES)}\n\n${sentence("What exit codes mean, and which commands to run again: agentmesh help exit-codes")}`;

/** The line of a list as the sentence that help begins with. */
function described(command: Command): string {
  const text = command.description() || command.summary();
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.?!:]$/.test(begun) ? begun : `${begun}.`;
}

/** The command line as declared; `parseAsync` runs it, every error is thrown. */
export function buildProgram(): Command {
  const program = new Command("agentmesh")
    .description("Durable messages between coding agents: who is there, send, what became of it.")
    .version(VERSION, "-V, --version", "print the version")
    .option("--url <url>", "broker, or several with commas between (default: the one that runs here)")
    .option("--home <folder>", "state folder (default: ~/.agentmesh)")
    .option("--as <name>", "agent to act as (default: cli)")
    .option("--create", "make the agent that --as names, if you have none of this name")
    .option("--json", "print JSON for programs")
    .configureHelp({ showGlobalOptions: true, minWidthToWrap: 10, commandDescription: described })
    .configureOutput({ outputError: () => {}, getOutHelpWidth: helpWidth, getErrHelpWidth: helpWidth })
    .exitOverride()
    .addHelpText("after", afterHelp);

  exitCodesCommand(program);
  program.commandsGroup("Clients:");
  clientsCommands(program);
  program.commandsGroup("Broker:");
  brokerCommands(program);
  program.commandsGroup("Agents:");
  agentsCommands(program);
  webhooksCommands(program);
  program.commandsGroup("Machines:");
  machinesCommands(program);
  program.commandsGroup("Messages:");
  messagesCommands(program);
  program.commandsGroup("What became of messages:");
  deliveriesCommands(program);
  return program;
}
