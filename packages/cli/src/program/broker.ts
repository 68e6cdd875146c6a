/** Commands about the broker: start, stop, what it is like. */
import type { Command } from "commander";
import { wholeNumberOption } from "../duration.ts";
import { contextOf } from "./parts.ts";

/** Declares them. */
export function brokerCommands(program: Command): void {
  program
    .command("up")
    .alias("start")
    .description("start the broker if none runs")
    .option("--port <port>", "port of a broker that is started", wholeNumberOption(1, 65_535))
    .action(async (options, command) => (await import("../commands/up.ts")).up(await contextOf(command), options));
  program
    .command("down")
    .alias("stop")
    .description("stop the broker; messages stay on disk")
    .action(async (_, command) => (await import("../commands/down.ts")).down(await contextOf(command)));
  program
    .command("status")
    .description("the broker: address, counts, limits")
    .action(async (_, command) => (await import("../commands/status.ts")).status(await contextOf(command)));
  program
    .command("logs")
    .summary("the broker's own log")
    .description("The last lines of the broker's log, for people; --json prints them as they are. Of messages: log.")
    .option("-f, --follow", "go on until Ctrl-C")
    .option("-n, --limit <count>", "lines to begin with", wholeNumberOption(1, 100_000), 50)
    .action(async (options, command) => (await import("../commands/logs.ts")).logs(await contextOf(command), options));
}
