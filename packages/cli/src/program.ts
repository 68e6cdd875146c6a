/** Every command, its arguments and options, in one screenful; what a command does is loaded when it runs. */
import { Urgency, VERSION } from "@agentmesh/protocol";
import { Command, type CommanderError, Option } from "commander";
import { usageError } from "./command-error.ts";
import type { Context, GlobalOptions } from "./context.ts";
import { durationOption, wholeNumberOption } from "./duration.ts";

const DAY_MS = 86_400_000;

const EXAMPLES = `
Examples:
  agentmesh up                                      start the broker in the background
  agentmesh agents                                  who is there, and is a message noticed?
  agentmesh send poker-engine "tests are red"       send; says how the agent is reached
  git diff | agentmesh send reviewer --wait 2m      send stdin, wait for the ack
  agentmesh inbox reviewer                          what waits for an agent, without taking it
  agentmesh log -f                                  watch every message of the mesh

Exit codes: 0 ok, 1 failure, 2 usage, 3 broker unreachable, 4 not found, 5 refused, 70 bug.`;

/** The command line as declared; `parseAsync` runs it, every error is thrown. */
export function buildProgram(): Command {
  const program = new Command("agentmesh")
    .description("Durable messages between coding agents: who is there, send, what became of it.")
    .version(VERSION, "-V, --version", "print the version")
    .option("--url <url>", "broker (default: the one that runs here)")
    .option("--home <folder>", "state folder (default: ~/.agentmesh)")
    .option("--as <name>", "agent to act as (default: cli)")
    .option("--json", "print JSON for programs")
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ outputError: () => {} })
    .exitOverride()
    .addHelpText("after", EXAMPLES);

  program
    .command("up")
    .description("start the broker if none runs")
    .option("--port <port>", "port of a broker that is started", wholeNumberOption(1, 65_535))
    .action(async (options, command) => (await import("./commands/up.ts")).up(await contextOf(command), options));
  program
    .command("down")
    .description("stop the broker; messages stay on disk")
    .action(async (_, command) => (await import("./commands/down.ts")).down(await contextOf(command)));
  program
    .command("status")
    .description("the broker: address, counts, limits")
    .action(async (_, command) => (await import("./commands/status.ts")).status(await contextOf(command)));
  program
    .command("agents")
    .alias("peers")
    .summary("who is there, and how each is reached")
    .description("Every agent with its presence, the push paths that reach it now, and what waits for it.")
    .option("--live", "leave out offline agents")
    .action(async (options, command) =>
      (await import("./commands/agents.ts")).agents(await contextOf(command), options),
    );
  program
    .command("send")
    .summary("send a message, say what is known")
    .description("Send a message as the cli agent (see --as), and say what is known of its recipient.")
    .exitOverride(explainDash)
    .argument("<agent>", "name or id of the recipient")
    .argument("[text...]", 'the message; "-" or nothing reads stdin; text that begins with a dash goes behind "--"')
    .option("--reply <ref>", "message this answers: msg_…, or its number in your inbox; acks it")
    .option("--thread <id>", "thread to send in: thr_…")
    .addOption(urgencyOption())
    .option("--ttl <duration>", "life of the message, e.g. 30m (default: 7d)", durationOption(1_000, 30 * DAY_MS))
    .option("--idempotency-key <key>", "same key and text within 24 h is stored once")
    .option("--wait <duration>", "wait for the ack, print each step", durationOption(1_000, DAY_MS))
    .action(async (to, text, options, command) =>
      (await import("./commands/send.ts")).send(await contextOf(command), to, text, options),
    );
  program
    .command("inbox")
    .summary("what waits, in your inbox or another's")
    .description("Messages that wait for you, or, with a name, in any agent's inbox. Looking changes nothing.")
    .argument("[agent]", "whose inbox (default: your own)")
    .option("--all", "ended ones too: acked, dead, expired, cancelled")
    .option("--full", "whole texts")
    .option("--ack", "ack what was shown (your own inbox only)")
    .option("--after <number>", "begin behind this number", wholeNumberOption(0, Number.MAX_SAFE_INTEGER))
    .option("--limit <count>", "show at most this many", wholeNumberOption(1, 10_000), 25)
    .action(async (agent, options, command) =>
      (await import("./commands/inbox.ts")).inbox(await contextOf(command), agent, options),
    );
  program
    .command("log")
    .summary("what happened to messages")
    .description("What happened to messages, newest last; --json prints one entry a line.")
    .option("-f, --follow", "go on until Ctrl-C, through broker restarts")
    .option("--agent <agent>", "only what this agent sent or received")
    .option("--message <ref>", "one message's whole timeline: msg_…, dlv_…, or with --agent its number")
    .option("--limit <count>", "entries to begin with", wholeNumberOption(1, 500), 50)
    .action(async (options, command) => (await import("./commands/log.ts")).log(await contextOf(command), options));
  program
    .command("ask")
    .summary("ask an agent and wait for its answer")
    .description(
      "Ask as the cli agent and wait; exits 1 when the answer is still pending. A late one is in your inbox.",
    )
    .exitOverride(explainDash)
    .argument("<agent>", "name or id of the agent")
    .argument("[text...]", 'the question; "-" or nothing reads stdin')
    .option("--timeout <duration>", "how long to wait", durationOption(1_000, DAY_MS), 120_000)
    .action(async (to, text, options, command) =>
      (await import("./commands/ask.ts")).ask(await contextOf(command), to, text, options),
    );
  program
    .command("ping")
    .summary("is a message noticed over there?")
    .description(
      "Send an agent a question that needs one word, and say how far it came: accepted, woken, answered. Costs it a turn.",
    )
    .argument("<agent>", "name or id")
    .option("--timeout <duration>", "how long to wait", durationOption(1_000, DAY_MS), 60_000)
    .action(async (agent, options, command) =>
      (await import("./commands/ping.ts")).ping(await contextOf(command), agent, options),
    );
  program
    .command("owed")
    .description("questions without an answer: who owes whom")
    .argument("[agent]", "only what this agent owes and waits for")
    .action(async (agent, _, command) => (await import("./commands/ask.ts")).owed(await contextOf(command), agent));
  program
    .command("publish")
    .summary("publish a message on a topic")
    .description("Publish as the cli agent; says which subscribers it is stored for, and who was left out and why.")
    .exitOverride(explainDash)
    .argument("<topic>", "e.g. build.api.failed")
    .argument("[text...]", 'the message; "-" or nothing reads stdin')
    .addOption(urgencyOption())
    .action(async (topic, text, options, command) =>
      (await import("./commands/topics.ts")).publish(await contextOf(command), topic, text, options),
    );
  program
    .command("subscribe")
    .description("get what is published on a topic into your inbox")
    .argument("<topic>", 'a topic or pattern: "build.*.failed", "build.>"')
    .option("--retained <count>", "earlier messages to get as well", wholeNumberOption(0, 100), 0)
    .option("--unsubscribe", "no longer")
    .action(async (topic, options, command) =>
      (await import("./commands/topics.ts")).subscribe(await contextOf(command), topic, options),
    );
  program
    .command("topics")
    .description("topics that were published on, and who is subscribed")
    .action(async (_, command) => (await import("./commands/topics.ts")).topics(await contextOf(command)));
  program
    .command("trace")
    .summary("one message's life, and why it is not acked")
    .description("Everything that happened to one message, why it is not acked, and what can be done about it.")
    .argument("<ref>", "msg_…, dlv_…, or with --agent a number in that inbox")
    .option("--agent <agent>", "whose inbox the number counts in")
    .action(async (ref, options, command) =>
      (await import("./commands/log.ts")).trace(await contextOf(command), ref, options),
    );
  program
    .command("dead")
    .description("dead letters: what was given up, and why")
    .argument("[agent]", "only those for this agent")
    .option("--limit <count>", "show at most this many", wholeNumberOption(1, 100), 25)
    .action(async (agent, options, command) =>
      (await import("./commands/dead.ts")).dead(await contextOf(command), agent, options),
    );
  program
    .command("redrive")
    .description("put a dead letter back into its inbox")
    .argument("<delivery>", "dlv_…, as agentmesh dead lists it")
    .action(async (ref, _, command) => (await import("./commands/dead.ts")).redrive(await contextOf(command), ref));
  program
    .command("cancel")
    .description("take back a message you sent that nobody was given yet")
    .argument("<message>", "msg_…, as send printed it")
    .action(async (ref, _, command) => (await import("./commands/dead.ts")).cancel(await contextOf(command), ref));
  program
    .command("focus")
    .summary("an agent that is not to be disturbed")
    .description("Keep messages from being pushed to an agent for a while; reading its inbox works as ever.")
    .argument("<agent>", "name or id")
    .option("--for <duration>", "how long, at most 8h (default: 30m)", durationOption(1_000, 8 * 3_600_000))
    .addOption(new Option("--allow <what>", "what is pushed all the same").choices(["interrupt", "nothing"]))
    .option("--reason <text>", "told to senders")
    .option("--end", "end it now")
    .action(async (agent, options, command) =>
      (await import("./commands/focus.ts")).focus(await contextOf(command), agent, options),
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
    .option("--unverified <action>", "accept, hold or refuse agents of the predecessor's wire")
    .option("--otherwise <action>", "accept, hold or refuse everybody else")
    .action(async (agent, options, command) =>
      (await import("./commands/policy.ts")).policy(await contextOf(command), agent, options),
    );
  program
    .command("held")
    .description("what policies keep aside until you decide")
    .argument("[agent]", "only what is held for this agent")
    .action(async (agent, _, command) => (await import("./commands/held.ts")).held(await contextOf(command), agent));
  program
    .command("admit")
    .description("let a held message into its inbox")
    .argument("<delivery>", "dlv_…, as agentmesh held lists it")
    .action(async (ref, _, command) => (await import("./commands/held.ts")).admit(await contextOf(command), ref));
  program
    .command("refuse")
    .description("refuse a held message for good; its sender is told")
    .argument("<delivery>", "dlv_…, as agentmesh held lists it")
    .option("--reason <text>", "told to the sender")
    .action(async (ref, options, command) =>
      (await import("./commands/held.ts")).refuse(await contextOf(command), ref, options),
    );
  program
    .command("whoami")
    .description("the agent you act as")
    .action(async (_, command) => (await import("./commands/whoami.ts")).whoami(await contextOf(command)));
  return program;
}

function urgencyOption(): Option {
  return new Option("--urgency <urgency>", "fyi rests until it looks; interrupt goes before everything").choices(
    Urgency.options,
  );
}

async function contextOf(command: Command): Promise<Context> {
  const { openContext } = await import("./context.ts");
  return openContext(command.optsWithGlobals<GlobalOptions>());
}

function explainDash(error: CommanderError): never {
  if (error.code !== "commander.unknownOption") throw error;
  throw usageError(`${error.message.replace(/^error: /, "")}. Text that begins with a dash goes behind "--".`);
}
