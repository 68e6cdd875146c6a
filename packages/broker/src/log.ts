/** The broker's log: one line per event, `msg` is a stable dotted name, secrets are never written. */
import { Writable } from "node:stream";
import { type Logger, pino } from "pino";
import type { Config } from "./config/schema.ts";

/** Paths whose values are replaced in every line. */
const SECRETS = ["req.headers.authorization", "headers.authorization", "*.token", "token", "*.key", "key", "*.secret"];

/** A logger that writes to standard output. */
export function createLog(config: Pick<Config, "logLevel" | "logFormat">): Logger {
  const pretty = config.logFormat === "pretty" || (config.logFormat === "auto" && process.stdout.isTTY);
  const options = { level: config.logLevel, base: null, redact: { paths: SECRETS, censor: "[secret]" } };
  return pretty ? pino(options, prettyStream()) : pino(options);
}

/** Turns JSON lines into `12:01:03 info  broker.started url=… `. */
function prettyStream(): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      const { time, level, msg, ...fields } = JSON.parse(chunk.toString()) as Record<string, unknown>;
      const said = Object.entries(fields).map(
        ([key, value]) => `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`,
      );
      const clock = new Date(Number(time)).toTimeString().slice(0, 8);
      process.stdout.write(`${clock} ${pino.levels.labels[Number(level)]?.padEnd(5)} ${msg}  ${said.join(" ")}\n`, () =>
        done(),
      );
    },
  });
}
