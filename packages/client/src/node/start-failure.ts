/** Why a broker that was started did not come up: how it ended, and its last words, for a person. */
import { readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { brokerExitRows, brokerExits } from "@agentmesh/protocol";
import * as z from "zod";
import { Hindrance, type HindranceOptions } from "../errors.ts";
import { isFull } from "./room.ts";

/** What a start needed and did not get, where the broker's exit code says it. */
export type StartNeeds = "state folder" | "system";

/** The broker was started and did not come up; the message says why, in the broker's words where it had any. */
export class BrokerStartError extends Hindrance {
  override readonly name = "BrokerStartError";
  /** The state folder could not be used, or the system refused something for the moment. */
  readonly lacked: StartNeeds | undefined;

  constructor(message: string, { lacked, ...options }: HindranceOptions & { readonly lacked?: StartNeeds } = {}) {
    super(message, options);
    this.lacked = lacked;
  }
}

const LACKED: Readonly<Record<number, StartNeeds>> = {
  [brokerExits.later.code]: "system",
  [brokerExits.stateFolder.code]: "state folder",
};

/** How a broker ended before it had come up. */
export interface EarlyEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const LASTING: ReadonlySet<number> = new Set(brokerExitRows.filter(({ lasts }) => lasts).map(({ code }) => code));

const CRASHES: ReadonlySet<string> = new Set(["SIGSEGV", "SIGBUS", "SIGILL", "SIGFPE"]);
/** Windows has no signals: a crash is an exit code from here on. */
const WINDOWS_CRASHES = 0xc000_0000;

/** Whether the process did not end by itself but was ended over what it executed, such as a damaged addon. */
export function isCrash({ code, signal }: EarlyEnd): boolean {
  return CRASHES.has(signal ?? "") || (code ?? 0) >= WINDOWS_CRASHES;
}

/** Reads what a broker says from now on into its log. */
export class LastWords {
  readonly #logFile: string;
  readonly #from: number;

  constructor(logFile: string) {
    this.#logFile = logFile;
    this.#from = statSync(logFile, { throwIfNoEntry: false })?.size ?? 0;
  }

  /** A broker that was started and has ended; a start that cannot succeed by being repeated does not pass. */
  failed(url: string, end: EarlyEnd): BrokerStartError {
    const { code, signal } = end;
    const how = code === null ? `ended by ${signal}` : `exit code ${code}`;
    const lacked = LACKED[code ?? 0];
    const options = { passes: !LASTING.has(code ?? 0), ...(lacked !== undefined && { lacked }) };
    const said = this.#said();
    const where = `(${how}; its log is ${this.#logFile})`;
    if (said === undefined) {
      const folder = dirname(this.#logFile);
      const why = isFull(folder)
        ? ` The disk of ${folder} is full, or has no inode left: df -h and df -i. Free space on it.`
        : "";
      return new BrokerStartError(`The broker did not come up at ${url} ${where}.${why}`, options);
    }
    return new BrokerStartError(`The broker did not come up at ${url}: ${said} ${where}`, options);
  }

  /** A broker that is not there in time, whoever starts it. */
  missing(url: string): BrokerStartError {
    const said = this.#said("and of a start under way");
    const log = `Its log is ${this.#logFile}${said === undefined ? "" : `; it says: ${said}`}`;
    return new BrokerStartError(`No broker came up at ${url} in time; it may be starting still. ${log}`, {
      passes: true,
    });
  }

  #said(more?: "and of a start under way"): string | undefined {
    try {
      const lines = readFileSync(this.#logFile).subarray(this.#from).toString("utf8").split("\n");
      return lines
        .map((line) => saidBy(line, more === undefined ? REASONS : [...REASONS, ...UNDER_WAY]))
        .findLast((said) => said !== undefined);
    } catch {
      return undefined;
    }
  }
}

const LONGEST = 1_000;
const Line = z.object({
  msg: z.string(),
  detail: z.string().optional(),
  err: z.object({ message: z.string() }).optional(),
});

/** Lines that say why a start failed, and what takes one so long. */
const REASONS = ["broker.refused", "broker.failed"];
const UNDER_WAY = ["store.backing_up"];

/** What a line of the log says to a person: the reason of a start that failed, or the error Node ended with. */
function saidBy(line: string, told: readonly string[]): string | undefined {
  const said = line.startsWith("{") ? reasonIn(line, told) : /^(agentmesh-broker\b.*|\w*Error\b.*)/.exec(line)?.[1];
  return said?.replace(/^agentmesh-broker: /, "").slice(0, LONGEST);
}

function reasonIn(line: string, told: readonly string[]): string | undefined {
  try {
    const { msg, detail, err } = Line.parse(JSON.parse(line));
    return told.includes(msg) ? (detail ?? err?.message) : undefined;
  } catch {
    return undefined;
  }
}
