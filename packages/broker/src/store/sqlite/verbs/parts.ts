/** What the Store's verbs are made of. */
import type { AgentId } from "@agentmesh/protocol";
import type { Budget, Slice } from "../commits/slices.ts";
import type { EngineContext } from "../context.ts";
import type { Engine } from "../engine.ts";

/** What verbs are made of: the statements, and how to run an act or a read. */
export interface VerbParts {
  readonly engine: Engine;
  readonly context: EngineContext;
  /** Runs a look, and answers when what it may have seen is on disk. */
  readonly read: <T>(act: () => T) => Promise<T>;
  /** Runs a piece of a look, or what an act or the mesh looks up for itself: an agent, a name, a token may be ahead of the disk. */
  readonly peek: <T>(act: () => T) => Promise<T>;
  /** Runs an act in a lane: whoever's it is, it takes its turn. */
  readonly write: <T>(lane: string, act: () => T) => Promise<T>;
  /** Runs an act that may be big, a slice at a time. */
  readonly writeSliced: <T>(
    lane: string,
    slice: (budget: Budget, kept: readonly T[]) => Slice<T>,
  ) => Promise<readonly T[]>;
  /** Hints `ready`, now. */
  readonly hint: (agentId: AgentId) => void;
}

/** Runs a look to its end, and lets others have their turn between its pieces. */
export async function piecewise<T>(
  { peek, read }: Pick<VerbParts, "peek" | "read">,
  look: Generator<undefined, T>,
  turn: (() => Promise<void>) | undefined,
): Promise<T> {
  for (;;) {
    const piece = await peek(() => look.next());
    if (piece.done) return read(() => piece.value);
    await turn?.();
  }
}

/**
 * Runs an act whose parts stand by themselves: when a later slice fails, what is on disk by then is its answer, beside why
 * there is no more. @throws why, when nothing is on disk
 */
export async function partsOnDisk<T>(
  writeSliced: VerbParts["writeSliced"],
  lane: string,
  slice: (budget: Budget, kept: readonly T[]) => Slice<T>,
): Promise<{ readonly parts: readonly T[]; readonly failure?: unknown }> {
  // The queue goes on with what it has given: in the end all slices that are on disk are in it.
  let onDisk: readonly T[] = [];
  try {
    const parts = await writeSliced<T>(lane, (budget, kept) => {
      onDisk = kept;
      return slice(budget, kept);
    });
    return { parts };
  } catch (failure) {
    if (onDisk.length === 0) throw failure;
    return { parts: onDisk, failure };
  }
}
