/** The inbox streamed into the push paths, for as long as the session lives and a path works. */
import { backoffMs, type DeliveryHandle, type MeshSession, pause } from "@agentmesh/client";
import type { DeliveriesInHand } from "../deliveries-in-hand.ts";
import type { Log } from "../log.ts";
import type { Evidence } from "./evidence.ts";
import type { PushPaths } from "./push-paths.ts";
import { Pusher } from "./pusher.ts";
import { LEASE_MS, LEAST_URGENCY, MAX_PUSHES } from "./terms.ts";

/** What the stream is asked for: at most so many pushed messages wait for evidence at a time. */
const TERMS = { leaseMs: LEASE_MS, maxInFlight: 16, maxPushes: MAX_PUSHES, urgency: LEAST_URGENCY } as const;

/** Rests after the first and second text that no path took; after the third it rests until `resume`. */
const RESTS_MS = [5_000, 30_000];

/** So short that check_messages finds a returned delivery, so long that a closing stream does not. */
const RETURN_DELAY_MS = 1_000;

/** A broker doubts a session whose stream closed and did not come back within its grace of 2 s. */
const STILL_HERE_MS = 2_500;

/** A path that failed may be worth another try by then, in milliseconds. */
const LOOK_AGAIN_MS = 60_000;

/** What the pushing of an inbox works with. */
export interface InboxPushParts {
  readonly mesh: MeshSession;
  readonly inHand: DeliveriesInHand;
  readonly paths: PushPaths;
  readonly evidence: Evidence;
  readonly log: Log;
}

/** Streams, pushes, and gives back what could not be pushed. */
export class InboxPush {
  readonly #parts: InboxPushParts;
  readonly #pusher: Pusher;
  #stream = new AbortController();
  #failures = 0;
  #resume = new AbortController();

  constructor(parts: InboxPushParts) {
    this.#parts = parts;
    this.#pusher = new Pusher({
      ...parts,
      waiting: () => this.#waiting(),
      onPushed: () => {
        this.#failures = 0;
      },
      onAllFailed: (deliveries, why) => this.#giveBack(deliveries, why),
    });
  }

  /** Runs until `left` aborts. Never throws. */
  async run(left: AbortSignal): Promise<void> {
    const { mesh, paths, log } = this.#parts;
    for (let rounds = 1; !left.aborted; rounds++) {
      if (!paths.usable) {
        await this.#untilResumed(left, LOOK_AGAIN_MS);
        rounds = 0;
        continue;
      }
      this.#stream = new AbortController();
      const began = performance.now();
      try {
        const signal = AbortSignal.any([left, this.#stream.signal]);
        for await (const handle of mesh.inbox({ ...TERMS, signal })) this.#take(handle);
      } catch (error) {
        log.warn("stream.failed", { error });
      }
      if (this.#stream.signal.aborted) {
        setTimeout(() => mesh.heartbeat().catch(() => undefined), STILL_HERE_MS).unref();
        if (paths.usable) await this.#rest(left);
      } else if (performance.now() - began > 60_000) rounds = 0;
      await pause(backoffMs(rounds, 500, 10_000), left);
    }
  }

  /** Tries the paths again if they rest. */
  resume(): void {
    this.#resume.abort();
  }

  /** Begins to push when the session has got a path, and ends when only its hooks are left. */
  pathsChanged(): void {
    if (this.#parts.paths.usable) this.resume();
    else this.#stream.abort();
  }

  /** Pushes these once more if there is another path than the silent one; else they wait for their lease to end. */
  pushAgain(deliveries: readonly DeliveryHandle[], silent: string): void {
    if (!this.#parts.paths.hasOther(silent)) return;
    for (const handle of deliveries) if (this.#parts.inHand.mayRepeat(handle)) this.#pusher.add(handle);
  }

  /** Pushes these again: the client has thrown away what they were pushed in. */
  pushDropped(deliveries: readonly DeliveryHandle[]): void {
    for (const handle of deliveries) if (this.#parts.inHand.mayPush(handle)) this.#pusher.add(handle);
  }

  #take(handle: DeliveryHandle): void {
    const { inHand, evidence } = this.#parts;
    inHand.take(handle);
    if (inHand.wasConfirmed(handle.id)) evidence.confirm(handle);
    else if (inHand.mayPush(handle)) this.#pusher.add(handle);
  }

  /** Only with its credit used up has the stream left something behind. */
  async #waiting(): Promise<number> {
    if (this.#parts.inHand.size < TERMS.maxInFlight) return 0;
    const beat = await this.#parts.mesh.heartbeat().catch(() => undefined);
    return beat?.queued ?? 0;
  }

  async #giveBack(deliveries: readonly DeliveryHandle[], why: string): Promise<void> {
    const { inHand, log } = this.#parts;
    this.#failures++;
    this.#stream.abort();
    for (const handle of deliveries) {
      inHand.drop(handle.id);
      await handle
        .nack({ delayMs: RETURN_DELAY_MS, reason: `not pushed: ${why}`.slice(0, 200) })
        .catch((error: unknown) => log.debug("nack.failed", { delivery: handle.id, error }));
    }
  }

  async #rest(left: AbortSignal): Promise<void> {
    const restMs = RESTS_MS[this.#failures - 1];
    this.#parts.log.warn("push.rests", { for: restMs === undefined ? "until check_messages" : `${restMs} ms` });
    await this.#untilResumed(left, restMs);
  }

  async #untilResumed(left: AbortSignal, atMostMs?: number): Promise<void> {
    this.#resume = new AbortController();
    const ended = AbortSignal.any([left, this.#resume.signal]);
    void this.#parts.mesh.stay({ signal: ended });
    if (atMostMs !== undefined) await pause(atMostMs, ended);
    else if (!ended.aborted) await new Promise((resolve) => ended.addEventListener("abort", resolve, { once: true }));
  }
}
