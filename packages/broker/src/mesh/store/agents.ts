/** The part of the Store port about agents. */
import type { AgentId } from "@agentmesh/protocol";
import type {
  AgentRecord,
  AgentToRegister,
  Bounce,
  By,
  FocusTerms,
  KnownAgent,
  PolicyRules,
  RegisteredAgent,
} from "../records/index.ts";

/** What the mesh needs kept of agents. */
export interface AgentStore {
  /**
   * Makes an agent or resumes the one that owns the token; with a machine's credential those of that machine alone.
   * @throws MeshError agent_name_taken, forbidden, token_revoked
   */
  registerAgent(agent: AgentToRegister): Promise<RegisteredAgent>;
  agentByToken(tokenHash: string): Promise<KnownAgent | undefined>;
  /** How many deliveries wait in an agent's inbox. */
  queuedOf(agentId: AgentId): Promise<number>;
  /** By id or by name: of one that is there, then by the former name of one, then of one in the archive. */
  findAgent(nameOrId: string): Promise<AgentRecord | undefined>;
  /** Notes a sign of life; takes the agent out of the archive, under a numbered name when its own is taken by now. */
  reviveAgent(agentId: AgentId): Promise<AgentRecord>;
  /** Archives agents without a sign of life for `quietMs` and without a message that waits; up to `limit`. */
  archiveAgents(quietMs: number, limit: number): Promise<number>;
  setSummary(agentId: AgentId, summary: string): Promise<void>;
  /** Begins a focus, or without terms ends it: then hints `ready`, as at its own end. */
  setFocus(agentId: AgentId, focus: FocusTerms | undefined): Promise<void>;
  policyOf(agentId: AgentId): Promise<PolicyRules | undefined>;
  setPolicy(agentId: AgentId, rules: PolicyRules, by?: By): Promise<void>;
  /** Gives an agent another name; its old one leads to it until another takes that. @throws MeshError agent_name_taken, agent_not_found */
  renameAgent(agentId: AgentId, name: string): Promise<AgentRecord>;
  /**
   * Removes an agent: at once it has no token and nobody writes to it, then what waits for it dies, a slice at a time.
   * Returns how many.
   */
  removeAgent(agentId: AgentId, bounce?: Bounce, by?: By): Promise<number>;
  /** Ends what is left open of agents that were removed when the broker was stopped on the way; up to `limit`. */
  endRemoved(limit: number, bounce?: Bounce): Promise<number>;
}
