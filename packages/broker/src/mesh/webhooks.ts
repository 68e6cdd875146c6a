/** Webhooks: set, shown, tested, rotated, removed; each with a pump over the same leases as every other way in. */
import type {
  AgentId,
  EndpointReply,
  EndpointRequest,
  endpoints,
  Party,
  SetWebhookReply,
  SetWebhookRequest,
  TestWebhookReply,
  Webhook,
} from "@agentmesh/protocol";
import type { Agents } from "./agents.ts";
import { type AnyCaller, mayActFor } from "./caller.ts";
import { MeshError } from "./errors.ts";
import type { AgentRecord, WebhookRecord } from "./store.ts";
import { SharedWebhooks } from "./webhook/at-several.ts";
import { type RunningParts, type RunningWebhook, RunningWebhooks } from "./webhook/running.ts";
import type { Seal } from "./webhook/seal.ts";
import { shownWebhook } from "./webhook/shown.ts";
import { StoredWebhooks } from "./webhook/stored.ts";
import { newTerms, postsSo, rotatedTerms, sealTerms, type WebhookTerms } from "./webhook/terms.ts";

type Table = typeof endpoints;

/** What the verbs work with. */
export interface WebhooksParts extends RunningParts {
  readonly agents: Agents;
  readonly seal: Seal;
}

/** The verbs on webhooks. */
export class Webhooks {
  readonly #parts: WebhooksParts;
  readonly #running: RunningWebhooks;
  /** Other brokers of the mesh, where there may be some. */
  readonly #others: SharedWebhooks | undefined;
  readonly #stored: StoredWebhooks;

  constructor(parts: WebhooksParts) {
    this.#parts = parts;
    const { store, ready, onFault } = parts;
    const { shared } = store;
    this.#others =
      shared &&
      new SharedWebhooks({
        ...{ store, shared, onFault },
        adopt: (isTurn) => this.#stored.adoptAll(isTurn),
        freed: (agentId) => ready.wake(agentId),
      });
    this.#running = new RunningWebhooks(parts, this.#others);
    this.#stored = new StoredWebhooks(parts, this.#running, this.#others);
  }

  /** Begins to post for every webhook that is stored, and goes on with the tasks that they followed. */
  start(): Promise<void> {
    return this.#others ? this.#others.start() : this.#stored.adoptAll(true);
  }

  /** Sets an agent's webhook. @throws MeshError forbidden, agent_not_found, webhook_url_forbidden */
  async set(
    caller: AnyCaller,
    nameOrId: string,
    request: EndpointRequest<Table["setWebhook"]>["body"],
  ): Promise<SetWebhookReply> {
    const { store, seal, sinks, onWebhook } = this.#parts;
    const agent = await this.#agent(caller, nameOrId);
    await sinks.vet(request.url);
    const { terms, made } = newTerms(request);
    await store.putWebhook(agent.id, sealTerms(seal, agent.id, terms));
    const record = await this.#record(agent);
    const running = this.#running.begin(agent, terms, record);
    onWebhook("webhook.set", { agent: agent.name });
    return { webhook: this.#shown(agent, record, running), ...(made !== undefined && { secret: made }) };
  }

  /**
   * The webhook of an agent that posts elsewhere, or something else; undefined where none is in the way, and the URL may be set.
   * @throws MeshError forbidden, agent_not_found, webhook_url_forbidden
   */
  async inTheWay(caller: AnyCaller, nameOrId: string, request: SetWebhookRequest): Promise<Webhook | undefined> {
    const agent = await this.#agent(caller, nameOrId);
    const running = await this.#known(agent);
    if (running) return postsSo(running.terms, request) ? undefined : this.show(caller, nameOrId);
    await this.#parts.sinks.vet(request.url);
    return undefined;
  }

  /**
   * Sets an agent's webhook, unless it has this one: that keeps its secrets and its health, and all that the request does not name.
   * What lets the broker in is exchanged under it. @throws MeshError forbidden, agent_not_found, webhook_url_forbidden
   */
  async setOnce(caller: AnyCaller, nameOrId: string, request: SetWebhookRequest): Promise<void> {
    const agent = await this.#agent(caller, nameOrId);
    const running = await this.#known(agent);
    if (!running || !postsSo(running.terms, request)) return void (await this.set(caller, nameOrId, request));
    const { a2a = running.terms.a2a } = request;
    if (JSON.stringify(a2a) === JSON.stringify(running.terms.a2a)) return;
    await this.#reseal(agent, running, { ...running.terms, a2a });
    this.#parts.onWebhook("webhook.set", { agent: agent.name });
  }

  /** An agent's webhook and how it does. @throws MeshError forbidden, agent_not_found, webhook_not_found */
  async show(caller: AnyCaller, nameOrId: string): Promise<Webhook> {
    const agent = await this.#agent(caller, nameOrId);
    return this.#shown(agent, await this.#record(agent), this.#runningOf(agent));
  }

  /** Posts a test event. @throws MeshError forbidden, agent_not_found, webhook_not_found */
  async test(caller: AnyCaller, nameOrId: string): Promise<TestWebhookReply> {
    const agent = await this.#agent(caller, nameOrId);
    await this.#record(agent);
    const began = performance.now();
    const running = this.#runningOf(agent);
    const outcome = await running.pump.test();
    return {
      taken: outcome.kind === "taken",
      ...("status" in outcome && outcome.status !== undefined && { status: outcome.status }),
      ...(outcome.kind !== "taken" && { why: outcome.why }),
      tookMs: Math.round(performance.now() - began),
      webhook: this.#shown(agent, await this.#record(agent), running),
    };
  }

  /** Replaces the secret. @throws MeshError forbidden, agent_not_found, webhook_not_found */
  async rotate(
    caller: AnyCaller,
    nameOrId: string,
    request: EndpointRequest<Table["rotateWebhook"]>["body"],
  ): Promise<SetWebhookReply> {
    const { clock, onWebhook } = this.#parts;
    const agent = await this.#agent(caller, nameOrId);
    const record = await this.#record(agent);
    const running = this.#runningOf(agent);
    if (request.secret?.startsWith("whsec_") === false && running.terms.dialect !== "hermes") {
      throw new MeshError(
        "invalid_request",
        "secret: only Hermes has secrets without whsec_. Leave it out for a new one.",
      );
    }
    const { terms, made } = rotatedTerms(running.terms, request, clock.now());
    await this.#reseal(agent, running, terms);
    onWebhook("webhook.rotated", { agent: agent.name });
    return { webhook: this.#shown(agent, record, running), ...(made !== undefined && { secret: made }) };
  }

  /** Removes an agent's webhook; false when there was none. @throws MeshError forbidden, agent_not_found */
  async remove(caller: AnyCaller, nameOrId: string): Promise<EndpointReply<Table["removeWebhook"]>> {
    const agent = await this.#agent(caller, nameOrId);
    const removed = await this.#parts.store.removeWebhook(agent.id);
    this.forget(agent.id);
    if (removed) this.#parts.onWebhook("webhook.removed", { agent: agent.name });
    return { removed };
  }

  /** Posts nothing more for an agent that has left. */
  forget(agentId: AgentId): void {
    this.#running.end(agentId);
  }

  /** Agents that have one. */
  get agents(): Iterable<AgentId> {
    return this.#running.agents;
  }

  /** How many webhooks there are, and how many of them are posted nothing now. */
  get counts(): { total: number; resting: number; disabled: number } {
    return this.#running.counts;
  }

  /** Ends all posts, with a moment for those under way. */
  async close(): Promise<void> {
    await this.#others?.close();
    await this.#running.close();
  }

  async #reseal({ id }: Party, running: RunningWebhook, terms: WebhookTerms): Promise<void> {
    const { store, seal } = this.#parts;
    const before = running.terms;
    // Before it is stored: a change at the same time goes on from this one.
    running.terms = terms;
    const sealed = sealTerms(seal, id, terms);
    running.sealed = sealed;
    await store.resealWebhook(id, sealed).catch((error: unknown) => {
      if (running.terms === terms) running.terms = before;
      throw error;
    });
  }

  async #agent(caller: AnyCaller, nameOrId: string): Promise<AgentRecord> {
    const agent = await this.#parts.agents.resolve(nameOrId, caller);
    mayActFor(caller, agent);
    return agent;
  }

  async #record(agent: Party): Promise<WebhookRecord> {
    const record = await this.#stored.of(agent.id);
    if (record) return record;
    throw new MeshError(
      "webhook_not_found",
      `${agent.name} has no webhook. Set one: agentmesh webhook set ${agent.name} URL`,
    );
  }

  async #known({ id }: Party): Promise<RunningWebhook | undefined> {
    if (this.#others) await this.#stored.of(id);
    return this.#running.of(id);
  }

  #runningOf(agent: Party): RunningWebhook {
    const running = this.#running.of(agent.id);
    if (running) return running;
    throw new MeshError(
      "webhook_not_found",
      `The webhook of ${agent.name} cannot be opened: the mesh key is not the one it was set with. Set it again: agentmesh webhook set ${agent.name} URL`,
    );
  }

  #shown(agent: Party, record: WebhookRecord, { terms, pump }: RunningWebhook): Webhook {
    return shownWebhook(agent, { record, terms, health: pump.health, now: this.#parts.clock.now() });
  }
}
