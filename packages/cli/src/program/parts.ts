/** What the declarations of commands share. */
import { Urgency } from "@agentmesh/protocol";
import { type Command, type CommanderError, Option } from "commander";
import { usageError } from "../command-error.ts";
import type { Context, GlobalOptions } from "../context.ts";
import { durationOption, shortDuration } from "../duration.ts";

/** A day in milliseconds. */
export const DAY_MS = 86_400_000;

/** The context that a command's options name. */
export async function contextOf(command: Command): Promise<Context> {
  const { openContext } = await import("../context.ts");
  return openContext(command.optsWithGlobals<GlobalOptions>());
}

/** Says how text that begins with a dash is written. */
export function explainDash(error: CommanderError): never {
  if (error.code !== "commander.unknownOption") throw error;
  throw usageError(`${error.message.replace(/^error: /, "")}. Text that begins with a dash goes behind "--".`);
}

/** `--timeout`; help shows its default as one would type it. */
export function timeoutOption(defaultMs: number): Option {
  return new Option("--timeout <duration>", "how long to wait")
    .argParser(durationOption(1_000, DAY_MS))
    .default(defaultMs, shortDuration(defaultMs));
}

/** `--urgency`. */
export function urgencyOption(): Option {
  return new Option("--urgency <urgency>", "fyi rests until it looks; interrupt goes before everything").choices(
    Urgency.options,
  );
}
