/** The end of an agent's session: what becomes of the agent, and of agents whose processes ended without saying so. */
import { MeshApiError, type MeshClient } from "@agentmesh/client";
import { type Identity, IdentityFiles } from "@agentmesh/client/node";
import type { Broker } from "../broker.ts";
import type { Log } from "../log.ts";
import { rules } from "./rules.ts";

/** A farewell does not wait longer for the broker, in milliseconds. */
const SOON_MS = 700;

/** So many agents that were left behind are taken out of the mesh at a start. */
const MOST_ORPHANS = 50;

/** Whether somebody wrote to the caller, or it has done what others can have noticed. @throws what the broker says */
async function wasUsed(client: MeshClient, signal: AbortSignal): Promise<boolean> {
  const [me, { entries }] = await Promise.all([
    client.getAgent({ agent: "me" }, { signal }),
    client.listMessages({ limit: 1 }, { signal }),
  ]);
  return me.queued > 0 || me.held > 0 || me.focus !== undefined || entries.length > 0;
}

/** Does what the rules say with an identity that its session has left. Never throws. */
export async function bidFarewell(
  identity: Identity,
  client: MeshClient | undefined,
  { deleted, log }: { readonly deleted: boolean; readonly log: Log },
): Promise<void> {
  const { owner } = identity;
  try {
    const signal = AbortSignal.timeout(SOON_MS);
    const ask = !identity.used && owner.kind === "conversation" && client !== undefined;
    const used = identity.used || client === undefined || (ask && (await wasUsed(client, signal)));
    if (rules.fateOf(owner, { used, deleted }) === "waits") {
      if (used && client !== undefined) identity.note({ used: true });
    } else if (client !== undefined) {
      await removeFromMesh(client, signal);
      identity.remove();
      return;
    }
  } catch (error) {
    log.debug("identity.kept", { owner: owner.kind, error });
  }
  // What could not be taken out of the mesh now is an orphan that the next session finds.
  identity.release();
}

/** Takes out agents of sessions that ended without a farewell and that nobody can be again. Never throws. */
export async function sweepOrphans(broker: Broker, log: Log): Promise<void> {
  for (const orphan of new IdentityFiles(broker.folder).orphans(MOST_ORPHANS)) {
    await bidFarewell(orphan, broker.clientFor(orphan.token), { deleted: false, log });
  }
}

async function removeFromMesh(client: MeshClient, signal: AbortSignal): Promise<void> {
  try {
    await client.removeAgent({ agent: "me" }, { signal });
  } catch (error) {
    // The mesh does not know it: a session that ended before it had joined, or another database.
    if (!(error instanceof MeshApiError) || error.code !== "unauthenticated") throw error;
  }
}
