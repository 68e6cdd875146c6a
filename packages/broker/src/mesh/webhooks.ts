/** Webhooks: set, shown, tested, rotated, removed; each with a pump over the same leases as every other way in. */
import type {
  AgentId,
  EndpointReply,
  EndpointRequest,
  endpoints,
  Party,
  SetWebhookReply,
  TestWebhookReply,
  Webhook,
} from "@agentmesh/protocol";
import type { Agents } from "./agents.ts";
import { type Caller, mayActFor } from "./caller.ts";
import type { Clock } from "./clock.ts";
import { MeshError } from "./errors.ts";
import type { Policy } from "./policy.ts";
import { retryPolicy } from "./retry.ts";
import type { Seal } from "./seal.ts";
import { Slots } from "./slots.ts";
import type { AgentRecord, Store, WebhookRecord } from "./store.ts";
import type { Streams } from "./streams.ts";
import type { Wakes } from "./wakes.ts";
import { WebhookHealth } from "./webhook-health.ts";
import { WebhookPump } from "./webhook-pump.ts";
import { shownWebhook } from "./webhook-shown.ts";
import type { WebhookSinks } from "./webhook-sink.ts";
import { newTerms, openTerms, rotatedTerms, sealTerms, secretsAt, type WebhookTerms } from "./webhook-terms.ts";

type Table = typeof endpoints;

/** A lease outlives the longest post by this, in milliseconds. */
const LEASE_MARGIN_MS = 20_000;
/** How long a post may go on when the broker stops, in milliseconds. */
const STOP_GRACE_MS = 2_000;

/** What happened to a webhook, for the log. */
export type WebhookNotice = (event: string, fields: { readonly agent: string; readonly why?: string }) => void;

/** What the webhooks work with. */
export interface WebhooksParts {
  readonly store: Store;
  readonly agents: Agents;
  readonly streams: Streams;
  readonly policy: Policy;
  readonly ready: Wakes<string>;
  readonly clock: Clock;
  readonly seal: Seal;
  readonly sinks: WebhookSinks;
  readonly onWebhook: WebhookNotice;
  readonly onFault: (error: unknown) => void;
}

interface Running {
  readonly pump: WebhookPump;
  terms: WebhookTerms;
  stop(graceMs: number): Promise<void>;
}

/** The verbs on webhooks. */
export class Webhooks {
  readonly #parts: WebhooksParts;
  readonly #slots = new Slots();
  readonly #running = new Map<AgentId, Running>();

  constructor(parts: WebhooksParts) {
    this.#parts = parts;
  }

  /** Begins to post for every webhook that is stored. */
  async start(): Promise<void> {
    const { store, seal, onWebhook, agents } = this.#parts;
    for (const record of await store.listWebhooks()) {
      const agent = await agents.resolve(record.agentId, { kind: "key" });
      const terms = openTerms(seal, record.agentId, record.sealed);
      if (terms) {
        this.#begin(agent, terms, record);
        continue;
      }
      const why = "disabled: its secrets cannot be opened, the mesh key is not the one it was set with; set it again";
      onWebhook("webhook.disabled", { agent: agent.name, why });
      await store.noteWebhook(record.agentId, { kind: "disabled", why, failures: record.failures });
    }
  }

  /** Sets an agent's webhook. @throws MeshError forbidden, agent_not_found, webhook_url_forbidden */
  async set(
    caller: Caller,
    nameOrId: string,
    request: EndpointRequest<Table["setWebhook"]>["body"],
  ): Promise<SetWebhookReply> {
    const { store, seal, sinks, onWebhook } = this.#parts;
    const agent = await this.#agent(caller, nameOrId);
    await sinks.vet(request.url);
    const { terms, made } = newTerms(request);
    await store.putWebhook(agent.id, sealTerms(seal, agent.id, terms));
    void this.#running.get(agent.id)?.stop(sinks.timeoutMs);
    const record = await this.#record(agent);
    const running = this.#begin(agent, terms, record);
    onWebhook("webhook.set", { agent: agent.name });
    return { webhook: this.#shown(agent, record, running), ...(made !== undefined && { secret: made }) };
  }

  /** An agent's webhook and how it does. @throws MeshError forbidden, agent_not_found, webhook_not_found */
  async show(caller: Caller, nameOrId: string): Promise<Webhook> {
    const agent = await this.#agent(caller, nameOrId);
    return this.#shown(agent, await this.#record(agent), this.#runningOf(agent));
  }

  /** Posts a test event. @throws MeshError forbidden, agent_not_found, webhook_not_found */
  async test(caller: Caller, nameOrId: string): Promise<TestWebhookReply> {
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
    caller: Caller,
    nameOrId: string,
    request: EndpointRequest<Table["rotateWebhook"]>["body"],
  ): Promise<SetWebhookReply> {
    const { store, seal, clock, onWebhook } = this.#parts;
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
    await store.resealWebhook(agent.id, sealTerms(seal, agent.id, terms));
    running.terms = terms;
    onWebhook("webhook.rotated", { agent: agent.name });
    return { webhook: this.#shown(agent, record, running), ...(made !== undefined && { secret: made }) };
  }

  /** Removes an agent's webhook; false when there was none. @throws MeshError forbidden, agent_not_found */
  async remove(caller: Caller, nameOrId: string): Promise<EndpointReply<Table["removeWebhook"]>> {
    const agent = await this.#agent(caller, nameOrId);
    const removed = await this.#parts.store.removeWebhook(agent.id);
    this.forget(agent.id);
    if (removed) this.#parts.onWebhook("webhook.removed", { agent: agent.name });
    return { removed };
  }

  /** Posts nothing more for this agent. */
  forget(agentId: AgentId): void {
    void this.#running.get(agentId)?.stop(this.#parts.sinks.timeoutMs);
    this.#running.delete(agentId);
  }

  /** How many webhooks there are, and how many of them post nothing now. */
  get counts(): { total: number; resting: number; disabled: number } {
    const states = [...this.#running.values()].map(({ pump }) => pump.health.state);
    const of = (state: string) => states.filter((each) => each === state).length;
    return { total: states.length, resting: of("resting"), disabled: of("disabled") };
  }

  /** Ends all posts, with a moment for those under way. */
  async close(): Promise<void> {
    await Promise.all([...this.#running.values()].map(({ stop }) => stop(STOP_GRACE_MS)));
  }

  #begin(agent: Party, terms: WebhookTerms, before: WebhookRecord): Running {
    const { store, sinks, policy, ready, streams, clock, onWebhook, onFault } = this.#parts;
    const { url, dialect, maxInFlight, openclaw } = terms;
    const running: Running = {
      terms,
      pump: new WebhookPump({
        store,
        agent,
        sink: sinks.open({
          to: { id: agent.id, name: agent.name },
          url,
          dialect,
          maxInFlight,
          openclaw,
          secrets: () => secretsAt(running.terms, clock.now()),
        }),
        health: new WebhookHealth({
          before,
          restMs: policy.webhookRestMs,
          clock,
          note: (note) => store.noteWebhook(agent.id, note),
          onChange: (state, why) => onWebhook(`webhook.${state}`, { agent: agent.name, ...(why !== "" && { why }) }),
        }),
        slots: this.#slots,
        retry: retryPolicy(policy),
        maxInFlight,
        urgency: terms.urgency,
        leaseMs: sinks.timeoutMs + LEASE_MARGIN_MS,
        streamed: () => streams.has(agent.id),
        onFault,
      }),
      stop: (graceMs) => {
        off();
        return running.pump.close(graceMs).catch(onFault);
      },
    };
    const off = ready.on(agent.id, running.pump.wake);
    this.#running.set(agent.id, running);
    running.pump.wake();
    return running;
  }

  async #agent(caller: Caller, nameOrId: string): Promise<AgentRecord> {
    const agent = await this.#parts.agents.resolve(nameOrId, caller);
    mayActFor(caller, agent);
    return agent;
  }

  async #record(agent: Party): Promise<WebhookRecord> {
    const record = await this.#parts.store.webhookOf(agent.id);
    if (record) return record;
    throw new MeshError(
      "webhook_not_found",
      `${agent.name} has no webhook. Set one: agentmesh webhook set ${agent.name} URL`,
    );
  }

  #runningOf(agent: Party): Running {
    const running = this.#running.get(agent.id);
    if (running) return running;
    throw new MeshError(
      "webhook_not_found",
      `The webhook of ${agent.name} cannot be opened: the mesh key is not the one it was set with. Set it again: agentmesh webhook set ${agent.name} URL`,
    );
  }

  #shown(agent: Party, record: WebhookRecord, { terms, pump }: Running): Webhook {
    return shownWebhook(agent, { record, terms, health: pump.health, now: this.#parts.clock.now() });
  }
}
