/** The acts of joining and of putting a machine out. */
import type { AgentId, MachineId } from "@agentmesh/protocol";
import type { By, JoinVerdict, MachineToJoin } from "../../../mesh/store.ts";
import { ROWS, type Slice, sum } from "../commits/slices.ts";
import type { EngineContext } from "../context.ts";
import type { Engine } from "../engine.ts";
import { leave } from "./remove-agent.ts";

/** Uses an invite, once; the same secret with the same token again is the same machine. */
export async function joinMachine({ audit, invites, machines }: Engine, joining: MachineToJoin): Promise<JoinVerdict> {
  const invite = await invites.held(joining.secretHash);
  const by: By = {
    kind: "nobody",
    name: joining.host,
    ...(joining.address !== undefined && { address: joining.address }),
  };
  if (!invite) return { kind: "unknown" };
  const over = invites.over(invite);
  if (over) {
    const known = invite.machine_pk === null ? undefined : await machines.record(invite.machine_pk);
    const again = known && (await machines.byToken(joining.tokenHash));
    if (known && again?.id === known.id) return { kind: "joined", machine: known };
    return { kind: "over", ...over };
  }
  // Whoever chose a token that somebody has, or had, joins with it as little as with a used invite.
  if (await machines.isTaken(joining.tokenHash)) return { kind: "unknown" };
  if ((await machines.countPresent()) >= joining.most) return { kind: "full" };
  const pk = await machines.insert(joining, invite.kind, invite.names);
  await invites.use(invite.pk, pk);
  const machine = await machines.record(pk);
  if (!machine) throw new Error(`machine ${joining.id} vanished while it joined`);
  await audit.note({
    act: "machine_joined",
    by,
    about: { id: machine.id, name: machine.host },
    why: `by ${invite.id}`,
  });
  return { kind: "joined", machine };
}

/** The slices of putting a machine out: first it is, then its agents leave; their parts are how many did. */
export function revokeMachine(
  machineId: MachineId,
  { how, by }: { readonly how: "revoked" | "left"; readonly by: By },
) {
  return async (engine: Engine, context: EngineContext): Promise<Slice<number>> => {
    const { agents, audit, machines } = engine;
    const pk = await machines.heldPkOf(machineId);
    const own = pk === undefined ? [] : await machines.agentsOf(pk, ROWS);
    await agents.lock(own.map((each) => each.pk));
    if (pk !== undefined) {
      const host = (await machines.record(pk))?.host;
      await machines.revoke(pk);
      const about = { id: machineId, name: host };
      await audit.note({ act: how === "left" ? "machine_left" : "machine_revoked", by, about });
    }
    const part = await leaveAll(engine, context, own);
    return part < ROWS && pk === undefined ? leaveOfRevoked(engine, context) : { part, more: part === ROWS };
  };
}

/** Agents of revoked machines leave, up to `limit`: what a broker that was stopped on the way has left over. */
export function leaveRevoked(limit: number) {
  return async (engine: Engine, context: EngineContext, kept: readonly number[]): Promise<Slice<number>> =>
    sum(kept) < limit ? leaveOfRevoked(engine, context) : { part: 0, more: false };
}

async function leaveOfRevoked(engine: Engine, context: EngineContext): Promise<Slice<number>> {
  const found = await engine.machines.ofRevoked(ROWS);
  await engine.agents.lock(found.map(({ pk }) => pk));
  return { part: await leaveAll(engine, context, found), more: found.length > 0 && found.length === ROWS };
}

async function leaveAll(
  engine: Engine,
  context: EngineContext,
  agents: readonly { readonly id: AgentId }[],
): Promise<number> {
  let left = 0;
  for (const { id } of agents) {
    const row = await engine.agents.row(id);
    if (!row) continue;
    await leave(engine, context, row, true);
    left++;
  }
  return left;
}
