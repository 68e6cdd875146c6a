/** As whom a caller reaches one delivery or message: a machine does as the agent of its own that has to do with it. */
import type { AnyCaller, Caller } from "../caller.ts";
import { viewerOf } from "../caller.ts";
import type { MeshError } from "../errors.ts";
import { onlyId, wholeId } from "../names/short-ids.ts";
import type { Store } from "../store.ts";

/** Somebody, and the whole id of what they reach. */
export interface Reach {
  readonly caller: Caller;
  readonly ref: string;
}

/**
 * Whoever calls with an agent's token or the mesh key is who they are. A machine acts as the recipient of a delivery, or as
 * its sender; as the sender of a message, or as one who got it. What is none of its agents' it does not learn of.
 * @throws what `unknown` makes; MeshError invalid_request, other_life
 */
export async function reachOf(
  store: Store,
  from: AnyCaller,
  named: string,
  unknown: (ref: string) => MeshError,
): Promise<Reach> {
  if (from.kind !== "machine") return { caller: from, ref: await wholeId(store, named, viewerOf(from)) };
  const parties = await store.partiesOf(from.machine.id, named);
  const ref = onlyId(
    named,
    parties.map(({ id }) => id),
  );
  const [party] = parties;
  const agent = party && (await store.findAgent(party.agent));
  if (!agent) throw unknown(named);
  return { caller: { kind: "agent", agent }, ref };
}
