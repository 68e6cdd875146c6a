/** Webhooks of a mesh of several brokers: each knows them all, and the one on duty posts. */
import type { AgentId } from "@agentmesh/protocol";
import type { SharedMesh } from "../store/shared.ts";
import type { Store } from "../store.ts";

/** How often it is looked what others have set and which of them streams, in milliseconds. */
const LOOK_EVERY_MS = 1_000;

/** What it looks for. */
export interface SharedWebhooksParts {
  readonly store: Pick<Store, "isOnDuty">;
  readonly shared: Pick<SharedMesh, "streamedElsewhere">;
  /** Adopts what is stored; `isTurn` when this broker has begun, or ceased, to be the one that posts, until it is done. */
  readonly adopt: (isTurn: boolean) => Promise<void>;
  /** No other broker streams to this agent any more. */
  readonly freed: (agentId: AgentId) => void;
  readonly onFault: (error: unknown) => void;
}

/** Whether this broker posts, and to whom others stream. */
export class SharedWebhooks {
  readonly #parts: SharedWebhooksParts;
  #posts = false;
  /** Whether a turn has begun or ended that nothing was adopted in yet. */
  #isTurn = false;
  #streamed: ReadonlySet<AgentId> = new Set();
  #looking: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: SharedWebhooksParts) {
    this.#parts = parts;
  }

  /** Whether this broker posts now. It stops believing that before another one may. */
  get posts(): boolean {
    return this.#posts && this.#parts.store.isOnDuty();
  }

  isStreamed(agentId: AgentId): boolean {
    return this.#streamed.has(agentId);
  }

  /** Looks, and again and again until it is closed. */
  async start(): Promise<void> {
    await this.#look();
    let busy = false;
    this.#timer = setInterval(() => {
      if (busy) return;
      busy = true;
      this.#looking = this.#look()
        .catch(this.#parts.onFault)
        .finally(() => {
          busy = false;
        });
    }, LOOK_EVERY_MS);
    this.#timer.unref();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
  }

  async #look(): Promise<void> {
    const { store, shared, adopt, freed } = this.#parts;
    const before = this.#streamed;
    this.#streamed = await shared.streamedElsewhere();
    const posts = store.isOnDuty();
    this.#isTurn ||= posts !== this.#posts;
    this.#posts = posts;
    try {
      await adopt(this.#isTurn);
      this.#isTurn = false;
    } finally {
      for (const agentId of before) if (!this.#streamed.has(agentId)) freed(agentId);
    }
  }
}
