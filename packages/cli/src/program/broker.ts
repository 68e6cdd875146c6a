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
    .command("logs")
    .summary("the broker's own log")
    .description("The last lines of the broker's log, for people; --json prints them as they are. Of messages: log.")
    .option("-f, --follow", "go on until Ctrl-C")
    .addOption(countOption("-n, --limit <count>", "lines to begin with", 1, 100_000, 50))
    .action(async (options, command) =>
      (await import("../commands/broker/logs.ts")).logs(await contextOf(command), options),
    );
}
