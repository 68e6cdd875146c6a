/** Commands about the broker: start, stop, what it is like. */
import { PortNumber } from "@agentmesh/protocol";
import type { Command } from "commander";
import { countOption, typedOption } from "../option-values.ts";
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
