/** The commands about the clients of this machine. */
import type { Command } from "commander";
import { mcpEntryNames } from "../commands/clients/mcp-entries.ts";
import { choiceOption } from "../option-values.ts";
import { contextOf } from "./parts.ts";

/** Declares setup and uninstall. */
export function clientsCommands(program: Command): void {
  program
    .command("setup")
    .summary("connect the clients of this machine: Claude Code, Codex, …")
    .description(
      "Write agentmesh into the configuration of each client that is found. Asks before it writes; keeps the rest of each file byte for byte, and a backup.",
    )
    .option("--client <name>", "only this client, such as codex, found or not; may be repeated", several)
    .option("--dry-run", "show the difference of every file and write nothing")
    .option("--exit-code", "with --dry-run: exit 6 when there is a difference")
    .option("--yes", "do not ask")
    .option("--project", "configuration of this directory, shared with others: nothing of this machine in it")
    .option("--replace", "overwrite another server that is called agentmesh")
    .option("--allow-tools", "let models use the tools of agentmesh without asking you each time")
    .option("--command <command>", "command of the adapter (default: as this command line was installed)")
    .action(async (options, command) =>
      (await import("../commands/clients/setup.ts")).setup(await contextOf(command), options),
    );
  program
    .command("uninstall")
    .summary("take out of the clients what setup wrote")
    .description("Take out of each client's configuration what setup wrote, and nothing else. Messages stay.")
    .option("--client <name>", "only this client; may be repeated", several)
    .option("--dry-run", "show the difference of every file and write nothing")
    .option("--exit-code", "with --dry-run: exit 6 when there is a difference")
    .option("--yes", "do not ask")
    .option("--project", "configuration of this directory instead of your own")
    .action(async (options, command) =>
      (await import("../commands/clients/uninstall.ts")).uninstall(await contextOf(command), options),
    );
  program
    .command("mcp-url")
    .summary("connect a client by a URL and a token, where it can start no process")
    .description(
      "Make an agent with a token and print what goes into the configuration of a client that takes MCP by a URL. The token is in it: it acts as the agent.",
    )
    .argument("<name>", "the agent that the client is: a-z 0-9 . _ -, up to 64")
    .addOption(
      choiceOption("--for <client>", "whose configuration; the usual form of others", mcpEntryNames).default("other"),
    )
    .action(async (name, options, command) =>
      (await import("../commands/clients/mcp-url.ts")).mcpUrl(await contextOf(command), name, options),
    );
}

function several(name: string, before: readonly string[] = []): string[] {
  return [...before, name];
}
