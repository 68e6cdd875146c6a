/** What the Store's verbs are made of. */
import type { AgentId } from "@agentmesh/protocol";
import type { AckVerdict, Enqueued, LeaseTerms, Store } from "../../../mesh/store.ts";
import type { AgentGlances } from "../agent/glances.ts";
import type { Act } from "../commits/begun.ts";
import type { Hints } from "../commits/hints.ts";
import type { Slice } from "../commits/slices.ts";
import type { AckAskedFor, SendAsked } from "../commits/waiting.ts";
import type { EngineContext } from "../context.ts";
import type { Engine } from "../engine.ts";

/** A slice of an act that may be big, which goes on behind what those before have done. */
export type SlicedAct<T> = (engine: Engine, context: EngineContext, kept: readonly T[]) => Promise<Slice<T>>;

/** What was leased, and how many stay queued. */
export type Leased = Awaited<ReturnType<Store["lease"]>>;

/** How to run an act or a look. */
export interface VerbParts {
  /** Runs a look: what it sees is of one moment, and on disk. */
  readonly read: <T>(look: Act<T>) => Promise<T>;
  /** Looks that come with every request. */
  readonly glances: AgentGlances;
  /** Runs an act in a lane, behind what was asked for in it before. */
  readonly write: <T>(lane: string, act: Act<T>) => Promise<T>;
  /** The same of one that needs no other agents locked than these: it may share its transaction. */
  readonly share: <T>(lane: string, agents: readonly AgentId[], act: Act<T>) => Promise<T>;
  /** The same, done together with others of its kind where it is one as most are. */
  readonly send: (lane: string, asked: Omit<SendAsked, "kind" | "answer">, act: Act<Enqueued>) => Promise<Enqueued>;
  readonly ack: (
    lane: string,
    asked: Omit<AckAskedFor, "kind" | "answer">,
    act: Act<AckVerdict>,
  ) => Promise<AckVerdict>;
  readonly lease: (terms: LeaseTerms, act: Act<Leased>) => Promise<Leased>;
  /** Runs an act that may be big, a transaction for each slice; `kept` is what the slices before have done. */
  readonly writeSliced: <T>(lane: string, slice: SlicedAct<T>) => Promise<readonly T[]>;
  /** Tells whoever listens, now. */
  readonly hint: (hints: Hints) => void;
}

/**
 * Runs an act whose parts stand by themselves: when a later slice fails, what is on disk by then is its answer, beside why
 * there is no more. @throws why, when nothing is on disk
 */
export async function partsOnDisk<T>(
  writeSliced: VerbParts["writeSliced"],
  lane: string,
  slice: SlicedAct<T>,
): Promise<{ readonly parts: readonly T[]; readonly failure?: unknown }> {
  // The slices go on with what was kept of those before: in the end all that are on disk are in it.
  let onDisk: readonly T[] = [];
  try {
    const parts = await writeSliced<T>(lane, (engine, context, kept) => {
      onDisk = kept;
      return slice(engine, context, kept);
    });
    return { parts };
  } catch (failure) {
    if (onDisk.length === 0) throw failure;
    return { parts: onDisk, failure };
  }
}
