/** `agentmesh logs`: the broker's own log, for people. What happened to messages is `agentmesh log`. */
import { isServed } from "@agentmesh/client/node";
import { plainLine } from "@agentmesh/protocol";
import { LogFile, logLine } from "../../broker-log.ts";
import { CommandError } from "../../command-error.ts";
import type { Context } from "../../context.ts";
import { shortPath } from "../../describe.ts";
import { clockTime, inLocalTime, localDate } from "../../terminal/clock.ts";
import { jsonText, print, remark, type Style, sentence, style } from "../../terminal/output.ts";
import { commandLine } from "../../terminal/shell-word.ts";
import { waitFor } from "../../terminal/waiting.ts";

const POLL_MS = 200;
/** How often it is looked whether a broker is there that writes lines: one that was killed says so nowhere else. */
const SERVED_EACH_MS = 1_000;

/** Options of `logs`. */
export interface LogsOptions {
  readonly follow?: true;
  readonly limit: number;
}

/** Prints the last lines of the broker's log, and with `--follow` those to come. @throws CommandError, StateFolderError */
export async function logs(context: Context, options: LogsOptions): Promise<void> {
  const { logFile } = context.folder;
  const log = new LogFile(logFile);
  const lines = log.rest();
  if (lines === undefined && !options.follow) {
    throw new CommandError(
      "no_log",
      `There is no log at ${shortPath(logFile)}. A broker that agentmesh up started writes there; one that runs in a terminal logs into that.`,
      "notFound",
    );
  }
  const show = async (more: readonly string[]) => {
    if (more.length > 0) await print(more.map((line) => (context.json ? rawLine(line) : lineText(line))).join("\n"));
  };
  await show((lines ?? []).slice(-options.limit));
  if (!options.follow) return;
  const ofBroker = sayServed(context);
  const again = ["agentmesh", "logs", "-f", ...context.meshWords(), ...(context.json ? ["--json"] : [])];
  await waitFor({
    json: context.json,
    what: () => `more lines of ${shortPath(logFile)}`,
    everyMs: POLL_MS,
    stands: () => `Followed until here. Go on: ${commandLine(again)}`,
    look: async () => {
      await show(log.rest() ?? []);
      await ofBroker(() => show(log.rest() ?? []));
      return undefined;
    },
  });
}

/** Says when no broker runs for the folder, and when one does again; what was written before is shown first. */
function sayServed(context: Context): (showRest: () => Promise<void>) => Promise<void> {
  const { folder } = context;
  const start = commandLine(["agentmesh", "up", ...context.meshWords()]);
  let was = true;
  let lookAt = 0;
  return async (showRest) => {
    if (performance.now() < lookAt) return;
    lookAt = performance.now() + SERVED_EACH_MS;
    const is = isServed(folder);
    if (is === was) return;
    was = is;
    if (is) return remark("A broker runs again.");
    await showRest();
    remark(`No broker runs for ${shortPath(folder.path)}. What the next one writes here is shown. Start one: ${start}`);
  };
}

const LEVELS: readonly (readonly [number, string, Style])[] = [
  [50, "error", "red"],
  [40, "warn", "yellow"],
  [30, "info", "green"],
  [0, "debug", "dim"],
];

/** A line of the log as people read it; what is no entry, such as a crash, as it stands. */
function lineText(line: string): string {
  const parsed = logLine(line);
  if (!parsed) return sentence(plainLine(line, 2_000), "    ");
  const { time, level, msg, ...fields } = parsed;
  const [, name, colour] = LEVELS.find(([least]) => level >= least) ?? [0, "debug", "dim"];
  const at = new Date(time).toISOString();
  const said = Object.entries(fields).map(
    ([key, value]) => `${key}=${inLocalTime(typeof value === "string" ? value : JSON.stringify(value))}`,
  );
  const when = `${localDate(at)} ${clockTime(at)}  `;
  const head = `${when}${name.padEnd(5)}  ${plainLine(msg, 200)}  `;
  const lines = sentence(`${head}${plainLine(said.join(" "), 1_000)}`.trimEnd(), "    ");
  return `${when}${style(colour, name)}${lines.slice(when.length + name.length, head.length)}${style("dim", lines.slice(head.length))}`;
}

function rawLine(line: string): string {
  return jsonText(logLine(line) ?? { text: line }, 0);
}
