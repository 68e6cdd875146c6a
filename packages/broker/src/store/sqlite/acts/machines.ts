/** The acts of joining and of putting a machine out. */
import type { MachineId } from "@agentmesh/protocol";
import type { By, JoinVerdict, MachineToJoin } from "../../../mesh/store.ts";
import { type Budget, each, ROWS, type Slice, sum } from "../commits/slices.ts";
import type { EngineContext } from "../context.ts";
import type { Engine } from "../engine.ts";
import { leave } from "./remove-agent.ts";

/** Uses an invite, once; the same secret with the same token again is the same machine. */
export function joinMachine({ audit, invites, machines }: Engine, joining: MachineToJoin): JoinVerdict {
  const invite = invites.bySecret(joining.secretHash);
  const by: By = {
    kind: "nobody",
    name: joining.host,
    ...(joining.address !== undefined && { address: joining.address }),
  };
  if (!invite) return { kind: "unknown" };
  const over = invites.over(invite);
  if (over) {
    const known = invite.machine_pk === null ? undefined : machines.record(invite.machine_pk);
    const again = known && machines.byToken(joining.tokenHash);
    if (known && again?.id === known.id) return { kind: "joined", machine: known };
    return { kind: "over", ...over };
  }
  // Whoever chose a token that somebody has, or had, joins with it as little as with a used invite.
  if (machines.isTaken(joining.tokenHash)) return { kind: "unknown" };
  if (machines.countPresent() >= joining.most) return { kind: "full" };
  const pk = machines.insert(joining, invite.kind, invite.names);
  invites.use(invite.pk, pk);
  const machine = machines.record(pk);
  if (!machine) throw new Error(`machine ${joining.id} vanished while it joined`);
  audit.note({ act: "machine_joined", by, about: { id: machine.id, name: machine.host }, why: `by ${invite.id}` });
  return { kind: "joined", machine };
}

/** One slice of putting a machine out: first it is, then its agents leave; its part is how many did. */
export function revokeMachine(
  engine: Engine,
  context: EngineContext,
  machineId: MachineId,
  { how, by }: { readonly how: "revoked" | "left"; readonly by: By },
  budget: Budget,
): Slice<number> {
  const { audit, machines } = engine;
  const pk = machines.pkOf(machineId);
  if (pk !== undefined) {
    const host = machines.record(pk)?.host;
    machines.revoke(pk);
    // From now on none of its agents calls, also those that leave in a later slice.
    context.callers.forgetAll();
    audit.note({ act: how === "left" ? "machine_left" : "machine_revoked", by, about: { id: machineId, name: host } });
  }
  return leaveOfRevoked(engine, context, budget);
}

/** Agents of revoked machines leave, up to `limit`: what a broker that was stopped on the way has left over. */
export function leaveRevoked(engine: Engine, context: EngineContext, limit: number) {
  return (budget: Budget, kept: readonly number[]): Slice<number> =>
    sum(kept) < limit ? leaveOfRevoked(engine, context, budget) : { part: 0, more: false };
}

function leaveOfRevoked(engine: Engine, context: EngineContext, budget: Budget): Slice<number> {
  const { agents, machines } = engine;
  return each(budget, machines.ofRevoked(ROWS), ROWS, ({ id }) => {
    const row = agents.row(id);
    if (row) leave(engine, context, row, true);
  });
}
