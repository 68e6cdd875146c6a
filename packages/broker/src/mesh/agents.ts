/** Agents: registered once, resumed by their token, listed with their presence. */
import { randomBytes } from "node:crypto";
import type {
  Agent,
  AgentId,
  EndpointReply,
  EndpointRequest,
  endpoints,
  Presence,
  RegisterReply,
  Trust,
} from "@agentmesh/protocol";
import type { Intake } from "./acceptance/intake.ts";
import { hashOf } from "./access/token-hash.ts";
import { type AgentCaller, type AnyCaller, byOf, type Caller, mayActFor, mayName } from "./caller.ts";
import { timestamp } from "./clock.ts";
import { archived, MeshError, nobodyReads } from "./errors.ts";
import { newId } from "./ids.ts";
import { listAgents } from "./looks/agent-listing.ts";
import { presenceOf, shownAgent } from "./looks/agent-shown.ts";
import { liveAgents, oldestFirst } from "./looks/all-agents.ts";
import { nearTo } from "./looks/near.ts";
import type { Turns } from "./looks/turns.ts";
import { findNearNames } from "./names/near-names.ts";
import { wholeId } from "./names/short-ids.ts";
import { tellingNames } from "./names/telling-names.ts";
import type { Policy } from "./policy.ts";
import { keptProfile } from "./profile.ts";
import { bounce } from "./push/retry.ts";
import type { Dialogs } from "./session/dialogs.ts";
import type { AgentRecord, By, KnownAgent, Store } from "./store.ts";

type Table = typeof endpoints;

/** How old the last sign of life that was noted may be at a call, in milliseconds: so exactly it is said when that was. */
const NOTED_WITHIN_MS = 60_000;

/** How often signs of life are noted at least within the time after which an agent is archived. */
const NOTED_LIFE_SIGNS = 30;

/** The verbs on agents. */
export class Agents {
  readonly #store: Store;
  readonly #policy: Policy;
  readonly #intake: Intake;
  readonly #turns: Turns;
  readonly #dialogs: Dialogs;

  constructor(parts: { store: Store; policy: Policy; intake: Intake; turns: Turns; dialogs: Dialogs }) {
    [this.#store, this.#policy] = [parts.store, parts.policy];
    [this.#intake, this.#turns, this.#dialogs] = [parts.intake, parts.turns, parts.dialogs];
  }

  /**
   * Makes an agent, or resumes the one that owns the token; with a machine credential one of that machine, whose host it has.
   * @throws MeshError agent_name_taken, storage_full, forbidden, token_revoked
   */
  async register(
    caller: AnyCaller,
    request: EndpointRequest<Table["register"]>["body"],
    { trust, by = byOf(caller) }: { readonly trust?: Trust; readonly by?: By } = {},
  ): Promise<RegisterReply> {
    const { name, ifTaken, token: given, person, ...said } = request;
    const machine = caller.kind === "machine" ? caller.machine : undefined;
    const profile = keptProfile(said, machine);
    if (given === undefined || !(await this.#store.agentByToken(hashOf(given)))) this.#intake.check();
    const token = given ?? `am_${randomBytes(32).toString("base64url")}`;
    const { agent, created, renamedFrom } = await this.#store.registerAgent({
      id: newId("agt"),
      tokenHash: hashOf(token),
      name,
      ifTaken,
      otherNames: (holder) => tellingNames(name, profile, holder),
      profile,
      machine,
      by,
      ...(trust && { trust }),
      ...(person && { person }),
    });
    return {
      agent: this.show(agent),
      created,
      ...(renamedFrom !== undefined && { renamedFrom }),
      ...(given === undefined && { token }),
    };
  }

  /** The agent that owns the token of this hash. A call with it is a sign of life, noted once a minute; it ends an archiving. */
  async byTokenHash(tokenHash: string): Promise<KnownAgent | undefined> {
    return this.#heardOf(await this.#store.agentByToken(tokenHash));
  }

  /** The person's agent as which the page calls; undefined once that has left the mesh, or is a person's no more. */
  async person(id: AgentId): Promise<KnownAgent | undefined> {
    const agent = await this.#store.findAgent(id);
    return this.#heardOf(agent?.person ? agent : undefined);
  }

  async #heardOf(agent: KnownAgent | undefined): Promise<KnownAgent | undefined> {
    if (!agent || (agent.archivedAt === undefined && !this.#isToBeNoted(agent))) return agent;
    // Not noting it keeps nobody from its mail: a full disk does not, and the next call tries again.
    return this.#store.reviveAgent(agent.id).catch(() => agent);
  }

  /** Whether a call now is a sign of life worth a write; what is left of a low disk is for acks. */
  #isToBeNoted({ lastSeenAt, quietMs }: KnownAgent): boolean {
    if (quietMs >= this.#policy.archiveAfterMs / NOTED_LIFE_SIGNS) return true;
    const isKnown = lastSeenAt !== undefined && quietMs < NOTED_WITHIN_MS;
    return !isKnown && this.#intake.closedWhy === undefined;
  }

  /** The agent of this name or id, if there is one; a former name leads to it until another agent takes it. */
  async find(nameOrId: string): Promise<AgentRecord | undefined> {
    return this.#store.findAgent(await wholeId(this.#store, nameOrId, undefined));
  }

  /** The agents of these names as others see them, and up to `limit` of those that asked for the first and were given another. */
  async namesakes(names: readonly string[], limit: number): Promise<Agent[]> {
    return (await this.#store.namesakes(names, limit)).map((each) => this.show(each));
  }

  /** The agent of this name or id; `me` is the caller. @throws MeshError agent_not_found, with near names */
  async resolve(nameOrId: string, caller: AnyCaller): Promise<AgentRecord> {
    const isMe = nameOrId === "me" && caller.kind === "agent";
    const found = isMe ? await this.#store.findAgent(caller.agent.id) : await this.find(nameOrId);
    if (found) return found;
    const near = await findNearNames(this.#store, nameOrId, this.#turns.look(caller));
    const known = near.length > 0 ? ` Did you mean ${near.join(", ")}?` : "";
    throw new MeshError(
      "agent_not_found",
      `No agent is named "${nameOrId}".${known} See who is there: agentmesh agents`,
      {
        nearNames: near,
      },
    );
  }

  /**
   * Who looks: a machine does as the agent of its own that it names, and sees what that agent would.
   * @throws MeshError forbidden, agent_not_found
   */
  async looker(caller: AnyCaller, nameOrId: string | undefined): Promise<Caller> {
    if (caller.kind !== "machine") return caller;
    if (nameOrId === undefined) {
      throw new MeshError(
        "forbidden",
        `The credential of ${caller.machine.host} looks at one of its agents at a time: name it, ?agent=NAME. What is of the whole mesh is seen with the mesh key, where the broker runs.`,
      );
    }
    const agent = await this.resolve(nameOrId, caller);
    mayActFor(caller, agent);
    return { kind: "agent", agent };
  }

  /** For whoever waits: the caller is in the mesh still. @throws MeshError agent_not_found */
  async stay({ agent }: AgentCaller): Promise<void> {
    if (await this.find(agent.id)) return;
    throw new MeshError("agent_not_found", `${agent.name} was removed from the mesh while it waited. Register again.`);
  }

  /** The same, who can be written to: not in the archive, nor the agent of a hook URL. @throws MeshError agent_not_found, refused_by_policy */
  async addressee(nameOrId: string, caller: Caller): Promise<AgentRecord> {
    const agent = await this.resolve(nameOrId, caller);
    if (agent.trust === "unverified" && (await this.#store.isHook(agent.id))) throw nobodyReads(agent);
    if (agent.archivedAt === undefined) return agent;
    throw archived(agent, timestamp(agent.lastSeenAt ?? agent.registeredAt));
  }

  /** Agents that fit the query, live ones first, page by page. */
  async list(
    caller: AnyCaller,
    query: EndpointRequest<Table["listAgents"]>["query"],
    signal?: AbortSignal,
  ): Promise<EndpointReply<Table["listAgents"]>> {
    const look = this.#turns.look(caller, signal);
    const near = nearTo(caller, query.near);
    return listAgents({ store: this.#store, show: (record) => this.show(record), look, near }, query);
  }

  /** Every agent that is there, the one registered first before the others. */
  async *oldestFirst(caller: Caller): AsyncIterable<Agent> {
    for await (const record of oldestFirst(this.#store, this.#turns.look(caller))) yield this.show(record);
  }

  /** How many agents are online, stale, offline and archived. */
  async count(caller: AnyCaller, signal?: AbortSignal): Promise<Record<Presence | "archived", number>> {
    const counts = { online: 0, stale: 0, offline: 0 };
    for (const presence of (await this.live(caller, signal)).values()) counts[presence]++;
    const { present, archived } = (await this.#store.stats()).agents;
    const { online, stale } = counts;
    return { online, stale, offline: Math.max(0, present - online - stale), archived };
  }

  /** Every agent that is not offline, with its presence. */
  live(caller: AnyCaller, signal?: AbortSignal): Promise<ReadonlyMap<AgentId, Presence>> {
    return liveAgents(this.#store, this.#policy, this.#turns.look(caller, signal));
  }

  /** Says what the caller works on. */
  async setSummary(caller: AgentCaller, summary: string): Promise<Agent> {
    await this.#store.setSummary(caller.agent.id, summary);
    return this.show(await this.resolve(caller.agent.id, caller));
  }

  /** Begins a focus, or without terms ends it. @throws MeshError forbidden, agent_not_found */
  async setFocus(
    caller: AnyCaller,
    nameOrId: string,
    focus: EndpointRequest<Table["setFocus"]>["body"] | undefined,
  ): Promise<Agent> {
    const agent = await this.resolve(nameOrId, caller);
    mayActFor(caller, agent);
    await this.#store.setFocus(agent.id, focus && { ...focus, reason: focus.reason });
    return this.show((await this.#store.findAgent(agent.id)) ?? agent);
  }

  /** Gives an agent another name: what is its own stays so. @throws MeshError agent_not_found, agent_name_taken, forbidden */
  async rename(caller: AnyCaller, nameOrId: string, name: string): Promise<EndpointReply<Table["renameAgent"]>> {
    const agent = await this.resolve(nameOrId, caller);
    mayActFor(caller, agent);
    mayName(caller, name);
    return { agent: this.show(await this.#store.renameAgent(agent.id, name)), was: agent.name };
  }

  /** Takes an agent out of the mesh. @throws MeshError forbidden, agent_not_found */
  async remove(caller: AnyCaller, nameOrId: string): Promise<EndpointReply<Table["removeAgent"]>> {
    const agent = await this.resolve(nameOrId, caller);
    mayActFor(caller, agent);
    return { removed: true, dead: await this.#store.removeAgent(agent.id, bounce, byOf(caller)) };
  }

  /** The same, and its token is void for good. @throws MeshError forbidden, agent_not_found */
  async revoke(caller: AnyCaller, nameOrId: string): Promise<EndpointReply<Table["revokeAgent"]>> {
    const agent = await this.resolve(nameOrId, caller);
    mayActFor(caller, agent);
    return { removed: true, dead: await this.#store.revokeAgent(agent.id, byOf(caller), bounce) };
  }

  /** Presence from the age of the newest heartbeat. */
  presence(agent: Pick<AgentRecord, "heartbeatAgeMs">): Presence {
    return presenceOf(agent, this.#policy);
  }

  /** An agent as others see it. */
  show(agent: AgentRecord): Agent {
    return shownAgent(agent, this.#policy, this.#dialogs.ofAgent(agent.id));
  }
}
