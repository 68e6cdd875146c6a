/** Commands about agents: who is there, how each is reached, whose messages it takes. */
import type { Command } from "commander";
import { choiceOption, durationOption } from "../option-values.ts";
import { contextOf, timeoutOption } from "./parts.ts";

/** Declares them. */
export function agentsCommands(program: Command): void {
  program
    .command("agents")
    .aliases(["peers", "ls", "ps"])
    .summary("who is there, and how each is reached")
    .description("Every agent with its presence, the push paths that reach it now, and what waits for it.")
    .option("--live", "leave out offline agents")
    .option("--archived", "those alone that have not been heard of for long")
    .action(async (options, command) =>
      (await import("../commands/agents/agents.ts")).agents(await contextOf(command), options),
    );
  const agent = program.command("agent").summary("one agent: add, rename, remove, show");
  agent
    .command("add")
    .summary("make an agent")
    .description("Make an agent that you act as with --as, or that a program or a webhook is to be.")
    .argument("<name>", "a-z 0-9 . _ -, up to 64")
    .option("--token", "print its token, for a program that speaks HTTP; it acts as the agent")
    .action(async (name, options, command) =>
      (await import("../commands/agents/agent.ts")).addAgent(await contextOf(command), name, options),
    );
  agent
    .command("rename")
    .alias("mv")
    .summary("give an agent another name")
    .description(
      "Give an agent another name. Mail, threads, subscriptions, policies and webhook stay its own; what is sent to the old name comes to it until another agent takes that.",
    )
    .argument("<agent>", "name or id")
    .argument("<name>", "the new name")
    .action(async (found, name, _, command) =>
      (await import("../commands/agents/agent.ts")).renameAgent(await contextOf(command), found, name),
    );
  agent
    .command("remove")
    .alias("rm")
    .summary("take an agent out of the mesh")
    .description("Take an agent out of the mesh. What waits for it becomes dead letters, whose senders are told.")
    .argument("<agent>", "name or id")
    .option("--yes", "do not ask, although it is online or mail waits for it")
    .action(async (found, options, command) =>
      (await import("../commands/agents/agent.ts")).removeAgent(await contextOf(command), found, options),
    );
  agent
    .command("show")
    .description("what is known of one agent")
    .argument("<agent>", "name or id")
    .action(async (found, _, command) =>
      (await import("../commands/agents/agent.ts")).showAgent(await contextOf(command), found),
    );
  agent
    .command("card")
    .summary("show an agent to programs that speak A2A")
    .description(
      "The card by which programs that speak A2A find an agent; none has one before you make it. Whoever reaches the broker may read it, and needs a token to write. Without options, shows it.",
    )
    .argument("<agent>", "name or id")
    .option("--describe <text>", "make it, in place of the one before: what the agent is for")
    .option("--skill <skill...>", 'one thing it can do: "build: builds a branch and says how it went"')
    .option("--remove", "show the agent no longer")
    .action(async (found, options, command) =>
      (await import("../commands/agents/card.ts")).card(await contextOf(command), found, options),
    );
  program
    .command("whoami")
    .description("the agent you act as")
    .action(async (_, command) => (await import("../commands/agents/whoami.ts")).whoami(await contextOf(command)));
  program
    .command("ping")
    .summary("is a message noticed over there?")
    .description(
      "Send an agent a question that needs one word, and say how far it came: accepted, woken, answered. Costs it a turn.",
    )
    .argument("<agent>", "name or id")
    .addOption(timeoutOption(60_000))
    .action(async (agent, options, command) =>
      (await import("../commands/agents/ping.ts")).ping(await contextOf(command), agent, options),
    );
  program
    .command("focus")
    .summary("an agent that is not to be disturbed")
    .description(
      "Keep messages from being pushed to an agent for a while; reading its inbox works as ever. Without options, shows it.",
    )
    .argument("<agent>", "name or id")
    .addOption(
      durationOption(
        "--for <duration>",
        "how long, at most 8h; 30m when only --allow or --reason is given",
        1_000,
        8 * 3_600_000,
      ),
    )
    .addOption(choiceOption("--allow <what>", "what is pushed all the same", ["interrupt", "nothing"]))
    .option("--reason <text>", "told to senders")
    .option("--end", "end it now")
    .action(async (agent, options, command) =>
      (await import("../commands/agents/focus.ts")).focus(await contextOf(command), agent, options),
    );
  program
    .command("policy")
    .summary("whose messages an agent takes")
    .description("Whose messages an agent accepts, holds for you to decide, or refuses. Without options, shows it.")
    .argument("<agent>", "name or id")
    .option("--accept <sender...>", "accept these senders")
    .option("--hold <sender...>", "hold what these send")
    .option("--refuse <sender...>", "refuse these senders")
    .option("--forget <sender...>", "no rule for these senders any more")
    .option("--operator <action>", "accept, hold or refuse what a person sends from the command line")
    .option("--same-repo <action>", "accept, hold or refuse agents that say they work in its repository")
    .option("--same-machine <action>", "accept, hold or refuse other agents of its machine")
    .option("--remote <action>", "accept, hold or refuse agents of other machines")
    .option("--unverified <action>", "accept, hold or refuse agents of the predecessor's wire and of hook URLs")
    .option("--otherwise <action>", "accept, hold or refuse everybody else")
    .action(async (agent, options, command) =>
      (await import("../commands/agents/policy.ts")).policy(await contextOf(command), agent, options),
    );
}
