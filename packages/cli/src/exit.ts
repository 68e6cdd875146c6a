/** The only place that turns errors into exit codes and sentences on stderr. */
import { type Command, CommanderError } from "commander";
import { CommandEnd, CommandError } from "./command-error.ts";
import { type ExitName, exitCodeOf, exitOfProblem } from "./exit-codes.ts";

interface Report {
  readonly exit: ExitName;
  readonly error: { readonly code: string; readonly detail: string } & Record<string, unknown>;
}

/** Runs one command line and returns its exit code. */
export async function run(argv: readonly string[]): Promise<number> {
  watchOutput(argv);
  try {
    const { buildProgram } = await import("./program.ts");
    await buildProgram().parseAsync(argv, { from: "user" });
    return exitCodeOf("ok");
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return exitCodeOf("ok");
    if (error instanceof CommanderError && error.code === "commander.help") return exitCodeOf("usage");
    if (error instanceof CommandEnd) return exitCodeOf(error.exit);
    return say(error, argv);
  }
}

async function reportOf(error: unknown, argv: readonly string[]): Promise<Report> {
  const { MeshApiError, BrokerUnreachableError } = await import("@agentmesh/client");
  const { systemRefusal } = await import("@agentmesh/protocol");
  const { BrokerStartError, refusalSentences, StateFolderError, UntrustedBrokerError, WrongAddressError } =
    await import("@agentmesh/client/node");
  if (error instanceof CommandError)
    return { exit: error.exit, error: { ...error.facts, code: error.code, detail: error.message } };
  if (error instanceof CommanderError) {
    return { exit: "usage", error: { code: "usage", detail: await wrongUse(error, argv) } };
  }
  if (error instanceof MeshApiError) {
    const { status, retryable, instance, issues, nearNames } = error.problem;
    const detail =
      error.code === "internal" ? `${error.message} (request ${instance}, as in the broker's log)` : error.message;
    return {
      exit: exitOfProblem(error.problem),
      error: {
        code: error.code,
        detail,
        status,
        retryable,
        instance,
        ...(issues && { issues }),
        ...(nearNames && { nearNames }),
      },
    };
  }
  if (error instanceof WrongAddressError) return { exit: "usage", error: { code: "usage", detail: error.message } };
  if (error instanceof StateFolderError || (error instanceof BrokerStartError && error.lacked === "state folder")) {
    return { exit: error.passes ? "later" : "failure", error: { code: "state_folder", detail: error.message } };
  }
  const unreachable = error instanceof BrokerUnreachableError;
  if (unreachable || error instanceof BrokerStartError || error instanceof UntrustedBrokerError) {
    const code = unreachable
      ? "broker_unreachable"
      : error instanceof BrokerStartError
        ? "broker_start"
        : "broker_untrusted";
    const isLater = error instanceof BrokerStartError && error.lacked === "system";
    return { exit: isLater ? "later" : "unreachable", error: { code, detail: error.message } };
  }
  const refusal = systemRefusal(error);
  if (refusal)
    return { exit: refusal.passes ? "later" : "failure", error: { code: "system", detail: refusalSentences(refusal) } };
  const stack = error instanceof Error ? error.stack : undefined;
  return {
    exit: "internal",
    error: { code: "bug", detail: String(error), ...(stack !== undefined && { stack }) },
  };
}

/** What the library found wrong with a command line, in our words. */
async function wrongUse({ message }: CommanderError, argv: readonly string[]): Promise<string> {
  const [said = "", near = ""] = message.replace(/^error: /, "").split(/\n?\((?=Did you mean)/);
  const [what, ...rest] = said.replaceAll("'", '"').trim().replace(/\.$/, "").split("");
  const hint = near === "" ? "" : ` ${near.replace(/\)$/, "")}`;
  return `${what?.toUpperCase()}${rest.join("")}.${hint} How it is used: ${await meant(argv)} --help`;
}

/** The command that a command line means, as far as it is one. */
async function meant(argv: readonly string[]): Promise<string> {
  const { buildProgram } = await import("./program.ts");
  const path: Command[] = [buildProgram()];
  for (const word of argv) {
    const command = path.at(-1)?.commands.find((each) => each.name() === word || each.aliases().includes(word));
    if (command) path.push(command);
    else if (path.length > 1) break;
  }
  return path.map((each) => each.name()).join(" ");
}

function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf("--");
  return argv.slice(0, end === -1 ? undefined : end).includes("--json");
}

async function sayAndEnd(error: unknown, argv: readonly string[]): Promise<never> {
  process.exit(await say(error, argv));
}

/** Says an error on stderr; returns the exit code that belongs to it. */
async function say(error: unknown, argv: readonly string[]): Promise<number> {
  const report = await reportOf(error, argv);
  const { errorText, errorJson } = await import("./terminal/output.ts");
  process.stderr.write(wantsJson(argv) ? errorJson(report.error) : errorText(report.error));
  return exitCodeOf(report.exit);
}

/** A reader that has enough ends the command quietly; whatever else nobody caught is said like any error. */
function watchOutput(argv: readonly string[]): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(exitCodeOf("outputGone"));
    void sayAndEnd(new Error("stdout", { cause: Object.assign(error, { path: "The output" }) }), argv);
  });
  process.on("uncaughtException", (error) => void sayAndEnd(error, argv));
}
