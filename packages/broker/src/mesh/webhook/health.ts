/** How one webhook does: its breaker, and what senders are told of it, in memory and written down as it changes. */
import type { WebhookState } from "@agentmesh/protocol";
import type { WebhookNote, WebhookRecord } from "../store.ts";
import { BREAKER, Breaker } from "./breaker.ts";
import type { PostOutcome } from "./sink.ts";

/** How often at most a success is written down that changes nothing, in milliseconds. */
const PROVEN_EVERY_MS = 10_000;
const MAX_WHY_CHARS = 200;

/** Any outcome but a 2xx. */
export type Failure = Exclude<PostOutcome, { kind: "taken" }>;

/** What a webhook's health works with. */
export interface HealthParts {
  /** How an earlier process left it. */
  readonly before: WebhookRecord;
  /** Length of the first rest, in milliseconds. */
  readonly restMs: number;
  readonly note: (note: WebhookNote) => Promise<void>;
  /** Told when it begins to fail, to rest, or to work again, and when it is disabled. */
  readonly onChange: (state: WebhookState, why: string) => void;
}

/** Health of one webhook. */
export class WebhookHealth {
  readonly breaker: Breaker;
  readonly #parts: HealthParts;
  #state: WebhookState;
  #provenAt = Number.NEGATIVE_INFINITY;

  constructor(parts: HealthParts) {
    const { before, restMs } = parts;
    this.#parts = parts;
    const isOpen = before.restsUntil !== undefined;
    this.breaker = new Breaker({ ...BREAKER, restMs }, () => performance.now(), { failures: before.failures, isOpen });
    this.#state = before.disabled ? "disabled" : before.failedWhy !== undefined ? "failing" : "untried";
    if (this.#state === "untried" && before.provenAt !== undefined) this.#state = "working";
  }

  get state(): WebhookState {
    return this.#state === "failing" && this.breaker.state !== "closed" ? "resting" : this.#state;
  }

  /** It has not shown since the start of this process, or not since its last failure, that it works. */
  get isDoubtful(): boolean {
    return this.#state !== "working" || this.#provenAt === Number.NEGATIVE_INFINITY;
  }

  /** A post was taken. */
  async taken(): Promise<void> {
    const was = this.#state;
    const changed = was !== "working" || this.breaker.failures > 0;
    this.breaker.taken();
    this.#state = "working";
    if (was !== "working" && was !== "untried") this.#parts.onChange("working", "");
    if (!changed && performance.now() - this.#provenAt < PROVEN_EVERY_MS) return;
    this.#provenAt = performance.now();
    await this.#parts.note({ kind: "taken" });
  }

  /** A post was not taken. */
  async failed(outcome: Failure): Promise<void> {
    const was = this.state;
    if (outcome.kind === "busy") this.breaker.rest(outcome.restMs);
    else this.breaker.failed();
    if (outcome.kind === "gone") this.#state = "disabled";
    else if (this.#state !== "disabled") this.#state = "failing";
    await this.#tell(outcome, was);
  }

  /** A test failed: senders are told, the breaker is not. */
  async doubted(outcome: Failure): Promise<void> {
    const was = this.state;
    if (was === "disabled") return;
    this.#state = "failing";
    await this.#tell(outcome, was);
  }

  async #tell({ why }: Failure, was: WebhookState): Promise<void> {
    if (this.state !== was) this.#parts.onChange(this.state, why);
    const { failures, restsForMs } = this.breaker;
    const short = why.slice(0, MAX_WHY_CHARS - 80);
    if (this.#state === "disabled") {
      await this.#parts.note({ kind: "disabled", why: `disabled: ${short}`, failures });
      return;
    }
    const inARow = failures > 1 ? ` (${failures} in a row)` : "";
    const rest = restsForMs > 0 ? { restMs: restsForMs } : {};
    await this.#parts.note({ kind: "failed", why: short + inARow, failures, ...rest });
  }
}
