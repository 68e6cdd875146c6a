/** Commands about the broker: start, stop, what it is like. */
import type { Command } from "commander";
import { wholeNumberOption } from "../duration.ts";
import { contextOf } from "./parts.ts";

/** Declares them. */
export function brokerCommands(program: Command): void {
  program
    .command("up")
    .description("start the broker if none runs")
    .option("--port <port>", "port of a broker that is started", wholeNumberOption(1, 65_535))
    .action(async (options, command) => (await import("../commands/up.ts")).up(await contextOf(command), options));
  program
    .command("down")
    .description("stop the broker; messages stay on disk")
    .action(async (_, command) => (await import("../commands/down.ts")).down(await contextOf(command)));
  program
    .command("status")
    .description("the broker: address, counts, limits")
    .action(async (_, command) => (await import("../commands/status.ts")).status(await contextOf(command)));
}
