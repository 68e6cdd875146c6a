/** An act that was asked for: what it does in a transaction, and how whoever asked is answered. */
import type { Waiting } from "./rounds.ts";
import { type Budget, type Slice, type SliceSizes, sliceBudget } from "./slices.ts";

/** One that waits for its transaction, or for its next. */
export interface Act extends Waiting {
  act(): void;
  /** Whether the slice that it ran was not its last. */
  hasMore(): boolean;
  /** What it did is committed: it may go on with its next slice. */
  committed(): void;
  /** What it did in one of its transactions is on disk: told once for each, in their order. */
  kept(): void;
  failed(error: unknown): void;
}

/** An act that is done in one transaction. */
export function wholeAct<T>(
  lane: string,
  act: () => T,
  resolve: (result: T) => void,
  reject: (error: unknown) => void,
): Act {
  let result: T;
  return {
    ...{ lane, sliced: false, begun: false },
    act: () => {
      result = act();
    },
    hasMore: () => false,
    committed: () => {},
    kept: () => resolve(result),
    failed: reject,
  };
}

/** An act that is done a slice at a time. */
export function slicedAct<T>(
  lane: string,
  slice: (budget: Budget, before: readonly T[]) => Slice<T>,
  sizes: SliceSizes,
  resolve: (parts: readonly T[]) => void,
  reject: (error: unknown) => void,
): Act {
  const parts: T[] = [];
  let onDisk = 0;
  let isWhole = false;
  let last: Slice<T>;
  return {
    ...{ lane, sliced: true },
    get begun() {
      return parts.length > 0;
    },
    act: () => {
      last = slice(sliceBudget(parts.length === 0, sizes), parts);
    },
    hasMore: () => last.more,
    committed: () => {
      parts.push(last.part);
      isWhole = !last.more;
    },
    kept: () => {
      onDisk++;
      if (isWhole && onDisk === parts.length) resolve(parts);
    },
    failed: (error) => {
      // Whoever was given them is told of what is there.
      parts.length = onDisk;
      reject(error);
    },
  };
}
