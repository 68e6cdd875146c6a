/** Commands about the broker: start, stop, what it is like. */
import { MAX_PAGE_LINK_MS, MIN_PAGE_LINK_MS, PortNumber } from "@agentmesh/protocol";
import type { Command } from "commander";
import { countOption, durationOption, typedOption } from "../option-values.ts";
import { contextOf } from "./parts.ts";

/** Declares them. */
export function brokerCommands(program: Command): void {
  program
    .command("up")
    .alias("start")
    .description("start the broker if none runs")
    .addOption(typedOption("--port <port>", "port of a broker that is started", PortNumber))
    .action(async (options, command) =>
      (await import("../commands/broker/up.ts")).up(await contextOf(command), options),
    );
  program
    .command("down")
    .alias("stop")
    .description("stop the broker; messages stay on disk")
    .action(async (_, command) => (await import("../commands/broker/down.ts")).down(await contextOf(command)));
  program
    .command("status")
    .description("the broker: address, counts, limits")
    .action(async (_, command) => (await import("../commands/broker/status.ts")).status(await contextOf(command)));
  program
    .command("move")
    .summary("move the mesh to another database, or back")
    .description(
      "Move the mesh to another database, with its history, agents, tokens, subscriptions, webhooks and open deliveries; every broker of it has to be stopped. Every table is counted and hashed on both sides before it is believed, and what is left behind is not opened any more. Cut off, it may be run again. A password belongs into a file: the one of --database-password-file, or of PGPASSFILE.",
    )
    .option("--to <place>", "sqlite (the state folder), sqlite:FOLDER, or postgres://USER@HOST/DATABASE")
    .option("--from <place>", "where it is now (default: sqlite)")
    .option("--database-password-file <file>", "file with the password for the database")
    .action(async (options, command) =>
      (await import("../commands/broker/move.ts")).move(await contextOf(command), options),
    );
  program
    .command("ui")
    .summary("open the page that shows all of it")
    .description(
      "Open the page that the broker serves: what needs you, agents, messages, all live. Prints its address, with a code that signs one browser in within a minute, and opens it where there is a browser. Signed in it is as you, for 7 days at most, 12 hours without a use.",
    )
    .option("--print", "print the address, and open nothing")
    .option("--demo", "a recorded mesh in the place of yours, gone when the command ends")
    .option("--read-only", "a link that only looks: for anybody who has it, until its time is over")
    .addOption(
      durationOption(
        "--for <duration>",
        "how long a read-only link is good, 1m to 7d; 8h",
        MIN_PAGE_LINK_MS,
        MAX_PAGE_LINK_MS,
      ),
    )
    .action(async (options, command) =>
      (await import("../commands/broker/ui.ts")).ui(await contextOf(command), options),
    );
  program
    .command("top")
    .summary("the same live on a terminal")
    .description(
      "What needs you, agents and log, live on this terminal, with keys that answer, redrive, admit and more; q ends it. Goes on by itself when the broker comes back.",
    )
    .argument("[agent]", "only what waits at this agent, and what it sent or got")
    .action(async (agent, _, command) => (await import("../top/run.ts")).top(await contextOf(command), agent));
  program
    .command("doctor")
    .summary("what is wrong on this machine, and what to do")
    .description(
      "Look at everything that agentmesh rests on here: files, broker, versions, disk, clock, clients, push paths. Says what was looked at, what is wrong and the command that mends it; changes nothing and starts no broker. Exit code 9 when a fault is found.",
    )
    .option("--fix", "mend what is safe to mend: file modes, files left by ended programs, configuration of setup")
    .action(async (options, command) =>
      (await import("../doctor/examine.ts")).doctor(await contextOf(command), options),
    );
  program
    .command("selftest")
    .summary("try here that nothing is lost, in a mesh of its own")
    .description(
      "Try on this machine what is promised, in a mesh that is thrown away: send, push and ack by every path, and by that of each client that is set up; a broker that is killed, a lease that runs out, a forged sender, a full inbox. Takes a few seconds; your mesh is not touched, and nothing is left. Exit code 9 when something does not pass.",
    )
    .action(async (_, command) => (await import("../selftest/run.ts")).selftest(await contextOf(command)));
  program
    .command("logs")
    .summary("the broker's own log")
    .description("The last lines of the broker's log, for people; --json prints them as they are. Of messages: log.")
    .option("-f, --follow", "go on until Ctrl-C")
    .addOption(countOption("-n, --limit <count>", "lines to begin with", 1, 100_000, 50))
    .action(async (options, command) =>
      (await import("../commands/broker/logs.ts")).logs(await contextOf(command), options),
    );
}
