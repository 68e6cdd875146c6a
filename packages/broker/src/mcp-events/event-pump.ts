/**
 * One event webhook at work: the log of its agent behind its cursor, an event a post, in order. The cursor moves when all before it
 * was taken, and is on disk before the next page is looked at: what was posted when a broker ended may be posted again, under the same id.
 */
import { randomBytes } from "node:crypto";
import { EVENT_ERROR, eventsBehind, type LogLook } from "agentmesh-mcp/http";
import { MeshError } from "../mesh/errors.ts";
import { spread } from "../mesh/push/backoff.ts";
import type { EventWebhookRecord } from "../mesh/store.ts";
import { type CallbackOutcome, EventCallback, type PostFailure } from "../sinks/event-callback.ts";
import type { EventWebhookParts } from "./parts.ts";
import { type EventWebhookTerms, secretsOf } from "./terms.ts";

/** How long one look at the log waits for something to happen, in milliseconds. */
const LOOK_MS = 30_000;
/** The first rest after a post that was not taken; each next one is twice as long, up to the longest. In milliseconds. */
const RETRY_MS = 1_000;
const MAX_RETRY_MS = 300_000;
/** How often a cursor is written down that moved past entries which are no such events, in milliseconds. */
const QUIET_MOVE_MS = 60_000;

/** How it does, as whoever set it is told. */
export interface DeliveryStatus {
  readonly active: boolean;
  readonly lastDeliveryAt: string | null;
  readonly lastError: PostFailure | null;
  readonly failedSince?: string;
}

/** One at work. */
export class EventPump {
  readonly #parts: EventWebhookParts;
  readonly #record: EventWebhookRecord;
  readonly #callback: EventCallback;
  readonly #closed = new AbortController();
  #terms: EventWebhookTerms;
  #endsAt: number;
  #sealed: string;
  #cursor: string;
  #writtenAt = performance.now();
  #status: DeliveryStatus = { active: true, lastDeliveryAt: null, lastError: null };
  #rouse: (() => void) | undefined;
  #hasEnded = false;

  /** @throws EgressError */
  constructor(record: EventWebhookRecord, terms: EventWebhookTerms, parts: EventWebhookParts) {
    this.#parts = parts;
    this.#record = record;
    this.#terms = terms;
    this.#endsAt = record.endsAt;
    this.#sealed = record.sealed;
    this.#cursor = record.cursor;
    this.#callback = new EventCallback(terms.url, parts.callback);
  }

  get id(): string {
    return this.#record.id;
  }

  get terms(): EventWebhookTerms {
    return this.#terms;
  }

  /** All before it was taken. */
  get cursor(): string {
    return this.#cursor;
  }

  get status(): DeliveryStatus {
    return this.#status;
  }

  /** Whether it works as it is stored: another broker may have renewed it. */
  isAs({ endsAt, sealed }: EventWebhookRecord): boolean {
    return this.#endsAt === endsAt && this.#sealed === sealed;
  }

  /** Goes on for longer, as these terms say; what waits to be tried again is tried now. False where it has ended. */
  renew(terms: EventWebhookTerms, { endsAt, sealed }: Pick<EventWebhookRecord, "endsAt" | "sealed">): boolean {
    if (this.#hasEnded) return false;
    this.#terms = terms;
    this.#endsAt = endsAt;
    this.#sealed = sealed;
    this.#rouse?.();
    return true;
  }

  /** Posts until its time is over, its agent has left, nothing is wanted any more, or it is closed. Never rejects. */
  async run(): Promise<void> {
    for (;;) {
      try {
        while (await this.#look());
        break;
      } catch (error) {
        if (this.#closed.signal.aborted) break;
        this.#parts.onFault(error);
        await this.#rest(RETRY_MS);
      }
    }
    this.#callback.close();
  }

  /** Posts nothing more. */
  close(): void {
    this.#closed.abort();
    this.#callback.close();
    this.#rouse?.();
  }

  /** One look behind the cursor; false when it is over. */
  async #look(): Promise<boolean> {
    const { mesh, store, clock } = this.#parts;
    const { agentId, id } = this.#record;
    const leftMs = this.#endsAt - clock.now();
    if (this.#isOver()) return false;
    const agent = await mesh.agents.find(agentId);
    if (!agent) return this.#terminate();
    let isLost = false;
    const look: LogLook = async ({ after, limit, waitMs = 0 }, signal = this.#closed.signal) => {
      try {
        return await mesh.messages.log({ kind: "agent", agent }, { after, limit, waitMs }, signal);
      } catch (error) {
        isLost ||= error instanceof MeshError && error.code === "cursor_invalid";
        throw error;
      }
    };
    const wanted = {
      name: this.#terms.name,
      me: agentId,
      arguments: this.#terms.arguments,
      oldest: this.#terms.oldest,
    };
    const wait = Math.min(LOOK_MS, Math.max(0, leftMs));
    const { events, cursor } = await eventsBehind(look, wanted, this.#cursor, wait, this.#closed.signal).catch(
      (error: unknown) => {
        // It left while this waited: the next look says so.
        if (error instanceof MeshError && error.code === "agent_not_found") {
          return { events: [], cursor: this.#cursor };
        }
        throw error;
      },
    );
    if (this.#closed.signal.aborted) return false;
    if (isLost && !(await this.#deliver(messageId("gap"), { type: "gap", cursor }))) return false;
    for (const [i, event] of events.entries()) {
      // The cursor goes behind this event alone when it is the last: before, others of the page are still to come.
      const told = { ...event, cursor: i === events.length - 1 ? cursor : this.#cursor };
      if (!(await this.#deliver(event.eventId, told))) return false;
    }
    const isQuiet = events.length === 0 && !isLost;
    if (cursor === this.#cursor) return true;
    this.#cursor = cursor;
    if (isQuiet && performance.now() - this.#writtenAt < QUIET_MOVE_MS) return true;
    await store.moveEventWebhook(agentId, id, cursor);
    this.#writtenAt = performance.now();
    return true;
  }

  /** Posts until it is taken; false when it is over before. */
  async #deliver(id: string, content: object): Promise<boolean> {
    const { clock, store, onNotice } = this.#parts;
    const { agentId, id: subscription } = this.#record;
    for (let tries = 0; ; tries++) {
      if (this.#isOver()) return false;
      const outcome = await this.#post(id, content);
      const at = new Date(clock.now()).toISOString();
      switch (outcome.kind) {
        case "taken":
          this.#status = { active: true, lastDeliveryAt: at, lastError: null };
          return true;
        case "too_large":
          onNotice("event_webhook.given_up", { agent: agentId, subscription, why: `${id}: answered 413` });
          return true;
        case "gone":
          this.#hasEnded = true;
          await store.endEventWebhook(agentId, subscription);
          onNotice("event_webhook.gone", { agent: agentId, subscription, why: "answered 410" });
          return false;
        case "failed": {
          if (this.#closed.signal.aborted) return false;
          const { failedSince = at, lastDeliveryAt } = this.#status;
          if (tries === 0) onNotice("event_webhook.failing", { agent: agentId, subscription, why: outcome.why });
          this.#status = { active: true, lastDeliveryAt, lastError: outcome.why, failedSince };
          const usual = spread(Math.min(MAX_RETRY_MS, RETRY_MS * 2 ** tries));
          await this.#rest(Math.max(usual, outcome.retryAfterMs ?? 0));
        }
      }
    }
  }

  /** Its agent has left: said once, to whoever may still listen. */
  async #terminate(): Promise<false> {
    this.#hasEnded = true;
    const error = { code: EVENT_ERROR.forbidden, message: "Forbidden: the agent has left the mesh." };
    await this.#post(messageId("terminated"), { type: "terminated", error });
    return false;
  }

  #post(id: string, content: object): Promise<CallbackOutcome> {
    const secrets = secretsOf(this.#terms, this.#parts.clock.now());
    return this.#callback.post({
      ...{ messageId: id, subscriptionId: this.#record.id, body: JSON.stringify(content), secrets },
    });
  }

  #isOver(): boolean {
    this.#hasEnded ||= this.#closed.signal.aborted || this.#parts.clock.now() >= this.#endsAt;
    return this.#hasEnded;
  }

  async #rest(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, Math.max(1, Math.min(ms, this.#endsAt - this.#parts.clock.now())));
    timer.unref();
    this.#rouse = resolve;
    if (this.#closed.signal.aborted) resolve();
    await promise;
    clearTimeout(timer);
    this.#rouse = undefined;
  }
}

/** The id of a post that is no event. */
export function messageId(kind: "gap" | "terminated" | "verification"): string {
  return `msg_${kind}_${randomBytes(16).toString("hex")}`;
}
