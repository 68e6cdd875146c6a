/** How the sender of a message came in, as its recipient is to know it: by what the broker knows of both, never by what a message says. */
import type { Trust, TrustClass } from "@agentmesh/protocol";

/** What an agent is known by when a message of it, or for it, is accepted. */
export interface Standing {
  readonly trust: Trust;
  /** Registered with a person's credential. */
  readonly person: boolean;
  /** The machine it came with; null for the broker's own. */
  readonly machine: number | null;
  readonly host: string | null;
  readonly repo: string | null;
  readonly repoUrl: string | null;
}

/** The class, and whether it came from another machine, whatever the class. */
export interface Came {
  readonly trust: TrustClass;
  readonly remote: boolean;
}

/** How a message of one agent comes to another. */
export function cameAs(sender: Standing, recipient: Standing): Came {
  const remote = sender.machine !== recipient.machine;
  if (sender.trust === "unverified") return { trust: "unverified", remote };
  // A machine's word for its person counts among its own agents; that of the broker's own machine counts everywhere.
  if (sender.person && (sender.machine === null || !remote)) return { trust: "operator", remote: false };
  if (inOneRepository(sender, recipient, remote)) return { trust: "same-repo", remote };
  return { trust: remote ? "remote" : "same-machine", remote };
}

/** By the remote URL everywhere; by the folder on one machine. */
function inOneRepository(a: Standing, b: Standing, remote: boolean): boolean {
  if (a.repoUrl !== null && a.repoUrl === b.repoUrl) return true;
  return !remote && a.repo !== null && a.repo === b.repo && a.host === b.host;
}
