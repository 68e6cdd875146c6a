/** The act of joining. */
import type { By, JoinVerdict, MachineToJoin } from "../../../mesh/store.ts";
import type { Engine } from "../engine.ts";

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
