/** The first of several places that proves itself as a broker of the mesh. */
import { BrokerUnreachableError, Hindrance, UntrustedBrokerError } from "../../errors.ts";

/** How long one place of several is asked before the next one is asked beside it, in milliseconds. */
export const HEAD_START_MS = 250;

/** A place that may be asked. */
export interface Try<Found> {
  /** How it is called in an error. */
  readonly url: string;
  /** @throws Hindrance, the signal's reason */
  prove(ended: AbortSignal): Promise<Found>;
}

/** How several are asked. */
export interface Terms {
  /** How long each is asked alone: 0 for all at once. */
  readonly headStartMs: number;
  /** How the places are called together, as in "any address of the joined mesh". */
  readonly named: string;
  readonly signal: AbortSignal | undefined;
}

/** The tries in their order, but for those that are of what was lost just now: these come last. */
export function lastTried<Each>(tries: readonly Each[], isLost: (each: Each) => boolean): Each[] {
  return [...tries.filter((each) => !isLost(each)), ...tries.filter(isLost)];
}

/**
 * Asks one after the other, each beside those before it that have not answered, until one has proved itself.
 * @throws the error of an only one; else one that says of each why it was none; the signal's reason
 */
export async function provenOf<Found>(
  tries: readonly Try<Found>[],
  { headStartMs, named, signal }: Terms,
): Promise<Found> {
  signal?.throwIfAborted();
  const over = new AbortController();
  const ended = signal ? AbortSignal.any([signal, over.signal]) : over.signal;
  const failures = new Map<Try<Found>, unknown>();
  try {
    return await new Promise<Found>((resolve, reject) => {
      const begin = (turn: number) => {
        const each = tries[turn];
        if (each === undefined || ended.aborted) return;
        let isAlone = true;
        const next = () => {
          clearTimeout(timer);
          if (isAlone) begin(turn + 1);
          isAlone = false;
        };
        const timer = setTimeout(next, headStartMs);
        ended.addEventListener("abort", () => clearTimeout(timer), { once: true });
        each.prove(ended).then(resolve, (error: unknown) => {
          failures.set(each, error);
          // Those that nobody began with any more will not fail.
          if (ended.aborted || failures.size === tries.length) reject(error);
          else next();
        });
      };
      begin(0);
    });
  } catch (error) {
    signal?.throwIfAborted();
    throw tries.length === 1 ? error : noneOf(tries, failures, named);
  } finally {
    over.abort();
  }
}

/** Most places that an error names. */
const MOST_SAID = 6;

/** What is done where nobody answers as a broker on another machine would. */
export const REMOTE_REMEDY =
  "Look on that machine whether it runs (agentmesh status) and says this address, and whether a firewall or another network is between.";

function noneOf<Found>(
  tries: readonly Try<Found>[],
  failures: ReadonlyMap<Try<Found>, unknown>,
  named: string,
): unknown {
  const all = tries.map((each) => failures.get(each));
  const wrong = all.find((each) => !(each instanceof Hindrance));
  if (wrong !== undefined) return wrong;
  const places = tries.slice(0, MOST_SAID).map((each) => `${each.url} (${whyOf(failures.get(each))})`);
  if (tries.length > MOST_SAID) places.push(`and ${tries.length - MOST_SAID} more`);
  const passes = all.some((each) => each instanceof Hindrance && each.passes);
  const untrusted = all.find((each) => each instanceof UntrustedBrokerError);
  if (untrusted === undefined) {
    return new BrokerUnreachableError(`No broker answers at ${named}: ${places.join(", ")}. ${REMOTE_REMEDY}`, {
      cause: all[0],
      passes,
    });
  }
  return new UntrustedBrokerError(
    `No broker that proves itself answers at ${named}: ${places.join(", ")}. Of one that does not: ${untrusted.message}`,
    { cause: untrusted, passes },
  );
}

function whyOf(error: unknown): string {
  if (!(error instanceof Hindrance)) return "no answer";
  return error.why ?? (error instanceof UntrustedBrokerError ? "not proven" : "no answer");
}
