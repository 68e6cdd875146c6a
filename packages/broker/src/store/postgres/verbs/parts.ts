/** What the Store's verbs are made of. */
import type { Hints } from "../commits/hints.ts";
import type { Slice } from "../commits/slices.ts";
import type { Act } from "../commits/transactions.ts";
import type { EngineContext } from "../context.ts";
import type { Engine } from "../engine.ts";

/** How to run an act or a look. */
export interface VerbParts {
  /** Runs a look: what it sees is of one moment, and on disk. */
  readonly read: <T>(look: Act<T>) => Promise<T>;
  /** Runs an act in a lane, behind what was asked for in it before. */
  readonly write: <T>(lane: string, act: Act<T>) => Promise<T>;
  /** Runs an act that may be big, a transaction for each slice; `kept` is what the slices before have done. */
  readonly writeSliced: <T>(
    lane: string,
    slice: (engine: Engine, context: EngineContext, kept: readonly T[]) => Promise<Slice<T>>,
  ) => Promise<readonly T[]>;
  /** Tells whoever listens, now. */
  readonly hint: (hints: Hints) => void;
}
