/** The broker's own log: faults that come again and again. */
import { plainLine } from "@agentmesh/protocol";
import { LogFile, type LogLine, logLine } from "../broker-log.ts";
import { shortPath } from "../describe.ts";
import { since } from "../terminal/clock.ts";
import { type Check, type Finding, ok, skipped } from "./check.ts";
import { command } from "./site.ts";

const DAY_MS = 86_400_000;
/** Of a log of many days the end is enough. */
const MOST_LINES = 20_000;
const ERROR = 50;
const WARN = 40;
/** From how many of a kind on in a day they are told: an error is never usual, a warning now and then is. */
const OFTEN = { error: 2, warn: 20 } as const;

/** Whether something fails again and again. */
export const log: Check = {
  name: "log",
  looksAt: "errors and warnings of one kind that stand in the broker's log again and again within the last day",
  look(site) {
    const about = "broker's log";
    const { logFile } = site.folder;
    const lines = new LogFile(logFile).rest();
    if (lines === undefined) return [skipped(about, `there is none at ${shortPath(logFile)}`)];
    const newest = Date.now() - DAY_MS;
    const entries = lines.slice(-MOST_LINES).flatMap((line) => logLine(line) ?? []);
    const kinds = Map.groupBy(
      entries.filter(({ level, time }) => level >= WARN && time > newest),
      ({ msg }) => msg,
    );
    const often = [...kinds].flatMap(([msg, of]) => repeated(msg, of, command(site, "logs", "-n", "200")));
    if (often.length > 0) return often;
    return [ok(about, `nothing that failed again and again since yesterday, ${shortPath(logFile)}`)];
  },
};

function repeated(msg: string, of: readonly LogLine[], remedy: string): Finding[] {
  const last = of.at(-1);
  // Lines that were left out are counted in one that stands for them.
  const count = of.reduce((sum, { more }) => sum + 1 + (typeof more === "number" ? more : 0), 0);
  const isError = of.some(({ level }) => level >= ERROR);
  if (last === undefined || count < (isError ? OFTEN.error : OFTEN.warn)) return [];
  const at = since(new Date(last.time).toISOString(), Date.now());
  const [why] = [last.detail, last.code, last.reason].filter((each) => typeof each === "string");
  const says = `${plainLine(msg, 80)} ${count} times since yesterday, the last one ${at} ago${why === undefined ? "" : `: ${plainLine(why, 200)}`}`;
  return [{ verdict: "warning", about: "broker's log", says, remedy }];
}
