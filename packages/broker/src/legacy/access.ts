/** Who may use this wire: programs of the broker's user, each token for its own peer. */
import type { Socket } from "node:net";
import type { FastifyRequest } from "fastify";
import { hashOf } from "../mesh/access/token-hash.ts";
import { MeshError } from "../mesh/errors.ts";
import type { Mesh } from "../mesh/mesh.ts";
import type { Peer } from "./peer.ts";
import type { Peers } from "./peers.ts";
import { canTellOwner, isOwnUser } from "./socket-owner.ts";

/** Asked once for each connection, however many requests come over it. */
const ownUsers = new WeakMap<Socket, Promise<boolean>>();

/** An answer is kept, a failure is not. */
function askOwner(socket: Socket): Promise<boolean> {
  return isOwnUser(socket).catch((error) => {
    ownUsers.delete(socket);
    throw error;
  });
}

/**
 * Refuses what a wire without secrets must not serve: other users of the machine where the system tells them apart, and
 * what a proxy passes on. @throws MeshError forbidden
 */
export async function checkOrigin({ raw: { socket }, headers }: FastifyRequest): Promise<void> {
  if (headers["x-forwarded-for"] !== undefined || headers.forwarded !== undefined) {
    throw new MeshError("forbidden", "This wire serves programs of this machine only, not what a proxy passes on.");
  }
  if (!canTellOwner) return;
  const own = ownUsers.get(socket) ?? askOwner(socket);
  ownUsers.set(socket, own);
  if (await own) return;
  throw new MeshError("forbidden", "This wire serves programs of the broker's own user only. Use /v1 with a token.");
}

/**
 * Checks the token of a request, if it has one, for the peer it acts as. A peer that has shown its token once needs it
 * from then on. @throws MeshError unauthenticated, forbidden
 */
export async function checkToken(
  { mesh, peers }: { readonly mesh: Mesh; readonly peers: Peers },
  authorization: string | undefined,
  acts: Peer | undefined,
): Promise<void> {
  if (!authorization) {
    if (!acts?.facts.bound) return;
    throw new MeshError("unauthenticated", "invalid token");
  }
  const token = /^Bearer ([0-9a-f]{64})$/.exec(authorization)?.[1];
  const agent = token === undefined ? undefined : await mesh.agents.byTokenHash(hashOf(token));
  const owner = agent && peers.ofAgent(agent.id);
  if (!owner || owner.facts.standing === "left") throw new MeshError("unauthenticated", "invalid token");
  if (acts && acts !== owner) throw new MeshError("forbidden", `This token is that of ${owner.id}, not of ${acts.id}.`);
  if (!owner.facts.bound) await peers.change(owner, { bound: true });
}
