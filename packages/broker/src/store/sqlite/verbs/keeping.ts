/** The Store's verbs on what is kept, and of whom. */
import type { Keeping } from "../../../mesh/store/keeping.ts";
import { keeperOf } from "../../shared/rows/keeping.ts";
import { letGoOf, scopesBeyond } from "../acts/let-go.ts";
import { laneOf } from "../commits/slices.ts";
import type { VerbParts } from "./parts.ts";

/** Verbs on what is kept. */
export function keepingVerbs({ engine, context, read, write }: VerbParts): Keeping {
  const { keeping } = engine;
  /** Up to where each sender's messages, or all, were looked through: a hint, begun anew at the end. */
  const edges = new Map<number | undefined, number>();
  return {
    kept: () =>
      read(() => {
        const { messages, bytes, let_go, let_go_until } = keeping.all();
        return {
          messages,
          bytes,
          letGo: let_go_until === null ? undefined : { messages: let_go, until: let_go_until },
        };
      }),
    listKeepers: (limit) =>
      read(() =>
        keeping
          .largest(limit)
          .filter(({ bytes }) => bytes > 0)
          .map(keeperOf),
      ),
    letGo: async (quota, keepMs, limit) => {
      for (const scope of scopesBeyond(engine, quota)) {
        if (await write(laneOf.care, () => letGoOf(engine, context, { scope, edges, keepMs, limit }))) return true;
      }
      return false;
    },
  };
}
