/** The act that acks many: each entry by itself, a slice at a time. */
import type { AgentId } from "@agentmesh/protocol";
import { MeshError } from "../../../mesh/errors.ts";
import type { AckAsked, AckVerdict, RefusedEntry } from "../../../mesh/store.ts";
import { ROWS, type Slice, sum } from "../commits/slices.ts";
import type { EngineContext } from "../context.ts";
import type { Engine } from "../engine.ts";
import { ackDelivery } from "./lease.ts";

/** What became of one of many. */
export type AckAnswer = AckVerdict | RefusedEntry;

/** Acks what was asked for, in this order. */
export function ackEach(agentId: AgentId, acks: readonly AckAsked[]) {
  return async (
    engine: Engine,
    context: EngineContext,
    kept: readonly (readonly AckAnswer[])[],
  ): Promise<Slice<readonly AckAnswer[]>> => {
    const begun = sum(kept.map(({ length }) => length));
    const part: AckAnswer[] = [];
    for (const asked of acks.slice(begun, begun + ROWS)) part.push(await ackOne(engine, context, agentId, asked));
    return { part, more: begun + part.length < acks.length };
  };
}

/** A refusal by the rules comes before anything of its entry was written; whatever else fails takes the slice with it. */
async function ackOne(
  engine: Engine,
  context: EngineContext,
  agentId: AgentId,
  { ref, receipt, evidence }: AckAsked,
): Promise<AckAnswer> {
  try {
    return await ackDelivery(engine, context, agentId, ref, receipt, evidence);
  } catch (error) {
    if (error instanceof MeshError) return { kind: "refused", error };
    throw error;
  }
}
