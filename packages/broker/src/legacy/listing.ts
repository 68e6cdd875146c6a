/** What `/list-peers` shows: every agent of the mesh that is here, in the words of the predecessor. */
import type { Agent } from "@agentmesh/protocol";
import type { Mesh } from "../mesh/mesh.ts";
import type { Peers } from "./peers.ts";
import { JsonText, type ListPeers, type ShownPeer } from "./wire.ts";

interface ListingParts {
  readonly mesh: Mesh;
  readonly peers: Peers;
}

/** A peer, and as it is written. */
interface Written {
  readonly peer: ShownPeer;
  readonly text: string;
}

/**
 * The list, which anybody may ask for without a token: one look at the agents at a time, and one more for all who have
 * asked since it began, so that nobody is shown what was before the question.
 */
export class Listing {
  readonly #parts: ListingParts;
  #next: Promise<readonly Written[]> | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: ListingParts) {
    this.#parts = parts;
  }

  /** Agents that are here and fit what was asked for, the oldest first; this wire has no pages. @throws MeshError shutting_down when nobody waits any more */
  async show(asked: ListPeers, gone: AbortSignal): Promise<JsonText> {
    const all = await this.#all();
    // They are all told at once, and write one after the other.
    await this.#parts.mesh.turns.look(undefined, gone).turn();
    const shown = all.filter(({ peer }) => fits(peer, asked));
    return new JsonText(`[${shown.map(({ text }) => text).join()}]`);
  }

  #all(): Promise<readonly Written[]> {
    if (this.#next) return this.#next;
    const next = this.#last.then(() => {
      this.#next = undefined;
      return this.#look();
    });
    this.#next = next;
    this.#last = next.catch(() => undefined);
    return next;
  }

  async #look(): Promise<readonly Written[]> {
    const { mesh, peers } = this.#parts;
    const all: Written[] = [];
    for await (const agent of mesh.agents.oldestFirst({ kind: "key" })) {
      if (!peers.isHere(agent)) continue;
      const peer = shownPeer(peers, agent);
      all.push({ peer, text: JSON.stringify(peer) });
    }
    return all;
  }
}

/** An agent as a peer; what its client never said is as empty as the predecessor's clients can take it. */
function shownPeer(peers: Peers, agent: Agent): ShownPeer {
  const id = peers.idOf(agent);
  const last_seen = agent.lastSeenAt ?? agent.registeredAt;
  const peer = peers.ofAgent(agent.id);
  if (peer) {
    // A webhook's URL often has a secret in it: it is for the broker alone.
    const { standing, bound, transport, ...said } = peer.facts;
    const { webhook_url, ...shown } = transport;
    return { id, ...said, transport: shown, last_seen };
  }
  return {
    id,
    pid: 0,
    cwd: agent.directory ?? "",
    git_root: agent.repo ?? null,
    tty: null,
    hostname: agent.host ?? "localhost",
    summary: agent.summary ?? "",
    agent_type: agent.client ?? "custom",
    agent_name: agent.name,
    capabilities: [],
    transport: { type: agent.pushPaths.length > 0 ? "channel" : "poll" },
    registered_at: agent.registeredAt,
    last_seen,
  };
}

/** Whether a peer fits all that was asked for; an unknown scope is the machine. */
function fits(peer: ShownPeer, asked: ListPeers): boolean {
  const { scope, cwd, git_root, exclude_id, agent_type, capabilities } = asked;
  const near =
    scope === "directory" || (scope === "repo" && !git_root)
      ? peer.cwd === cwd
      : scope !== "repo" || peer.git_root === git_root;
  return (
    near &&
    peer.id !== exclude_id &&
    (agent_type === undefined || peer.agent_type === agent_type) &&
    (capabilities ?? []).every((wanted) => peer.capabilities.includes(wanted))
  );
}
