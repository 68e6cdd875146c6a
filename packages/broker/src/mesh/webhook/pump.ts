/** The pump of one webhook: lease, post, ack or give back; in order, within its credit, past no open breaker. */
import { type DeliveryId, type LeasedDelivery, MAX_BYTES_PER_READ, WEBHOOK_PATH } from "@agentmesh/protocol";
import { FOLLOWED_MS, FollowedTasks } from "./followed.ts";
import type { WebhookHealth } from "./health.ts";
import type { PumpParts } from "./pump-parts.ts";
import type { PostOutcome } from "./sink.ts";
import { untilDone } from "./until-done.ts";

/** When the store is tried again after it failed, in milliseconds. */
const RETRY_MS = 1_000;
/** So long before a lease ends nothing more is tried for what was posted under it, in milliseconds: its next one may be posted again. */
const MARGIN_MS = 2_000;

/** What was leased to be posted; `until` its lease does, less a margin, on the steady clock in milliseconds. */
interface ToPost {
  readonly delivery: LeasedDelivery;
  readonly until: number;
}

/** What a receiver said to what it took: an answer, or as which task it works on it. */
interface Said {
  readonly answer: string | undefined;
  readonly task: string | undefined;
}

/** Posts what is ready until it is closed. */
export class WebhookPump {
  readonly #parts: PumpParts;
  readonly #underWay = new Set<Promise<void>>();
  #open = true;
  #filling = false;
  #again = false;
  #inFlight = 0;
  #test: Promise<PostOutcome> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #lastTry: DeliveryId | undefined;
  /** What was taken, and is worked on. */
  readonly tasks: FollowedTasks;

  constructor(parts: PumpParts) {
    this.#parts = parts;
    this.tasks = new FollowedTasks(parts, () => this.#open);
  }

  get health(): WebhookHealth {
    return this.#parts.health;
  }

  /** Something may be ready, or may go on. */
  readonly wake = (): void => {
    this.#again = true;
    if (!this.#filling) void this.#fill();
  };

  /** Posts a test event, whatever the breaker says. A success closes the breaker and enables the webhook. Who asks
   * while one is under way is told what comes of that one. */
  test(): Promise<PostOutcome> {
    this.#test ??= this.#tryOut().finally(() => {
      this.#test = undefined;
    });
    return this.#test;
  }

  async #tryOut(): Promise<PostOutcome> {
    const outcome = await this.#parts.sink.test();
    if (!this.#open) return outcome;
    if (outcome.kind === "taken") await this.health.taken();
    else await this.health.doubted(outcome);
    this.wake();
    return outcome;
  }

  /** Leases nothing more; what is under way may end within `graceMs`, then it is given up and goes back. */
  async close(graceMs: number): Promise<void> {
    this.#open = false;
    clearTimeout(this.#timer);
    const timer = setTimeout(() => this.#parts.sink.close(), graceMs);
    await Promise.all(this.#underWay);
    clearTimeout(timer);
    this.#parts.sink.close();
  }

  async #fill(): Promise<void> {
    this.#filling = true;
    try {
      while (this.#again && this.#open) {
        this.#again = false;
        const slots = this.#takeSlots();
        if (slots.length > 0) await this.#lease(slots);
      }
    } catch (error) {
      this.#parts.onFault(error);
      this.#wakeIn(RETRY_MS);
    } finally {
      this.#filling = false;
    }
  }

  #takeSlots(): (() => void)[] {
    const { health, slots, maxInFlight, streamed } = this.#parts;
    if (health.state === "disabled" || streamed()) return [];
    // Set anew at each wake: a timer may fire a moment before the rest is over.
    if (health.breaker.state === "open") this.#wakeIn(health.breaker.restsForMs + 1);
    const room = Math.min(maxInFlight - this.#inFlight, health.breaker.credit(this.#inFlight));
    const taken: (() => void)[] = [];
    while (taken.length < room) {
      const slot = slots.take(health.isDoubtful, this.wake);
      if (!slot) break;
      taken.push(slot);
    }
    return taken;
  }

  async #lease(slots: (() => void)[]): Promise<void> {
    const { store, agent, leaseMs, urgency, health } = this.#parts;
    const isTry = health.breaker.state === "half_open";
    const until = performance.now() + leaseMs - MARGIN_MS;
    let leased: LeasedDelivery[] = [];
    try {
      const answer = await store.lease({
        agentId: agent.id,
        max: slots.length,
        maxBytes: MAX_BYTES_PER_READ,
        leaseMs,
        session: undefined,
        // One that is never taken must not keep what waits behind it from being tried.
        push: { urgency, webhook: { last: isTry ? this.#lastTry : undefined } },
      });
      leased = answer.leased.map(({ delivery }) => delivery);
    } finally {
      for (const free of slots.slice(leased.length)) free();
    }
    if (isTry) this.#lastTry = leased[0]?.id;
    for (const [i, delivery] of leased.entries()) this.#begin({ delivery, until }, isTry, slots[i] ?? (() => {}));
    if (leased.length > 0) this.#again = true;
  }

  #begin(toPost: ToPost, isTry: boolean, free: () => void): void {
    const { sink, onFault } = this.#parts;
    const run = async () => {
      this.#inFlight++;
      const outcome = this.#open ? await sink.post(toPost.delivery) : undefined;
      this.#inFlight--;
      free();
      // The acts of one turn share a commit: this delivery is settled and the next one leased at once.
      const settled = this.#settle(toPost, outcome, isTry);
      this.wake();
      await settled;
    };
    const posted = run()
      .catch(onFault)
      .finally(() => this.#underWay.delete(posted));
    this.#underWay.add(posted);
  }

  async #settle({ delivery, until }: ToPost, outcome: PostOutcome | undefined, isTry: boolean): Promise<void> {
    const { health } = this.#parts;
    if (outcome?.kind === "taken") {
      // What a webhook that was replaced did says nothing of the one in its place.
      const noted = this.#open ? health.taken() : Promise.resolve();
      const task = outcome.task !== undefined && this.tasks.take(delivery) ? outcome.task : undefined;
      await Promise.all([this.#note(noted), this.#ack({ delivery, until }, { answer: outcome.answer, task })]);
      if (task !== undefined) this.tasks.follow({ delivery, task, forMs: FOLLOWED_MS });
    } else if (!outcome || !this.#open) {
      const { store, agent, retry } = this.#parts;
      const reason = "the webhook was changed, or the broker stops";
      await this.#untilDone(until, () => store.release(agent.id, delivery.id, delivery.receipt, { reason, retry }));
    } else {
      // Only what a closed breaker lets through can be spoiled: a try while it rests costs the message nothing.
      const counts = outcome.kind === "failed" && !isTry && health.breaker.state === "closed";
      const noted = this.#note(health.failed(outcome));
      await Promise.all([noted, this.#giveBack({ delivery, until }, outcome.why, counts)]);
    }
  }

  /** The receiver has it: acked whatever became of the lease. */
  async #ack({ delivery, until }: ToPost, { answer, task }: Said): Promise<void> {
    const { store, agent, leaseMs, setAt: webhookSetAt } = this.#parts;
    const { id, receipt } = delivery;
    const acked = async () => {
      // The answer acks what it answers. What never can be sent is let go: a second post would have the work done again.
      const isAnswered = answer !== undefined && (await this.#answer(delivery, answer, until));
      // The lease may be over by now: what is acked late is posted no third time.
      if (!isAnswered && (answer === undefined || this.#open))
        await this.#untilDone(until + leaseMs, () =>
          task === undefined
            ? store.ack(agent.id, id, undefined, "taken")
            : store.ackFollowed(agent.id, id, { task, forMs: FOLLOWED_MS, webhookSetAt }),
        );
    };
    const push = { path: WEBHOOK_PATH, failedWhy: undefined };
    await Promise.all([this.#untilDone(until, () => store.recordPush(agent.id, id, receipt, push)), acked()]);
  }

  async #answer(delivery: LeasedDelivery, text: string, until: number): Promise<boolean> {
    const { agent, answer } = this.#parts;
    return (await this.#untilDone(until, () => answer(agent, delivery, text)))?.came ?? false;
  }

  /** `counts`: a failure of this delivery, which the webhook alone waits out: whoever else asks gets it at once. */
  async #giveBack({ delivery: { id, receipt }, until }: ToPost, why: string, counts: boolean): Promise<void> {
    const { store, agent, retry } = this.#parts;
    const reason = `webhook: ${why}`.slice(0, 200);
    const push = { path: WEBHOOK_PATH, failedWhy: why.slice(0, 200) };
    await Promise.all([
      this.#untilDone(until, () => store.recordPush(agent.id, id, receipt, push)),
      this.#untilDone(until, () =>
        counts
          ? store.nack(agent.id, id, receipt, { delayMs: undefined, reason, retry, delayed: "webhook" })
          : store.release(agent.id, id, receipt, { reason, retry }),
      ),
    ]);
  }

  /** A lock on the database or a full disk may be gone in a moment; a lease that ran out goes back by itself. */
  #untilDone<T>(until: number, act: () => Promise<T>): Promise<{ readonly came: T } | undefined> {
    return untilDone(act, { until, isOpen: () => this.#open, onFault: this.#parts.onFault });
  }

  async #note(noted: Promise<void>): Promise<void> {
    await noted.catch(this.#parts.onFault);
  }

  #wakeIn(ms: number): void {
    clearTimeout(this.#timer);
    if (this.#open) this.#timer = setTimeout(this.wake, ms).unref();
  }
}
