/** The webhooks of this process: one pump for each, begun, replaced and ended. */
import type { AgentId, DeliveryId, Party } from "@agentmesh/protocol";
import type { Clock } from "../clock.ts";
import type { Policy } from "../policy.ts";
import { retryPolicy } from "../push/retry.ts";
import type { Streams } from "../push/streams.ts";
import type { Wakes } from "../push/wakes.ts";
import type { Store, WebhookRecord } from "../store.ts";
import type { AnswerPost } from "./answer.ts";
import { WebhookHealth } from "./health.ts";
import { WebhookPump } from "./pump.ts";
import type { WebhookSinks } from "./sink.ts";
import { Slots } from "./slots.ts";
import { secretsAt, type WebhookTerms } from "./terms.ts";

/** A lease outlives the longest post by this, in milliseconds. */
const LEASE_MARGIN_MS = 20_000;
/** How long a post may go on when the broker stops, in milliseconds. */
const STOP_GRACE_MS = 2_000;

/** Whose webhook, which delivery, and why. */
export interface WebhookFacts {
  readonly agent: string;
  readonly delivery?: DeliveryId;
  readonly why?: string;
}

/** What happened to a webhook, for the log. */
export type WebhookNotice = (event: string, fields: WebhookFacts) => void;

/** What an operator is warned of; the rest of a webhook's life is information. */
const TROUBLE = ["webhook.failing", "webhook.resting", "webhook.disabled", "webhook.unanswered"];

/** Whether it is something that an operator is warned of. */
export function isWebhookTrouble(event: string): boolean {
  return TROUBLE.includes(event);
}

/** What they work with. */
export interface RunningParts {
  readonly store: Store;
  readonly streams: Streams;
  readonly policy: Policy;
  readonly ready: Wakes<string>;
  readonly clock: Clock;
  readonly sinks: WebhookSinks;
  readonly answer: AnswerPost;
  readonly onWebhook: WebhookNotice;
  readonly onFault: (error: unknown) => void;
}

/** What other brokers of the mesh do. */
export interface Others {
  /** Whether this broker is the one that posts. */
  readonly posts: boolean;
  /** Whether another one streams to an agent. */
  isStreamed(agentId: AgentId): boolean;
}

/** A webhook that is posted to. Its secrets, and what lets the broker in, may change under it: the next post is made as they say then. */
export interface RunningWebhook {
  readonly pump: WebhookPump;
  /** As it was stored when it was begun. */
  readonly before: WebhookRecord;
  /** What was stored when its terms were read last. */
  sealed: string;
  terms: WebhookTerms;
}

/** Pumps by agent. */
export class RunningWebhooks {
  readonly #parts: RunningParts;
  readonly #slots = new Slots();
  readonly #running = new Map<AgentId, RunningWebhook & { stop(graceMs: number): Promise<void> }>();

  readonly #others: Others | undefined;

  constructor(parts: RunningParts, others?: Others) {
    this.#parts = parts;
    this.#others = others;
  }

  of(agentId: AgentId): RunningWebhook | undefined {
    return this.#running.get(agentId);
  }

  /** Whose they are. */
  get agents(): Iterable<AgentId> {
    return this.#running.keys();
  }

  /** How many there are, and how many of them are posted nothing now. */
  get counts(): { total: number; resting: number; disabled: number } {
    const states = [...this.#running.values()].map(({ pump }) => pump.health.state);
    const count = (state: string) => states.filter((each) => each === state).length;
    return { total: states.length, resting: count("resting"), disabled: count("disabled") };
  }

  /** Begins to post, in place of what was posted to for this agent. */
  begin({ id, name }: Party, terms: WebhookTerms, before: WebhookRecord): RunningWebhook {
    const { store, sinks, policy, ready, streams, clock, answer, onWebhook, onFault } = this.#parts;
    const to = { id, name };
    const { url, dialect, maxInFlight, urgency, openclaw } = terms;
    const timeoutMs = sinks.timeoutMs(dialect);
    const secrets = () => secretsAt(running.terms, clock.now());
    const health = new WebhookHealth({
      before,
      restMs: policy.webhookRestMs,
      note: (note) => store.noteWebhook(id, note),
      onChange: (state, why) => onWebhook(`webhook.${state}`, { agent: name, ...(why !== "" && { why }) }),
    });
    const pump = new WebhookPump({
      store,
      ...{ agent: to, setAt: before.setAt },
      sink: sinks.open({ to, url, dialect, maxInFlight, openclaw, a2a: () => running.terms.a2a, secrets }),
      health,
      slots: this.#slots,
      retry: retryPolicy(policy),
      maxInFlight,
      urgency,
      leaseMs: timeoutMs + LEASE_MARGIN_MS,
      streamed: () => streams.has(id) || this.#isOthers(id),
      answer,
      onUnanswered: (delivery, why) => onWebhook("webhook.unanswered", { agent: name, delivery, why }),
      onFault,
    });
    this.end(id);
    const off = ready.on(id, pump.wake);
    const stop = (graceMs: number) => {
      off();
      return pump.close(graceMs).catch(onFault);
    };
    const running = { pump, before, sealed: before.sealed, terms, stop };
    this.#running.set(id, running);
    pump.wake();
    return running;
  }

  #isOthers(agentId: AgentId): boolean {
    return this.#others?.posts === false || this.#others?.isStreamed(agentId) === true;
  }

  /** Posts nothing more for this agent; what is under way may end. */
  end(agentId: AgentId): void {
    const running = this.#running.get(agentId);
    void running?.stop(this.#parts.sinks.timeoutMs(running.terms.dialect));
    this.#running.delete(agentId);
  }

  /** Ends all posts, with a moment for those under way. */
  async close(): Promise<void> {
    await Promise.all([...this.#running.values()].map(({ stop }) => stop(STOP_GRACE_MS)));
  }
}
