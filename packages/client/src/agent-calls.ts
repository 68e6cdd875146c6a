/** The calls on agents; every client has them. */
import { type EndpointInput, type EndpointReply, endpoints } from "@agentmesh/protocol";
import type { CallOptions } from "./connection.ts";
import { WebhookCalls } from "./webhook-calls.ts";

type Table = typeof endpoints;
type In<K extends keyof Table> = EndpointInput<Table[K]>;
type Out<K extends keyof Table> = Promise<EndpointReply<Table[K]>>;

/** A client's part about agents: who there is, what each says of itself, whose messages it takes. */
export class AgentCalls extends WebhookCalls {
  /** Makes an agent, or resumes the one that owns `token`. Needs the mesh key. */
  register(input: In<"register">, options?: CallOptions): Out<"register"> {
    return this.connection.call(endpoints.register, input, options);
  }

  /** Agents with their presence and push paths, a page of them; `pages("listAgents", …)` has all. */
  listAgents(input: In<"listAgents"> = {}, options?: CallOptions): Out<"listAgents"> {
    return this.connection.call(endpoints.listAgents, input, options);
  }

  /** One agent by name or id; `me` is the caller. */
  getAgent(input: In<"getAgent">, options?: CallOptions): Out<"getAgent"> {
    return this.connection.call(endpoints.getAgent, input, options);
  }

  /** The sessions of an agent: `me`, or with the mesh key any. */
  listSessions(input: In<"listSessions">, options?: CallOptions): Out<"listSessions"> {
    return this.connection.call(endpoints.listSessions, input, options);
  }

  /** Whose messages take how much of what is kept; with the mesh key. */
  listKeepers(input: In<"listKeepers"> = {}, options?: CallOptions): Out<"listKeepers"> {
    return this.connection.call(endpoints.listKeepers, input, options);
  }

  /** Says what this agent is working on. */
  setSummary(input: In<"setSummary">, options?: CallOptions): Out<"setSummary"> {
    return this.connection.call(endpoints.setSummary, input, options);
  }

  /** Not to be disturbed for a while: `me`, or with the mesh key any agent. */
  setFocus(input: In<"setFocus">, options?: CallOptions): Out<"setFocus"> {
    return this.connection.call(endpoints.setFocus, input, options);
  }

  /** Ends a focus before its time. */
  endFocus(input: In<"endFocus">, options?: CallOptions): Out<"endFocus"> {
    return this.connection.call(endpoints.endFocus, input, options);
  }

  /** Whose messages an agent accepts, holds or refuses. */
  getPolicy(input: In<"getPolicy">, options?: CallOptions): Out<"getPolicy"> {
    return this.connection.call(endpoints.getPolicy, input, options);
  }

  /** Replaces that policy. */
  setPolicy(input: In<"setPolicy">, options?: CallOptions): Out<"setPolicy"> {
    return this.connection.call(endpoints.setPolicy, input, options);
  }

  /** Shows an agent to programs that speak A2A: `me`, or with the mesh key any. */
  setAgentCard(input: In<"setAgentCard">, options?: CallOptions): Out<"setAgentCard"> {
    return this.connection.call(endpoints.setAgentCard, input, options);
  }

  /** The card of an agent. */
  getAgentCard(input: In<"getAgentCard">, options?: CallOptions): Out<"getAgentCard"> {
    return this.connection.call(endpoints.getAgentCard, input, options);
  }

  /** Shows an agent no longer. */
  removeAgentCard(input: In<"removeAgentCard">, options?: CallOptions): Out<"removeAgentCard"> {
    return this.connection.call(endpoints.removeAgentCard, input, options);
  }

  /** Gives an agent another name. Needs the mesh key. */
  renameAgent(input: In<"renameAgent">, options?: CallOptions): Out<"renameAgent"> {
    return this.connection.call(endpoints.renameAgent, input, options);
  }

  /** Takes an agent out of the mesh, and its token is void for good. Needs the mesh key, or the credential of its machine. */
  revokeAgent(input: In<"revokeAgent">, options?: CallOptions): Out<"revokeAgent"> {
    return this.connection.call(endpoints.revokeAgent, input, options);
  }

  /** Takes an agent out of the mesh: `me`, or with the mesh key any. */
  removeAgent(input: In<"removeAgent">, options?: CallOptions): Out<"removeAgent"> {
    return this.connection.call(endpoints.removeAgent, input, options);
  }
}
