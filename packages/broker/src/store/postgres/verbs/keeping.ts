/** The Store's verbs on what is kept, and of whom. */
import type { Keeping } from "../../../mesh/store/keeping.ts";
import { laneOf } from "../../shared/lanes.ts";
import { keeperOf } from "../../shared/rows/keeping.ts";
import { letGoOf, scopesBeyond } from "../acts/let-go.ts";
import type { VerbParts } from "./parts.ts";

/** Verbs on what is kept. */
export function keepingVerbs({ read, write }: VerbParts): Keeping {
  /** Up to where each sender's messages, or all, were looked through: a hint, begun anew at the end. */
  const edges = new Map<number | undefined, number>();
  return {
    kept: () =>
      read(async ({ keeping }) => {
        const { messages: gone, until } = await keeping.letGo();
        return { ...(await keeping.all()), letGo: until === null ? undefined : { messages: gone, until } };
      }),
    listKeepers: (limit) =>
      read(async ({ keeping }) => (await keeping.largest(limit)).filter(({ bytes }) => bytes > 0).map(keeperOf)),
    letGo: async (quota, keepMs, limit) => {
      for (const scope of await read((engine) => scopesBeyond(engine, quota))) {
        const terms = { scope, edge: edges.get(scope) ?? 0, keepMs, limit };
        const { edge, more } = await write(laneOf.care, (engine, context) => letGoOf(engine, context, terms));
        if (more) edges.set(scope, edge);
        else edges.delete(scope);
        if (more) return true;
      }
      return false;
    },
  };
}
