/** What the declarations of commands share. */
import { Urgency } from "@agentmesh/protocol";
import type { Command, CommanderError, Option } from "commander";
import { usageError } from "../command-error.ts";
import type { Context, GlobalOptions } from "../context.ts";
import { choiceOption, durationOption } from "../option-values.ts";
import { shortDuration } from "../terminal/clock.ts";
import { helpWidth } from "../terminal/output.ts";
import { wrapped } from "../terminal/text-width.ts";

/** A day in milliseconds. */
export const DAY_MS = 86_400_000;

/** The context that a command's options name. */
export async function contextOf(command: Command): Promise<Context> {
  const { openContext } = await import("../context.ts");
  return openContext(command.optsWithGlobals<GlobalOptions>());
}

function explainDash(error: CommanderError): never {
  if (error.code !== "commander.unknownOption") throw error;
  throw usageError(`${error.message.replace(/^error: /, "")}. Text that begins with a dash goes behind "--".`);
}

/** `--timeout`; help shows its default as one would type it. */
export function timeoutOption(defaultMs: number): Option {
  return durationOption("--timeout <duration>", "how long to wait", 1_000, DAY_MS).default(
    defaultMs,
    shortDuration(defaultMs),
  );
}

/** The text that a command takes, from the command line, a file and standard input: `textFrom` puts it together. */
export function textArgument(command: Command, what: string): Command {
  return command
    .exitOverride(explainDash)
    .argument("[text...]", `${what}; "-" is standard input; text that begins with a dash goes behind "--"`)
    .option("--file <file>", "text from a UTF-8 file, behind that of the command line; - is standard input")
    .addHelpText("after", () => `\n${wrapped(STANDARD_INPUT, helpWidth()).join("\n")}`);
}

const STANDARD_INPUT =
  "The text is what the command line says, then the file, then standard input, at most 64 KiB in all. Standard input is read when it is a file or a pipe, or when there is no other text; never a terminal or /dev/null beside other text. A pipe that stays silent for 30 s is refused, an open socket for half a second is left out, and both are said; with - they are waited for. In a loop that reads standard input itself, write < /dev/null.";

/** `--urgency`. */
export function urgencyOption(): Option {
  return choiceOption(
    "--urgency <urgency>",
    "fyi rests until it looks; interrupt goes before everything",
    Urgency.options,
  );
}
