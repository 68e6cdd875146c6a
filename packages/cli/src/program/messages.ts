/** Commands that send and read messages. */
import type { Command } from "commander";
import { countOption, durationOption } from "../option-values.ts";
import { contextOf, DAY_MS, textArgument, timeoutOption, urgencyOption } from "./parts.ts";

/** Declares them. */
export function messagesCommands(program: Command): void {
  const send = program
    .command("send")
    .summary("send a message, say what is known")
    .description("Send a message as the cli agent (see --as), and say what is known of its recipient.")
    .argument("<agent>", "name or id of the recipient");
  textArgument(send, "the message")
    .option("--reply <ref>", "message this answers: msg_…, or its number in your inbox; acks it")
    .option("--thread <ref>", "thread to send in: thr_…, or a message of it")
    .addOption(urgencyOption())
    .addOption(durationOption("--ttl <duration>", "life of the message, e.g. 30m (default: 7d)", 1_000, 30 * DAY_MS))
    .option("--idempotency-key <key>", "same key and text within 24 h is stored once")
    .addOption(durationOption("--wait <duration>", "wait for the ack, print each step", 1_000, DAY_MS))
    .action(async (to, text, options, command) =>
      (await import("../commands/messages/send.ts")).send(await contextOf(command), to, text, options),
    );
  const reply = program
    .command("reply")
    .summary("answer a message")
    .description("Answer a message of your inbox, which acks it: the answer goes to its sender, in its thread.")
    .argument("<ref>", "its number in your inbox, msg_… or dlv_…");
  textArgument(reply, "the answer")
    .addOption(urgencyOption())
    .addOption(durationOption("--wait <duration>", "wait for the ack, print each step", 1_000, DAY_MS))
    .action(async (reply, text, options, command) =>
      (await import("../commands/messages/send.ts")).send(await contextOf(command), undefined, text, {
        ...options,
        reply,
      }),
    );
  program
    .command("ack")
    .summary("end single messages of your inbox")
    .description("Say that you have read messages of your inbox: they wait no longer.")
    .argument("<ref...>", "numbers as inbox shows them, msg_… or dlv_…")
    .action(async (refs, _, command) =>
      (await import("../commands/messages/ack.ts")).ack(await contextOf(command), refs),
    );
  program
    .command("inbox")
    .summary("what waits, in your inbox or another's")
    .description("Messages that wait for you, or, with a name, in any agent's inbox. Looking changes nothing.")
    .argument("[agent]", "whose inbox (default: your own)")
    .option("--all", "ended ones too: acked, dead, expired, cancelled")
    .option("--full", "whole texts")
    .option("-f, --follow", "show what comes until Ctrl-C, through broker restarts")
    .option("--ack", "ack what was shown (your own inbox only)")
    .option("--newest", "the newest first")
    .addOption(countOption("--after <number>", "begin behind this number", 0, Number.MAX_SAFE_INTEGER))
    .addOption(countOption("--before <number>", "end before this number", 1, Number.MAX_SAFE_INTEGER))
    .addOption(countOption("--limit <count>", "show at most this many", 1, 10_000, 25))
    .action(async (agent, options, command) =>
      (await import("../commands/messages/inbox.ts")).inbox(await contextOf(command), agent, options),
    );
  historyOptions(program.command("history"))
    .summary("messages again, or one conversation")
    .description("Messages that were sent, the newest last: of all, or of some agents; one thread as a conversation.")
    .action(async (options, command) =>
      (await import("../commands/messages/history.ts")).history(await contextOf(command), options),
    );
  historyOptions(program.command("search"))
    .summary("messages by the words in them")
    .description(
      'Messages that hold all words, the newest last. "a phrase" is found as it stands, par* by its beginning.',
    )
    .argument("<words...>", "words, phrases in quotes")
    .action(async (words, options, command) =>
      (await import("../commands/messages/history.ts")).search(await contextOf(command), words, options),
    );
  const ask = program
    .command("ask")
    .summary("ask an agent and wait for its answer")
    .description(
      "Ask as the cli agent and wait; exits 7 when the answer is still pending. A late one is in your inbox.",
    )
    .argument("<agent>", "name or id of the agent");
  textArgument(ask, "the question")
    .addOption(timeoutOption(120_000))
    .action(async (to, text, options, command) =>
      (await import("../commands/messages/ask.ts")).ask(await contextOf(command), to, text, options),
    );
  program
    .command("owed")
    .description("questions without an answer: who owes whom")
    .argument("[agent]", "only what this agent owes and waits for")
    .action(async (agent, _, command) =>
      (await import("../commands/messages/ask.ts")).owed(await contextOf(command), agent),
    );
  program
    .command("waive")
    .summary("have nobody owe an answer any more")
    .description(
      "Have nobody owe the answer to a question any more: who owed it is told, and who asked. A late answer still comes.",
    )
    .argument("<message...>", "msg_…, as agentmesh owed lists it")
    .action(async (refs, _, command) =>
      (await import("../commands/messages/ask.ts")).waive(await contextOf(command), refs),
    );
  const publish = program
    .command("publish")
    .summary("publish a message on a topic")
    .description("Publish as the cli agent; says which subscribers it is stored for, and who was left out and why.")
    .argument("<topic>", "e.g. build.api.failed");
  textArgument(publish, "the message")
    .addOption(urgencyOption())
    .action(async (topic, text, options, command) =>
      (await import("../commands/messages/topics.ts")).publish(await contextOf(command), topic, text, options),
    );
  program
    .command("subscribe")
    .description("get what is published on a topic into your inbox")
    .argument("<topic>", 'a topic or pattern: "build.*.failed", "build.>"')
    .addOption(countOption("--retained <count>", "earlier messages to get as well", 0, 100, 0))
    .option("--unsubscribe", "no longer")
    .action(async (topic, options, command) =>
      (await import("../commands/messages/topics.ts")).subscribe(await contextOf(command), topic, options),
    );
  program
    .command("unsubscribe")
    .description("get nothing more that is published on a topic")
    .argument("<topic>", "the topic or pattern, as it was subscribed")
    .action(async (topic, _, command) =>
      (await import("../commands/messages/topics.ts")).subscribe(await contextOf(command), topic, {
        unsubscribe: true,
        retained: 0,
      }),
    );
  program
    .command("topics")
    .description("topics that were published on, and who is subscribed")
    .action(async (_, command) => (await import("../commands/messages/topics.ts")).topics(await contextOf(command)));
}

function historyOptions(command: Command): Command {
  return command
    .option("--with <agent>", "what this agent sent or got; with --agent, between the two")
    .option("--agent <agent>", "what this agent sent or got")
    .option("--thread <ref>", "one conversation: thr_…, or a message of it: msg_…, dlv_…, or with --agent its number")
    .option("--topic <topic>", "what was published there")
    .option("--full", "whole texts")
    .option("--before <cursor>", "older ones, as an earlier answer names them")
    .addOption(countOption("--limit <count>", "show at most this many", 1, 10_000, 25));
}
