/** A peer: what the predecessor's clients call an agent. */
import type { AgentId } from "@agentmesh/protocol";
import type { PeerInbox } from "./inbox.ts";
import type { PeerFacts } from "./peer-facts.ts";

/** A peer with its agent, and what the client behind it holds. */
export interface Peer {
  readonly id: string;
  readonly agentId: AgentId;
  readonly inbox: PeerInbox;
  facts: PeerFacts;
}
