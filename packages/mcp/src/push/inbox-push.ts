/** The inbox streamed into the push paths, for as long as the session lives and a path works. */
import { backoffMs, type DeliveryHandle, type MeshSession, pause } from "@agentmesh/client";
import type { HeldDeliveries } from "../held-deliveries.ts";
import type { Log } from "../log.ts";
import type { PushPaths } from "./push-paths.ts";
import { Pusher } from "./pusher.ts";

/** What is fyi rests for check_messages; a pushed delivery waits this long for evidence before it comes once more; two pushes are enough. */
const TERMS = { leaseMs: 300_000, maxInFlight: 16, maxPushes: 2, urgency: "normal" } as const;

/** Rests after the first and second text that no path took; after the third it rests until `resume`. */
const RESTS_MS = [5_000, 30_000];

/** So short that check_messages finds a returned delivery, so long that a closing stream does not. */
const RETURN_DELAY_MS = 1_000;

/** Streams, pushes, and gives back what could not be pushed. */
export class InboxPush {
  readonly #mesh: MeshSession;
  readonly #held: HeldDeliveries;
  readonly #log: Log;
  readonly #pusher: Pusher;
  #stream = new AbortController();
  #failures = 0;
  #resume = new AbortController();

  constructor(parts: { mesh: MeshSession; held: HeldDeliveries; paths: PushPaths; log: Log }) {
    this.#mesh = parts.mesh;
    this.#held = parts.held;
    this.#log = parts.log;
    this.#pusher = new Pusher({
      held: parts.held,
      paths: parts.paths,
      log: parts.log,
      waiting: () => this.#waiting(),
      onPushed: () => {
        this.#failures = 0;
      },
      onAllFailed: (deliveries, why) => this.#giveBack(deliveries, why),
    });
  }

  /** Runs until `left` aborts. Never throws. */
  async run(left: AbortSignal): Promise<void> {
    for (let rounds = 1; !left.aborted; rounds++) {
      this.#stream = new AbortController();
      const began = performance.now();
      try {
        const signal = AbortSignal.any([left, this.#stream.signal]);
        for await (const handle of this.#mesh.inbox({ ...TERMS, signal })) this.#take(handle);
      } catch (error) {
        this.#log.warn("stream.failed", { error });
      }
      if (this.#stream.signal.aborted) await this.#rest(left);
      else if (performance.now() - began > 60_000) rounds = 0;
      await pause(backoffMs(rounds, 500, 10_000), left);
    }
  }

  /** Tries the paths again if they rest. */
  resume(): void {
    this.#resume.abort();
  }

  #take(handle: DeliveryHandle): void {
    this.#held.hold(handle, TERMS.leaseMs);
    if (this.#held.mayPush(handle)) this.#pusher.add(handle);
  }

  /** Only with its credit used up has the stream left something behind. */
  async #waiting(): Promise<number> {
    if (this.#held.size < TERMS.maxInFlight) return 0;
    const beat = await this.#mesh.heartbeat().catch(() => undefined);
    return beat?.queued ?? 0;
  }

  async #giveBack(deliveries: readonly DeliveryHandle[], why: string): Promise<void> {
    this.#failures++;
    this.#stream.abort();
    for (const handle of deliveries) {
      this.#held.drop(handle.id);
      await handle
        .nack({ delayMs: RETURN_DELAY_MS, reason: `not pushed: ${why}`.slice(0, 200) })
        .catch((error: unknown) => this.#log.debug("nack.failed", { delivery: handle.id, error }));
    }
  }

  async #rest(left: AbortSignal): Promise<void> {
    this.#resume = new AbortController();
    const ended = AbortSignal.any([left, this.#resume.signal]);
    const restMs = RESTS_MS[this.#failures - 1];
    this.#log.warn("push.rests", { for: restMs === undefined ? "until check_messages" : `${restMs} ms` });
    if (restMs !== undefined) await pause(restMs, ended);
    else if (!ended.aborted) await new Promise((resolve) => ended.addEventListener("abort", resolve, { once: true }));
  }
}
