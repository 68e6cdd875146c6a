/** Commands about webhooks: URLs to which the broker posts what comes into an agent's inbox, and hooks, at which others post. */
import { AgentName, HookId } from "@agentmesh/protocol";
import type { Command } from "commander";
import { choiceOption, countOption, durationOption, typedOption } from "../option-values.ts";
import { contextOf, DAY_MS } from "./parts.ts";

/** Declares them. */
export function webhooksCommands(program: Command): void {
  const webhook = program
    .command("webhook")
    .summary("post an agent's messages to a URL")
    .description("Have the broker post what comes into an agent's inbox to a URL; a 2xx answer is the ack.");
  webhook
    .command("set")
    .summary("set the URL; shows the secret that was made, once")
    .description(
      "Set an agent's webhook. Without --secret-file the broker makes a secret and this shows it, only now. A file named - is stdin.",
    )
    .argument("<agent>", "name or id")
    .argument(
      "<url>",
      "for openclaw its gateway, e.g. http://127.0.0.1:18789, or the whole URL of the hook; for continue cn serve's",
    )
    .addOption(
      choiceOption("--dialect <name>", "what a post looks like", [
        "agentmesh",
        "cloudevents",
        "openclaw",
        "hermes",
        "continue",
        "a2a",
        "a2a-push",
        "legacy",
      ]).default("agentmesh"),
    )
    .option("--secret-file <file>", "secret to sign with: whsec_…, or of Hermes' own kind")
    .addOption(choiceOption("--urgency <least>", "least urgency that is posted", ["fyi", "normal", "interrupt"]))
    .addOption(countOption("--in-flight <count>", "posts at once; more than 1 gives up the order", 1, 16))
    .option("--token-file <file>", "openclaw: hooks.token of its configuration; a2a: the token that lets the broker in")
    .addOption(choiceOption("--hook <name>", "openclaw: a turn of its own, or the main session", ["agent", "wake"]))
    .option("--agent-id <id>", "openclaw: its agent")
    .option("--session-key <key>", "openclaw: its session")
    .option("--deliver", "openclaw: send the answer to a chat as well")
    .action(async (agent, url, options, command) =>
      (await import("../commands/webhooks/webhook.ts")).setWebhook(await contextOf(command), agent, url, options),
    );
  webhook
    .command("list")
    .alias("ls")
    .description("every agent that has one, and how it does")
    .action(async (_, command) =>
      (await import("../commands/webhooks/webhook.ts")).listWebhooks(await contextOf(command)),
    );
  webhook
    .command("show")
    .description("where posts go, how they do, when the next is tried; never a secret")
    .argument("<agent>", "name or id")
    .action(async (agent, _, command) =>
      (await import("../commands/webhooks/webhook.ts")).showWebhook(await contextOf(command), agent),
    );
  webhook
    .command("test")
    .summary("post a test event now")
    .description(
      "Post a signed test event now and say how it was answered. A success ends a rest and enables a disabled webhook.",
    )
    .argument("<agent>", "name or id")
    .action(async (agent, _, command) =>
      (await import("../commands/webhooks/webhook.ts")).testWebhook(await contextOf(command), agent),
    );
  webhook
    .command("rotate")
    .description("replace the secret; the old one signs as well for a while")
    .argument("<agent>", "name or id")
    .option("--secret-file <file>", "the new secret (default: the broker makes one, shown only now)")
    .addOption(
      durationOption("--overlap <duration>", "how long both sign, 0s for a leaked one (default: 24h)", 0, 7 * DAY_MS),
    )
    .action(async (agent, options, command) =>
      (await import("../commands/webhooks/webhook.ts")).rotateWebhook(await contextOf(command), agent, options),
    );
  webhook
    .command("remove")
    .alias("rm")
    .description("post nothing more; what waits stays in the inbox")
    .argument("<agent>", "name or id")
    .action(async (agent, _, command) =>
      (await import("../commands/webhooks/webhook.ts")).removeWebhook(await contextOf(command), agent),
    );
  program
    .command("hook-url")
    .summary("make a URL at which GitHub, GitLab or any program posts")
    .description(
      "Make a URL at which GitHub, GitLab or any program posts to a topic or an agent. Each has a secret of its own, shown only now, and an agent that its messages are from, marked unverified.",
    )
    .argument("[target]", "an agent; with dots in it and no agent of that name, or --topic, a topic")
    .addOption(choiceOption("--kind <name>", "who posts", ["github", "gitlab", "json"]).default("json"))
    .option("--topic", "the target is a topic")
    .addOption(
      typedOption("--name <name>", "of the agent its messages are from (default: made of kind and target)", AgentName),
    )
    .option("--secret-file <file>", "secret that posts are proven by (default: the broker makes one)")
    .addOption(choiceOption("--urgency <urgency>", "of its messages; normal", ["fyi", "normal", "interrupt"]))
    .option("--secret-in-url", "json: for who can send no header; then the URL is the secret")
    .option("--list", "all hooks, and when each was posted to last")
    .addOption(typedOption("--remove <hook>", "take no more posts at this one: hok_…", HookId))
    .action(async (target, options, command) =>
      (await import("../commands/webhooks/hook-url.ts")).hookUrl(await contextOf(command), target, options),
    );
}
