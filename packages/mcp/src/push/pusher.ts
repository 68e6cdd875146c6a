/** Collects deliveries into few texts, pushes them one at a time, and tells the broker what came of it. */
import { type DeliveryHandle, pause } from "@agentmesh/client";
import { MAX_BYTES_PER_READ, MAX_DELIVERIES_PER_READ } from "@agentmesh/protocol";
import type { DeliveriesInHand } from "../deliveries-in-hand.ts";
import type { Log } from "../log.ts";
import type { Evidence } from "./evidence.ts";
import type { PushPaths } from "./push-paths.ts";
import { pushMeta, pushNonce, pushText } from "./push-text.ts";

/** What arrives within this time becomes one text, in milliseconds. */
const COLLECT_MS = 50;

/** Least time between two texts, in milliseconds: Claude Code drops bursts. */
const GAP_MS = 1_000;

/** What a pusher works with. */
export interface PusherParts {
  readonly inHand: DeliveriesInHand;
  readonly paths: PushPaths;
  readonly evidence: Evidence;
  readonly log: Log;
  /** How many deliveries wait behind those in hand. */
  waiting(): Promise<number>;
  /** Told when a path took a text. */
  onPushed(): void;
  /** Told when no path took a text; these deliveries are still in hand. */
  onAllFailed(deliveries: readonly DeliveryHandle[], why: string): Promise<void>;
}

/** Pushes deliveries in the order they are added. */
export class Pusher {
  readonly #parts: PusherParts;
  #collected: DeliveryHandle[] = [];
  #running = false;

  constructor(parts: PusherParts) {
    this.#parts = parts;
  }

  /** Adds a delivery to the next text. */
  add(handle: DeliveryHandle): void {
    this.#collected.push(handle);
    if (this.#running) return;
    this.#running = true;
    void this.#run().catch((error: unknown) => this.#parts.log.error("push.broke", { error }));
  }

  async #run(): Promise<void> {
    try {
      await pause(COLLECT_MS);
      for (;;) {
        // What was answered or read meanwhile is not pushed.
        this.#collected = this.#collected.filter((handle) => this.#parts.inHand.mayPush(handle));
        const batch = takeText(this.#collected);
        if (batch.length === 0) return;
        await this.#push(batch);
        await pause(GAP_MS);
      }
    } finally {
      this.#running = false;
    }
  }

  async #push(batch: readonly DeliveryHandle[]): Promise<void> {
    const { inHand, paths, evidence, log } = this.#parts;
    const nonce = pushNonce();
    const shown = batch.map((handle) => inHand.shownAs(handle));
    const result = await paths.push(pushText(shown, await this.#parts.waiting(), nonce), pushMeta(shown));
    if ("path" in result) {
      log.debug("push.sent", { path: result.path, deliveries: batch.length, first: batch[0]?.seq ?? 0 });
      for (const handle of batch) inHand.pushed(handle, result.path);
      evidence.expect({ nonce, path: result.path, deliveries: batch, whole: result.whole });
      this.#parts.onPushed();
      await Promise.all(batch.map((handle) => this.#report(handle, result.path)));
      return;
    }
    for (const { path, failedWhy, error } of result.failed) {
      log.warn("push.failed", { path, why: error, deliveries: batch.length });
      await Promise.all(batch.map((handle) => this.#report(handle, path, failedWhy)));
    }
    const given = [...batch, ...this.#collected.splice(0)];
    await this.#parts.onAllFailed(
      given,
      result.failed.map(({ path, failedWhy }) => `${path}: ${failedWhy}`).join("; "),
    );
  }

  async #report(handle: DeliveryHandle, path: string, failedWhy?: string): Promise<void> {
    try {
      await handle.reportPush(path, failedWhy);
    } catch (error) {
      // An answer may overtake the report, and a broker restart voids the lease; the delivery is safe either way.
      this.#parts.log.debug("push.report_failed", { delivery: handle.id, error });
    }
  }
}

/** Takes the deliveries of the next text out of `collected`: at least one, within the limits of one read. */
function takeText(collected: DeliveryHandle[]): DeliveryHandle[] {
  let bytes = 0;
  const end = collected.findIndex((handle, index) => {
    bytes += handle.message.bodyBytes;
    return index > 0 && (index >= MAX_DELIVERIES_PER_READ || bytes > MAX_BYTES_PER_READ);
  });
  return collected.splice(0, end === -1 ? collected.length : end);
}
