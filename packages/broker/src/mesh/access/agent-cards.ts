/** Agent cards: which agents programs outside the mesh are shown, and what of them; none without being asked for. */
import type { AgentCard, EndpointReply, EndpointRequest, endpoints } from "@agentmesh/protocol";
import type { Agents } from "../agents.ts";
import { type AnyCaller, byOf, mayActFor } from "../caller.ts";
import { timestamp } from "../clock.ts";
import { MeshError } from "../errors.ts";
import type { AgentCardRecord, AgentRecord, Store } from "../store.ts";

type Table = typeof endpoints;

/** The verbs on agent cards. */
export class AgentCards {
  readonly #store: Store;
  readonly #agents: Agents;

  constructor(parts: { store: Store; agents: Agents }) {
    this.#store = parts.store;
    this.#agents = parts.agents;
  }

  /** Shows an agent, or shows it otherwise. @throws MeshError forbidden, agent_not_found */
  async set(
    caller: AnyCaller,
    nameOrId: string,
    card: EndpointRequest<Table["setAgentCard"]>["body"],
  ): Promise<AgentCard> {
    const agent = await this.#agents.resolve(nameOrId, caller);
    mayActFor(caller, agent);
    await this.#store.putAgentCard(agent.id, card, byOf(caller));
    return this.#of(agent);
  }

  /** The card of an agent. @throws MeshError forbidden, agent_not_found, card_not_found */
  async show(caller: AnyCaller, nameOrId: string): Promise<AgentCard> {
    const agent = await this.#agents.resolve(nameOrId, caller);
    mayActFor(caller, agent);
    return this.#of(agent);
  }

  /** Shows an agent no longer; false when it was not shown. @throws MeshError forbidden, agent_not_found */
  async remove(caller: AnyCaller, nameOrId: string): Promise<EndpointReply<Table["removeAgentCard"]>> {
    const agent = await this.#agents.resolve(nameOrId, caller);
    mayActFor(caller, agent);
    return { removed: await this.#store.removeAgentCard(agent.id, byOf(caller)) };
  }

  /** The card of this name or id for whoever asks. One that is not shown and one that is not there are the same. @throws MeshError card_not_found */
  async shown(nameOrId: string): Promise<AgentCard> {
    // By a whole name or id: what the beginning of an id might mean is told to callers of the mesh alone.
    const agent = await this.#store.findAgent(nameOrId);
    const card = agent?.archivedAt === undefined && agent ? await this.#store.agentCard(agent.id) : undefined;
    if (agent && card) return shownCard(agent, card);
    throw new MeshError(
      "card_not_found",
      `No agent of this name shows a card. An agent is shown when its owner wants it: agentmesh agent card NAME --describe "…"`,
    );
  }

  async #of(agent: AgentRecord): Promise<AgentCard> {
    const card = await this.#store.agentCard(agent.id);
    if (card) return shownCard(agent, card);
    throw new MeshError(
      "card_not_found",
      `${agent.name} shows no card. Make one: agentmesh agent card ${agent.name} --describe "…"`,
    );
  }
}

function shownCard({ id, name }: AgentRecord, { description, skills, setAt }: AgentCardRecord): AgentCard {
  return {
    agent: { id, name },
    description,
    skills: [...skills],
    setAt: timestamp(setAt),
    path: `/a2a/${encodeURIComponent(name)}`,
  };
}
