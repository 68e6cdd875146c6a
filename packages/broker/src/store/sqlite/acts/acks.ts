/** The act that acks many: each entry by itself, a slice at a time. */
import type { AgentId } from "@agentmesh/protocol";
import { MeshError } from "../../../mesh/errors.ts";
import type { AckAsked, AckVerdict, RefusedEntry } from "../../../mesh/store.ts";
import { type Budget, each, type Slice, sum } from "../commits/slices.ts";
import type { EngineContext } from "../context.ts";
import type { Engine } from "../engine.ts";
import { ackDelivery } from "./lease.ts";

/** What became of one of many. */
export type AckAnswer = AckVerdict | RefusedEntry;

/** Acks what was asked for, in this order. */
export function ackEach(engine: Engine, context: EngineContext, agentId: AgentId, acks: readonly AckAsked[]) {
  return (budget: Budget, kept: readonly (readonly AckAnswer[])[]): Slice<readonly AckAnswer[]> => {
    const part: AckAnswer[] = [];
    const rest = acks.slice(sum(kept.map(({ length }) => length)));
    const { more } = each(budget, rest, Number.POSITIVE_INFINITY, (asked) => {
      part.push(ackOne(engine, context, agentId, asked));
    });
    return { part, more };
  };
}

/** A refusal by the rules comes before anything of its entry was written; whatever else fails takes the slice with it. */
function ackOne(engine: Engine, context: EngineContext, agentId: AgentId, asked: AckAsked): AckAnswer {
  try {
    return ackDelivery(engine, context, agentId, asked.ref, asked.receipt, asked.evidence);
  } catch (error) {
    if (error instanceof MeshError) return { kind: "refused", error };
    throw error;
  }
}
