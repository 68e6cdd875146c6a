/** Webhooks as they are stored, adopted by what runs here: at a start, and where another broker changed one or posted before. */
import type { AgentId } from "@agentmesh/protocol";
import type { Agents } from "../agents.ts";
import type { FollowedTask, WebhookRecord } from "../store.ts";
import type { Others, RunningParts, RunningWebhook, RunningWebhooks } from "./running.ts";
import type { Seal } from "./seal.ts";
import { openTerms } from "./terms.ts";

/** What it works with. */
export interface StoredWebhooksParts extends RunningParts {
  readonly agents: Agents;
  readonly seal: Seal;
}

/** Those of the mesh. */
export class StoredWebhooks {
  readonly #parts: StoredWebhooksParts;
  readonly #running: RunningWebhooks;
  readonly #others: Others | undefined;

  constructor(parts: StoredWebhooksParts, running: RunningWebhooks, others: Others | undefined) {
    this.#parts = parts;
    this.#running = running;
    this.#others = others;
  }

  /** Adopts all, and ends what is stored no more; anew where it is another broker's turn, with the tasks that the last one followed. */
  async adoptAll(isTurn: boolean): Promise<void> {
    const { store } = this.#parts;
    // One that is set while this looks is in no list yet.
    const before = [...this.#running.agents];
    const records = await store.listWebhooks();
    const isFollowing = isTurn && this.#posts && records.length > 0;
    const followed = Map.groupBy(isFollowing ? await store.listFollowed() : [], ({ agentId }) => agentId);
    for (const record of records) await this.#adopt(record, isTurn, followed.get(record.agentId) ?? []);
    const stored = new Set(records.map(({ agentId }) => agentId));
    for (const agentId of before) if (!stored.has(agentId)) this.#running.end(agentId);
  }

  /** What is stored of one agent's, which another broker may have set, or know better how it does. */
  async of(agentId: AgentId): Promise<WebhookRecord | undefined> {
    const record = await this.#parts.store.webhookOf(agentId);
    if (record && this.#others) await this.#adopt(record, false, []);
    return record;
  }

  get #posts(): boolean {
    return this.#others?.posts !== false;
  }

  async #adopt(record: WebhookRecord, isTurn: boolean, followed: readonly FollowedTask[]): Promise<void> {
    const { store, seal, onWebhook, agents, clock } = this.#parts;
    const running = this.#running.of(record.agentId);
    if (running && !isTurn && isStillSo(running, record, this.#posts)) {
      const terms = running.sealed === record.sealed ? undefined : openTerms(seal, record.agentId, record.sealed);
      if (terms) Object.assign(running, { terms, sealed: record.sealed });
      return;
    }
    const agent = await agents.resolve(record.agentId, { kind: "key" });
    const terms = openTerms(seal, record.agentId, record.sealed);
    if (terms) {
      const { pump } = this.#running.begin(agent, terms, record);
      for (const { endsAt, ...task } of followed) pump.tasks.resume({ ...task, forMs: endsAt - clock.now() });
      return;
    }
    if (this.#others && (record.disabled || !this.#posts)) return;
    const why = "disabled: its secrets cannot be opened, the mesh key is not the one it was set with; set it again";
    onWebhook("webhook.disabled", { agent: agent.name, why });
    await store.noteWebhook(record.agentId, { kind: "disabled", why, failures: record.failures });
  }
}

/**
 * Whether what runs is what is stored: set at the same time, and, where another broker posts, as that one says it does. Who posts
 * knows best, but for a test at another broker that has shown that it works again.
 */
function isStillSo({ before, pump }: RunningWebhook, record: WebhookRecord, posts: boolean): boolean {
  if (before.setAt !== record.setAt) return false;
  const { state } = pump.health;
  const worksAgain = record.failedWhy === undefined && !record.disabled;
  if (posts) return !(worksAgain && (state === "disabled" || state === "resting") && isNewer(record, before));
  return (
    before.failures === record.failures &&
    before.disabled === record.disabled &&
    before.failedWhy === record.failedWhy &&
    before.restsUntil === record.restsUntil &&
    before.provenAt === record.provenAt
  );
}

function isNewer({ provenAt = 0 }: WebhookRecord, before: WebhookRecord): boolean {
  return provenAt > (before.provenAt ?? 0);
}
