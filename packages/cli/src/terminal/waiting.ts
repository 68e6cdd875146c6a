/**
 * The one frame of every command that waits: it says what is waited for, goes on after a lost broker, and when it ends
 * early, also by a signal, says what stands.
 */
import { backoffMs, MeshApiError, mayPass, pause } from "@agentmesh/client";
import { CommandEnd, CommandError } from "../command-error.ts";
import { shortDuration } from "./clock.ts";
import { watchReader } from "./output-reader.ts";
import { StatusLine, type StatusText } from "./status-line.ts";

/** What a wait is about. */
export interface WaitOptions<T> {
  /** Programs read the output: nothing is said but the error at the end. */
  readonly json: boolean;
  /** Is over in a moment as a rule: what is waited for is said only when it is not. */
  readonly saidWhenSlow?: true;
  /** Says all the same when the broker is lost and when it is back. */
  readonly tellsLoss?: true;
  /** What is waited for, with its id: `the answer of reviewer to msg_…`. */
  readonly what: () => string;
  /** How long at most, in milliseconds; left out, until it is ended. */
  readonly ms?: number;
  /** Rest between two looks, in milliseconds; left out, a look waits by itself. */
  readonly everyMs?: number;
  /** Whether anything stands yet: what the broker refuses before that ends the command; left out, something does. */
  readonly begun?: () => boolean;
  /** What stands when it ends before its time, how to go on and how to take it back; may try to take it back itself, until the signal. */
  readonly stands: (signal: AbortSignal) => string | Promise<string>;
  /** What a program finds in the JSON of such an end, such as `messageId`. */
  readonly facts?: () => Readonly<Record<string, unknown>>;
  /** Looks once; what it resolves to ends the wait, undefined goes on. A hindrance that passes is waited out. */
  readonly look: (wait: Wait) => Promise<T | undefined>;
}

/** A wait under way, as its look sees it. */
export interface Wait {
  /** Aborted when the command is to end. */
  readonly signal: AbortSignal;
  /** Time left in milliseconds; infinite for a wait without end. */
  leftMs(): number;
  /** How long this look may wait by itself, up to `mostMs`: not at all while it is not known whether the broker is back. */
  mayWaitMs(mostMs: number): number;
  /** Says in a few words how far it has come. */
  progress(text: string): void;
}

const signals = { SIGINT: "interrupted", SIGTERM: "terminated", SIGHUP: "hungUp" } as const;
type Ending = (typeof signals)[keyof typeof signals] | "outputGone";

/** How long what is done after a signal may take: nobody waits for a command that they have ended. */
const FAREWELL_MS = 2_000;

/**
 * Waits until `look` finds something; undefined when the time is over first, or when a person ends a wait without end.
 * @throws CommandError for a signal and for a broker that stays away, and what `look` throws that does not pass
 */
export async function waitFor<T>(options: WaitOptions<T>): Promise<T | undefined> {
  const { json, ms, everyMs, look } = options;
  using ending = listen();
  const { signal } = ending;
  const began = performance.now();
  const leftMs = () => (ms === undefined ? Number.POSITIVE_INFINITY : ms - (performance.now() - began));
  using status = new StatusLine(textOf(options), { quiet: json, mute: json && !options.tellsLoss });
  if (ms === undefined) status.show();
  let lost = false;
  for (let failures = 0; ; ) {
    const mayWaitMs = (mostMs: number) => (failures > 0 ? 0 : Math.ceil(Math.max(0, Math.min(mostMs, leftMs()))));
    try {
      const found = await look({ signal, leftMs, mayWaitMs, progress: (text) => status.progress(text) });
      if (lost) status.say("The broker is back.");
      lost = false;
      failures = 0;
      if (found !== undefined) return found;
    } catch (error) {
      if (!signal.aborted) {
        const refused = refusalIn(error);
        if (error instanceof CommandError || !mayPass(error) || (refused && !(options.begun?.() ?? true))) throw error;
        if (leftMs() <= 0) throw await stillAway(error, options);
        if (refused && failures === 0) status.say(`${asSentence(refused.message)} Trying again (Ctrl-C ends).`);
        if (!refused && !lost) status.say("Lost the broker; trying until it is back (Ctrl-C ends).");
        lost ||= !refused;
        failures++;
      }
    }
    if (ending.by() !== undefined) return endedBy(ending.by() ?? "interrupted", options, status);
    if (leftMs() <= 0) return undefined;
    if (!options.saidWhenSlow) status.show();
    const rest = failures > 0 ? 100 + backoffMs(failures, 100, 1_000) : (everyMs ?? 0);
    if (rest > 0) await pause(Math.min(rest, leftMs()), signal);
  }
}

/** One call that takes its time, in the frame: it is made once, and what it throws is thrown. @throws CommandError for a signal */
export async function inFrame<T>(
  options: Omit<WaitOptions<T>, "look" | "everyMs"> & { readonly call: (signal: AbortSignal) => Promise<T> },
): Promise<T> {
  using ending = listen();
  using _status = new StatusLine(textOf(options), { quiet: options.json, mute: options.json });
  const { signal } = ending;
  const ended = new Promise<"ended">((resolve) => signal.addEventListener("abort", () => resolve("ended")));
  try {
    const done = await Promise.race([options.call(signal), ended]);
    if (done !== "ended") return done;
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  throw await farewell(ending.by() ?? "interrupted", options);
}

/** What a broker that is there and stays said no with. */
function refusalIn(error: unknown): MeshApiError | undefined {
  return error instanceof MeshApiError && error.code !== "shutting_down" ? error : undefined;
}

function textOf<T>({ what, ms }: Pick<WaitOptions<T>, "what" | "ms">): StatusText {
  const began = performance.now();
  return {
    what,
    time: () => `${shortDuration(performance.now() - began)}${ms === undefined ? "" : ` of ${shortDuration(ms)}`}`,
    hint: ms === undefined ? "; Ctrl-C ends" : ` for up to ${shortDuration(ms)}; Ctrl-C ends the waiting alone`,
  };
}

/** Takes for the length of a wait what ends a command: three signals, and that nobody reads its output any more. */
function listen(): Disposable & { readonly signal: AbortSignal; by(): Ending | undefined } {
  const stop = new AbortController();
  let by: Ending | undefined;
  const reader = watchReader(() => {
    by ??= "outputGone";
    stop.abort();
  });
  const unlisten = Object.entries(signals).map(([name, ending]) => {
    const listener = () => {
      by ??= ending;
      stop.abort();
    };
    process.once(name, listener);
    return () => process.off(name, listener);
  });
  return {
    signal: stop.signal,
    by: () => by,
    [Symbol.dispose]: () => {
      reader[Symbol.dispose]();
      for (const each of unlisten) each();
    },
  };
}

async function endedBy<T>(ending: Ending, options: WaitOptions<T>, status: StatusLine): Promise<undefined> {
  // Whoever follows without end ends it so: that is no failure.
  const follows = options.ms === undefined;
  if (follows && ending === "outputGone") throw new CommandEnd(ending);
  if (!follows || ending !== "interrupted") throw await farewell(ending, options);
  if (!options.json) status.say(await within(FAREWELL_MS, options.stands));
  return undefined;
}

async function farewell<T>(ending: Ending, options: Omit<WaitOptions<T>, "look">): Promise<CommandError> {
  const stands = await within(FAREWELL_MS, options.stands);
  return new CommandError(
    "interrupted",
    `Ended while waiting for ${options.what()}. ${stands}`,
    ending,
    options.facts?.(),
  );
}

async function stillAway<T>(error: unknown, options: WaitOptions<T>): Promise<CommandError> {
  const why = error instanceof Error ? error.message : String(error);
  const stands = await within(FAREWELL_MS, options.stands);
  const refused = refusalIn(error);
  return new CommandError(
    refused?.code ?? "broker_unreachable",
    `${asSentence(why)} ${stands}`,
    refused ? "later" : "unreachable",
    options.facts?.(),
  );
}

/** A message that ends in a command has no full stop of its own. */
const asSentence = (text: string) => (/[.!?)]$/.test(text) ? text : `${text}.`);

/** What stands, or where that is seen if it cannot be said in time. */
async function within<T>(ms: number, stands: WaitOptions<T>["stands"]): Promise<string> {
  const unsaid = "What became of it: agentmesh log";
  const over = new AbortController();
  try {
    return await Promise.race([Promise.resolve(stands(over.signal)), pause(ms, over.signal).then(() => unsaid)]);
  } catch {
    return unsaid;
  } finally {
    over.abort();
  }
}
