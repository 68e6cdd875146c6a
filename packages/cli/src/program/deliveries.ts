/** Commands about what became of messages, and decisions on them. */
import type { Command } from "commander";
import { countOption } from "../option-values.ts";
import { contextOf } from "./parts.ts";

/** Declares them. */
export function deliveriesCommands(program: Command): void {
  program
    .command("log")
    .summary("what happened to messages")
    .description("What happened to messages, newest last; --json prints one entry a line.")
    .option("-f, --follow", "go on until Ctrl-C, through broker restarts")
    .option("--agent <agent>", "only what this agent sent or received")
    .option("--thread <ref>", "one conversation: thr_…, or a message of it: msg_…, dlv_…, or with --agent its number")
    .option("--message <ref>", "one message's whole timeline: msg_…, dlv_…, or with --agent its number")
    .addOption(countOption("--limit <count>", "entries to begin with", 1, 500, 50))
    .action(async (options, command) =>
      (await import("../commands/deliveries/log.ts")).log(await contextOf(command), options),
    );
  program
    .command("trace")
    .summary("one message's life, and why it is not acked")
    .description("Everything that happened to one message, why it is not acked, and what can be done about it.")
    .argument("<ref>", "msg_…, dlv_…, or with --agent a number in that inbox")
    .option("--agent <agent>", "whose inbox the number counts in")
    .action(async (ref, options, command) =>
      (await import("../commands/deliveries/log.ts")).trace(await contextOf(command), ref, options),
    );
  program
    .command("needs")
    .summary("what waits for you, and what ends it")
    .description(
      "What waits for a person, the worst first, each with the commands that end it: questions, held mail, dead letters, overdue answers, push paths that fail, inboxes that fill up.",
    )
    .argument("[agent]", "only what waits at this agent, or for it")
    .addOption(countOption("--limit <count>", "show at most this many", 1, 10_000, 50))
    .action(async (agent, options, command) =>
      (await import("../commands/deliveries/needs.ts")).needs(await contextOf(command), agent, options),
    );
  program
    .command("held")
    .description("what policies keep aside until you decide")
    .argument("[agent]", "only what is held for this agent")
    .action(async (agent, _, command) =>
      (await import("../commands/deliveries/held.ts")).held(await contextOf(command), agent),
    );
  program
    .command("admit")
    .description("let a held message into its inbox")
    .argument("<delivery>", "dlv_…, as agentmesh held lists it")
    .action(async (ref, _, command) =>
      (await import("../commands/deliveries/held.ts")).admit(await contextOf(command), ref),
    );
  program
    .command("refuse")
    .description("refuse a held message for good; its sender is told")
    .argument("<delivery>", "dlv_…, as agentmesh held lists it")
    .option("--reason <text>", "told to the sender")
    .action(async (ref, options, command) =>
      (await import("../commands/deliveries/held.ts")).refuse(await contextOf(command), ref, options),
    );
  program
    .command("dead")
    .description("dead letters: what was given up, and why")
    .argument("[agent]", "only those for this agent")
    .addOption(countOption("--limit <count>", "show at most this many", 1, 10_000, 25))
    .action(async (agent, options, command) =>
      (await import("../commands/deliveries/dead.ts")).dead(await contextOf(command), agent, options),
    );
  program
    .command("redrive")
    .description("put a dead letter back into its inbox")
    .argument("<delivery>", "dlv_…, as agentmesh dead lists it")
    .action(async (ref, _, command) =>
      (await import("../commands/deliveries/dead.ts")).redrive(await contextOf(command), ref),
    );
  program
    .command("dismiss")
    .summary("take a dead letter off the list")
    .description("Take dead letters off the list: somebody has looked after them. Their text stays in the history.")
    .argument("<delivery...>", "dlv_…, as agentmesh dead lists it")
    .action(async (refs, _, command) =>
      (await import("../commands/deliveries/dead.ts")).dismiss(await contextOf(command), refs),
    );
  program
    .command("cancel")
    .description("take back a message you sent that nobody was given yet")
    .argument("<message>", "msg_…, as send printed it")
    .action(async (ref, _, command) =>
      (await import("../commands/deliveries/dead.ts")).cancel(await contextOf(command), ref),
    );
}
