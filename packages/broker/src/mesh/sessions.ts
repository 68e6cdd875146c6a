/** Sessions: live processes of agents, kept by heartbeat; over when their process is gone. */
import type {
  AgentId,
  Dialog,
  EndpointReply,
  EndpointRequest,
  endpoints,
  HeartbeatReply,
  ListedSession,
  OpenSessionReply,
  ProcessMark,
  PushPath,
  SessionId,
  ToldDialog,
} from "@agentmesh/protocol";
import { MAX_SESSIONS_LISTED } from "@agentmesh/protocol";
import type { Agents } from "./agents.ts";
import { type AgentCaller, type AnyCaller, mayActFor } from "./caller.ts";
import { type Clock, timestamp } from "./clock.ts";
import { unknownSession } from "./errors.ts";
import { newId } from "./ids.ts";
import { presenceOf } from "./looks/agent-shown.ts";
import type { Policy } from "./policy.ts";
import { keptProfile } from "./profile.ts";
import { retryPolicy } from "./push/retry.ts";
import type { Streams } from "./push/streams.ts";
import type { Dialogs } from "./session/dialogs.ts";
import type { PresenceStreams } from "./session/presence-streams.ts";
import { NamedProcesses, type ProcessSight } from "./session/processes.ts";
import type { SessionRecord } from "./store/sessions.ts";
import type { Store } from "./store.ts";

type Table = typeof endpoints;
type Beat = Pick<EndpointRequest<Table["heartbeat"]>["body"], "pushPaths" | "process" | "dialog">;

/** The verbs on sessions. */
export class Sessions {
  readonly #store: Store;
  readonly #agents: Agents;
  readonly #streams: Streams;
  readonly #presence: PresenceStreams;
  readonly #policy: Policy;
  readonly #clock: Clock;
  readonly #processes: NamedProcesses;
  readonly #dialogs: Dialogs;

  constructor(parts: {
    store: Store;
    agents: Agents;
    streams: Streams;
    presence: PresenceStreams;
    policy: Policy;
    clock: Clock;
    sight: ProcessSight;
    dialogs: Dialogs;
  }) {
    this.#store = parts.store;
    this.#agents = parts.agents;
    this.#streams = parts.streams;
    this.#presence = parts.presence;
    this.#policy = parts.policy;
    this.#clock = parts.clock;
    this.#processes = new NamedProcesses(parts.sight);
    this.#dialogs = parts.dialogs;
  }

  /** The sessions of an agent. @throws MeshError forbidden, agent_not_found */
  async list(caller: AnyCaller, nameOrId: string): Promise<EndpointReply<Table["listSessions"]>> {
    const agent = await this.#agents.resolve(nameOrId, caller);
    mayActFor(caller, agent);
    const { sessions, total } = await this.#store.sessionsOf(agent.id, MAX_SESSIONS_LISTED);
    return { sessions: sessions.map((session) => this.#shown(agent.id, session)), total };
  }

  #shown(agentId: AgentId, session: SessionRecord): ListedSession {
    const presence = presenceOf(session, this.#policy);
    const dialog = presence === "online" ? this.#dialogs.ofSession(agentId, session.id) : undefined;
    const { id, doubt, silent, lastHeardAt, pushPaths } = session;
    return {
      ...{ id, presence, lastHeardAt: timestamp(lastHeardAt), pushPaths },
      ...(presence === "stale" && doubt && { doubt: { why: doubt.why, since: timestamp(doubt.at) } }),
      ...(silent && { silent }),
      ...(dialog && { dialog }),
    };
  }

  /** Opens a session; mail that a vanished session of this agent held comes back at once. */
  async open(caller: AgentCaller, request: EndpointRequest<Table["openSession"]>["body"]): Promise<OpenSessionReply> {
    const { pushPaths, process, ...said } = request;
    const id = newId("ses");
    const profile = keptProfile(said, caller.agent.machine);
    await this.#streams.settle(caller.agent.id);
    const paths = this.#notAhead(pushPaths);
    const agent = await this.#store.openSession({ id, agentId: caller.agent.id, profile, pushPaths: paths });
    this.#note(id, caller, process);
    return {
      session: { id, agentId: agent.id, openedAt: timestamp(this.#clock.now()) },
      agent: this.#agents.show(agent),
      heartbeatMs: this.#policy.heartbeatMs,
    };
  }

  /** Renews a session. @throws MeshError session_not_found: open a new one with the same token */
  async heartbeat(caller: AgentCaller, id: SessionId, news: Beat = {}): Promise<HeartbeatReply> {
    const paths = news.pushPaths && this.#notAhead(news.pushPaths);
    if (!(await this.#store.touchSession(id, caller.agent.id, paths))) throw unknownSession(caller.agent, id);
    this.#note(id, caller, news.process);
    this.#dialogs.note(id, caller.agent.id, news.dialog && this.#seen(news.dialog));
    const queued = await this.#store.queuedOf(caller.agent.id);
    return { heartbeatMs: this.#policy.heartbeatMs, queued, name: caller.agent.name };
  }

  /** Ends a session; what it leased returns to the inbox. @throws MeshError session_not_found */
  async end(caller: AgentCaller, id: SessionId): Promise<EndpointReply<Table["endSession"]>> {
    const retry = retryPolicy(this.#policy);
    const returned = await this.#store.endSession(id, caller.agent.id, "left", retry);
    if (returned === undefined) throw unknownSession(caller.agent, id);
    this.over(id);
    return { returned };
  }

  /** Ends what is open of a session that is over. */
  over(id: SessionId): void {
    this.#processes.forget(id);
    this.#dialogs.forget(id);
    this.#streams.end(id);
    this.#presence.end(id);
  }

  /** Forgets what the sessions of an agent said that has left the mesh; its streams end. */
  forgetOf(agentId: AgentId): void {
    this.#processes.forgetOf(agentId);
    this.#dialogs.forgetOf(agentId);
    this.#streams.endOf(agentId);
    this.#presence.endOf(agentId);
  }

  /** Ends the sessions whose process is seen to be gone: what they held is back in the inbox, and nobody is told that they are there. */
  async endGone(): Promise<void> {
    for (const { id, agentId } of this.#processes.lookOn()) {
      await this.#store.endSession(id, agentId, "gone", retryPolicy(this.#policy));
      this.over(id);
    }
  }

  /** A session tells a dialog by its age: its machine's clock may be another. */
  #seen({ about, ageMs }: ToldDialog): Dialog {
    return { about, since: timestamp(Math.max(0, this.#clock.now() - ageMs)) };
  }

  /** A session tells times by the clock of its machine, which may be ahead: nothing was proven after now. */
  #notAhead(paths: readonly PushPath[]): PushPath[] {
    const now = this.#clock.now();
    return paths.map((path) =>
      path.provenAt !== undefined && Date.parse(path.provenAt) > now ? { ...path, provenAt: timestamp(now) } : path,
    );
  }

  #note(id: SessionId, { agent }: AgentCaller, mark: ProcessMark | undefined): void {
    // A machine that is a copy of this one, as virtual machines are, has marks like this one's.
    if (mark && agent.machine === undefined) this.#processes.note({ id, agentId: agent.id }, mark);
  }
}
