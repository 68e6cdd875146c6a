/** The log: one line per event on stderr, because stdout is the protocol. */
import { refusalSentences } from "@agentmesh/client/node";
import { plainLine, systemRefusal } from "@agentmesh/protocol";
import type { LogLevel } from "./config/config.ts";

const order: Record<LogLevel, number> = { error: 0, warn: 1, info: 2, debug: 3 };

type Fields = Readonly<Record<string, unknown>>;

/** Writes events with dotted names, such as `session.joined`, and their fields. Never bodies, never tokens. */
export interface Log {
  error(event: string, fields?: Fields): void;
  warn(event: string, fields?: Fields): void;
  info(event: string, fields?: Fields): void;
  debug(event: string, fields?: Fields): void;
}

/** A log that passes lines of `level` and graver to `write`. */
export function createLog(level: LogLevel, write: (line: string, level: LogLevel) => void): Log {
  const at =
    (own: LogLevel) =>
    (event: string, fields: Fields = {}) => {
      if (order[own] > order[level]) return;
      const pairs = Object.entries(fields).map(([name, value]) => ` ${name}=${show(value)}`);
      write(`${new Date().toISOString()} ${own} ${event}${pairs.join("")}\n`, own);
    };
  return { error: at("error"), warn: at("warn"), info: at("info"), debug: at("debug") };
}

function show(value: unknown): string {
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  const refusal = systemRefusal(value);
  const said = refusal ? refusalSentences(refusal) : value instanceof Error ? value.message : String(value);
  return JSON.stringify(plainLine(said, 400));
}
