/** Ends of a command: it cannot do what it was asked, with the sentence that says so; or it has more to say than "done". */
import type { ExitName } from "./exit-codes.ts";

/** How a {@link CommandError} ends the program. */
export type CommandExit = Exclude<ExitName, "ok" | "internal">;

/** An end that is no error and yet not exit code 0: a dry run that would change something. Nothing is printed. */
export class CommandEnd extends Error {
  override readonly name = "CommandEnd";
  readonly exit: ExitName;

  constructor(exit: ExitName) {
    super(exit);
    this.exit = exit;
  }
}

/** An end of a command other than success that is no bug; `code` is stable for scripts. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly code: string;
  readonly exit: CommandExit;
  /** What a program finds beside the sentence in the JSON of the error, such as `messageId`. */
  readonly facts: Readonly<Record<string, unknown>>;

  constructor(
    code: string,
    detail: string,
    exit: CommandExit = "failure",
    facts: Readonly<Record<string, unknown>> = {},
  ) {
    super(detail);
    this.code = code;
    this.exit = exit;
    this.facts = facts;
  }
}

/** Wrong use of a command: exit code 2. */
export function usageError(detail: string): CommandError {
  return new CommandError("usage", detail, "usage");
}
