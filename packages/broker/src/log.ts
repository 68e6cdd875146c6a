/** The broker's log: one line per event, `msg` is a stable dotted name, secrets are never written. */
import { systemRefusal } from "@agentmesh/protocol";
import { type Logger, pino } from "pino";
import type { Config } from "./config/schema.ts";
import type { LogOutput } from "./log-output.ts";
import { RepeatedLines } from "./log-repeats.ts";
import { refusals } from "./state-files.ts";

/** Paths whose values are replaced in every line. */
const SECRETS = [
  "req.headers.authorization",
  "headers.authorization",
  "*.token",
  "token",
  "*.key",
  "key",
  "*.secret",
  "secret",
];

/** A logger that writes its lines to `output`, left out to stdout; those that repeat are counted by `repeats`. */
export function createLog(
  config: Pick<Config, "logLevel" | "logFormat">,
  output: Pick<LogOutput, "write"> = process.stdout,
  repeats: RepeatedLines = new RepeatedLines(),
): Logger {
  const pretty = config.logFormat === "pretty" || (config.logFormat === "auto" && process.stdout.isTTY);
  const options = {
    level: config.logLevel,
    hooks: repeats.hooks,
    base: null,
    redact: { paths: SECRETS, censor: "[secret]" },
    serializers: { err: errorFields },
  };
  return pino(options, pretty ? { write: (line) => output.write(prettyLine(line)) } : output);
}

/** A refusal of the operating system is sentences without a stack: no code of ours is at fault. */
function errorFields(error: Error): object {
  const refusal = systemRefusal(error);
  return refusal
    ? { type: error.name, code: refusal.code, message: refusals.sentences(refusal) }
    : pino.stdSerializers.err(error);
}

/** Turns a JSON line into `12:01:03 info  broker.started  url=… `. */
function prettyLine(line: string): string {
  const { time, level, msg, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const said = Object.entries(fields).map(
    ([key, value]) => `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
  const clock = new Date(Number(time)).toTimeString().slice(0, 8);
  return `${clock} ${pino.levels.labels[Number(level)]?.padEnd(5)} ${msg}  ${said.join(" ")}\n`;
}
