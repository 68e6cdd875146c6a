/** Deliveries the stream put into this session's hand, and the record of their pushes. */
import type { DeliveryHandle } from "@agentmesh/client";

interface Held {
  readonly handle: DeliveryHandle;
  readonly leaseOverMs: number;
}

/** The last push of one delivery. */
interface Push {
  readonly seq: number;
  readonly messageId: string;
  readonly path: string;
  readonly atMs: number;
  /** It came into the model's sight another way, so that evidence no longer speaks for the path. */
  readElsewhere: boolean;
}

/** A delivery pushed this long ago is not pushed again, whoever voided its lease; shorter than a lease. */
const QUIET_MS = 270_000;
const MAX_PUSHES_KEPT = 1_000;

/** The deliveries in hand. Times are of this process's own steady clock. */
export class HeldDeliveries {
  readonly #held = new Map<string, Held>();
  readonly #shown = new Set<string>();
  readonly #pushes = new Map<string, Push>();

  /** How many leases are in hand. */
  get size(): number {
    return this.#held.size;
  }

  /** Takes a leased delivery in hand; a newer lease of the same delivery replaces the older. */
  hold(handle: DeliveryHandle, leaseMs: number): void {
    const now = performance.now();
    for (const [id, held] of this.#held) if (held.leaseOverMs <= now) this.#held.delete(id);
    this.#held.set(handle.id, { handle, leaseOverMs: now + leaseMs });
  }

  /** Whether to push this lease: it is in hand, and the model is not about to see the message anyway. */
  mayPush(handle: DeliveryHandle): boolean {
    const push = this.#pushes.get(handle.id);
    const quiet = push !== undefined && performance.now() - push.atMs < QUIET_MS;
    return !quiet && !this.#shown.has(handle.id) && this.#held.get(handle.id)?.handle === handle;
  }

  /** Lets one go without evidence. */
  drop(id: string): void {
    this.#held.delete(id);
  }

  /** check_messages shows these; until it is known whether the client was given them they are not pushed. */
  show(ids: readonly string[]): void {
    for (const id of ids) this.#shown.add(id);
  }

  /** Ends `show`: what was read is no longer in hand. */
  endShow(id: string, read: boolean): void {
    this.#shown.delete(id);
    if (!read) return;
    this.#held.delete(id);
    const push = this.#pushes.get(id);
    if (push) push.readElsewhere = true;
  }

  /** Notes a push that went through. */
  pushed(handle: DeliveryHandle, path: string): void {
    this.#pushes.delete(handle.id);
    this.#pushes.set(handle.id, {
      seq: handle.seq,
      messageId: handle.message.id,
      path,
      atMs: performance.now(),
      readElsewhere: false,
    });
    const oldest = this.#pushes.size > MAX_PUSHES_KEPT ? this.#pushes.keys().next().value : undefined;
    if (oldest !== undefined) this.#pushes.delete(oldest);
  }

  /** Whether this process has pushed the delivery, so that the model may know it. */
  wasPushed(id: string): boolean {
    return this.#pushes.has(id);
  }

  /**
   * Settles the delivery that a reply answered, named by number, delivery id or message id.
   * Returns the push path this proves: only a model that saw the push could have answered it.
   */
  answered(ref: string): string | undefined {
    for (const [id, { handle }] of this.#held) {
      if (id === ref || String(handle.seq) === ref || handle.message.id === ref) this.#held.delete(id);
    }
    for (const [id, push] of this.#pushes) {
      if (id !== ref && String(push.seq) !== ref && push.messageId !== ref) continue;
      this.#pushes.delete(id);
      return push.readElsewhere ? undefined : push.path;
    }
    return undefined;
  }
}
