/** The question about many acks in one call: each is answered for itself, whatever becomes of the others. */
import type { AckEvidence, AgentId, SessionId } from "@agentmesh/protocol";
import type { AckVerdict, RefusedEntry } from "../../src/mesh/store.ts";
import { short } from "./history.ts";
import type { Observer, Question } from "./observer.ts";
import { demand } from "./promises.ts";
import { judgeAcked, judgeVerdict, type Target } from "./questions-verbs.ts";

/** Which deliveries, under which receipts; all by one agent. */
export type ManyTargets = readonly Omit<Target, "agentId">[];

/** Acks many at once, in slices. */
export function ackMany(agentId: AgentId, targets: ManyTargets, evidence: AckEvidence): Question {
  return async (o) => {
    const verdicts = await o.world.store.ackMany(
      agentId,
      targets.map(({ ref, receipt }) => ({ ref, receipt, evidence })),
    );
    return { sender: undefined, slices: () => slicesOf(o, agentId, targets, evidence, verdicts) };
  };
}

function* slicesOf(
  o: Observer,
  agentId: AgentId,
  targets: ManyTargets,
  evidence: AckEvidence,
  verdicts: readonly (AckVerdict | RefusedEntry)[],
): Iterator<undefined, void> {
  const name = o.history.agent(agentId)?.name;
  o.say(`ack ${targets.map(({ ref }) => short(o.history.named(agentId, ref)))} by ${name} in one call`);
  demand(
    verdicts.length === targets.length,
    "L1 progress",
    () => `${verdicts.length} of ${targets.length} acks of one call were answered`,
  );
  for (const [i, target] of targets.entries()) {
    const verdict = verdicts[i];
    if (i >= o.world.pieces) {
      // Later slices take one each; what is asked in the same turn goes behind the first.
      yield;
      // A stream with credit again has been leased what was leasable; one that is refused, or a repeat, is not in the log, and a
      // sign of its session for which something may have been leased: that of a session which is silent still comes after one.
      const named = o.history.named(agentId, target.ref);
      const session = named?.state === "leased" ? named.lease?.session : named?.lastHolder;
      const next = o.world.streamed[0]?.terms.session;
      const isSilent = (each: SessionId | undefined) => o.history.session(each)?.silent === true;
      if (!isSilent(next) && (verdict?.kind === "done" || !isSilent(session))) o.tape.peek();
    }
    demand(
      verdict !== undefined && verdict.kind !== "refused",
      "L1 progress",
      () => `the ack of ${target.ref} in a call was refused: ${JSON.stringify(verdict)}`,
    );
    judgeVerdict(o, { ...target, agentId }, verdict, true, (each) => judgeAcked(o, each, evidence));
  }
}
