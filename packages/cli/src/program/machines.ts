/** Commands about other machines: invites, joining and leaving, who has which token, the audit log. */
import {
  HostName,
  InviteId,
  MAX_INVITE_MS,
  MAX_TOKEN_OVERLAP_MS,
  MIN_INVITE_MS,
  NamePattern,
} from "@agentmesh/protocol";
import type { Command } from "commander";
import { countOption, durationOption, typedOption } from "../option-values.ts";
import { contextOf } from "./parts.ts";

/** Declares them. */
export function machinesCommands(program: Command): void {
  program
    .command("invite")
    .summary("let another machine into this mesh")
    .description(
      "Print one line to run on the other machine. It works once, for 15 minutes unless --for says else, and gives that machine a credential for its own agents: no mesh key, no mail of others. Here --as says for what: machine, or agent for one agent alone, as a job of CI.",
    )
    .addOption(typedOption("--name <pattern>", "names its agents have, such as laptop-*; else any", NamePattern))
    .addOption(
      durationOption("--for <duration>", "how long the line is good, 10s to 7d; 15m", MIN_INVITE_MS, MAX_INVITE_MS),
    )
    .option("--list", "invites that can still be used")
    .addOption(typedOption("--take-back <invite>", "nobody joins by this one any more: inv_…", InviteId))
    .action(async (options, command) =>
      (await import("../commands/machines/invite.ts")).invite(await contextOf(command), {
        ...options,
        as: command.optsWithGlobals().as,
      }),
    );
  program
    .command("join")
    .summary("join the mesh of another machine")
    .description(
      "Join by the line that agentmesh invite printed on the broker's machine. From then on every program here uses that mesh. With - the line is read from standard input, and is in no history of a shell.",
    )
    .argument("<line...>", "the line, or - for standard input")
    .addOption(typedOption("--host <name>", "what this machine is called there (default: its host name)", HostName))
    .action(async (line, options, command) =>
      (await import("../commands/machines/join.ts")).join(await contextOf(command), line, options),
    );
  program
    .command("leave")
    .summary("leave the mesh that this machine has joined")
    .description(
      "Leave it: the credential and the tokens of this machine's agents are void, and what waits for them becomes dead letters.",
    )
    .option("--yes", "do not ask, although agents of it are online or have mail")
    .action(async (options, command) =>
      (await import("../commands/machines/leave.ts")).leave(await contextOf(command), options),
    );
  program
    .command("machines")
    .description("the machines that joined this mesh")
    .option("--all", "those that left or were revoked, too")
    .action(async (options, command) =>
      (await import("../commands/machines/machines.ts")).machines(await contextOf(command), options),
    );
  program
    .command("revoke")
    .summary("put a machine or an agent out, for good")
    .description(
      "Put a machine out, or an agent: its streams end within a second, its token and those of the machine's agents are void for good. A machine comes back by a new invite. An id of agentmesh tokens, sin_… or lnk_…, ends a sign-in at the page or a read-only link.",
    )
    .argument("<name>", "a machine's host or id, an agent's name or id, or a sign-in or link of the page")
    .option("--yes", "do not ask, although agents of it are online or have mail")
    .action(async (name, options, command) =>
      (await import("../commands/machines/revoke.ts")).revoke(await contextOf(command), name, options),
    );
  const tokens = program
    .command("tokens")
    .summary("who has a token: for what, since when, last used")
    .description(
      "Every token of this mesh: what it opens, when it was made, when it was last used. Never the token itself.",
    )
    .action(async (_, command) => (await import("../commands/machines/tokens.ts")).tokens(await contextOf(command)));
  tokens
    .command("rotate")
    .summary("exchange a token that is kept here for a new one")
    .description(
      "Exchange the token of an agent that is kept on this machine, or without a name the credential of this machine, which has joined a mesh. The one before is good beside it for an hour, unless --overlap says else: sessions take up the new one with their next call, other programs when they start.",
    )
    .argument("[agent]", "name of the agent; left out, this machine's credential")
    .addOption(
      durationOption(
        "--overlap <duration>",
        "how long the token before stays good, a minute to 7d, or 0s for no longer; 1h",
        0,
        MAX_TOKEN_OVERLAP_MS,
      ),
    )
    .action(async (agent, options, command) =>
      (await import("../commands/machines/rotate.ts")).rotate(await contextOf(command), agent, options),
    );
  program
    .command("audit")
    .summary("who came in, was refused or revoked, and changed a policy")
    .description(
      "The audit log: the newest 10,000 of what was done about tokens, machines and policies. Never a secret.",
    )
    .option("-f, --follow", "go on until Ctrl-C")
    .addOption(countOption("-n, --limit <count>", "entries to begin with", 1, 1_000, 50))
    .action(async (options, command) =>
      (await import("../commands/machines/audit.ts")).audit(await contextOf(command), options),
    );
}
