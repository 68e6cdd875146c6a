/** Sessions: live processes of agents, kept by heartbeat. */
import type {
  EndpointReply,
  EndpointRequest,
  endpoints,
  HeartbeatReply,
  OpenSessionReply,
  PushPath,
  SessionId,
} from "@agentmesh/protocol";
import type { Agents } from "./agents.ts";
import type { AgentCaller } from "./caller.ts";
import { type Clock, timestamp } from "./clock.ts";
import { MeshError } from "./errors.ts";
import { newId } from "./ids.ts";
import type { Policy } from "./policy.ts";
import { retryPolicy } from "./push/retry.ts";
import type { Streams } from "./push/streams.ts";
import type { Store } from "./store.ts";

type Table = typeof endpoints;

/** The verbs on sessions. */
export class Sessions {
  readonly #store: Store;
  readonly #agents: Agents;
  readonly #streams: Streams;
  readonly #policy: Policy;
  readonly #clock: Clock;

  constructor(parts: { store: Store; agents: Agents; streams: Streams; policy: Policy; clock: Clock }) {
    this.#store = parts.store;
    this.#agents = parts.agents;
    this.#streams = parts.streams;
    this.#policy = parts.policy;
    this.#clock = parts.clock;
  }

  /** Opens a session; mail that a vanished session of this agent held comes back at once. */
  async open(caller: AgentCaller, request: EndpointRequest<Table["openSession"]>["body"]): Promise<OpenSessionReply> {
    const { pushPaths, ...profile } = request;
    const id = newId("ses");
    await this.#streams.settle(caller.agent.id);
    const agent = await this.#store.openSession({ id, agentId: caller.agent.id, profile, pushPaths });
    return {
      session: { id, agentId: agent.id, openedAt: timestamp(this.#clock.now()) },
      agent: this.#agents.show(agent),
      heartbeatMs: this.#policy.heartbeatMs,
    };
  }

  /** Renews a session. @throws MeshError session_not_found: open a new one with the same token */
  async heartbeat(caller: AgentCaller, id: SessionId, pushPaths?: PushPath[]): Promise<HeartbeatReply> {
    if (!(await this.#store.touchSession(id, caller.agent.id, pushPaths))) throw unknownSession(id, caller);
    return { heartbeatMs: this.#policy.heartbeatMs, queued: caller.agent.queued, name: caller.agent.name };
  }

  /** Whether a session is still open. */
  isOpen(id: SessionId): Promise<boolean> {
    return this.#store.hasSession(id);
  }

  /** Ends a session; what it leased returns to the inbox. @throws MeshError session_not_found */
  async end(caller: AgentCaller, id: SessionId): Promise<EndpointReply<Table["endSession"]>> {
    const retry = retryPolicy(this.#policy);
    const returned = await this.#store.endSession(id, caller.agent.id, retry);
    if (returned === undefined) throw unknownSession(id, caller);
    this.#streams.end(id);
    return { returned };
  }
}

function unknownSession(id: SessionId, caller: AgentCaller): MeshError {
  return new MeshError(
    "session_not_found",
    `${caller.agent.name} has no session ${id}: it ended or missed its heartbeats. Open a new one; the inbox is unchanged.`,
  );
}
