/** Deliveries this session has leased to push them, and the record of their pushes. */
import type { DeliveryHandle } from "@agentmesh/client";
import { LEASE_MS, MAX_PUSHES, QUIET_MS } from "./push/terms.ts";
import type { ShownDelivery } from "./shown/render.ts";

interface InHand {
  readonly handle: DeliveryHandle;
  readonly leaseOverMs: number;
}

/** The pushes of one delivery. */
interface Push {
  readonly seq: number;
  readonly messageId: string;
  readonly count: number;
  /** Path and time of the last one. */
  readonly path: string;
  readonly atMs: number;
  /** Nothing came of the last one, and it may be repeated at once. */
  silent: boolean;
  /** It came into the model's sight another way, so that evidence no longer speaks for the path. */
  readElsewhere: boolean;
  /** The transcript has shown it; the broker may not know yet. */
  confirmed: boolean;
}

const MAX_PUSHES_KEPT = 1_000;

/** The deliveries in hand. Times are of this process's own steady clock. */
export class DeliveriesInHand {
  readonly #inHand = new Map<string, InHand>();
  readonly #shown = new Set<string>();
  readonly #pushes = new Map<string, Push>();

  /** How many leases are in hand. */
  get size(): number {
    return this.#inHand.size;
  }

  /** Whether its lease is in hand. */
  has(id: string): boolean {
    return (this.#inHand.get(id)?.leaseOverMs ?? 0) > performance.now();
  }

  /** Takes a leased delivery in hand, or its renewed lease; a newer lease of the same delivery replaces the older. */
  take(handle: DeliveryHandle): void {
    const now = performance.now();
    for (const [id, { leaseOverMs }] of this.#inHand) if (leaseOverMs <= now) this.#inHand.delete(id);
    this.#inHand.set(handle.id, { handle, leaseOverMs: now + LEASE_MS });
  }

  /** Whether to push this lease: it is in hand, and the model is not about to see the message anyway. */
  mayPush(handle: DeliveryHandle): boolean {
    if (this.#shown.has(handle.id) || this.#inHand.get(handle.id)?.handle !== handle) return false;
    const push = this.#pushes.get(handle.id);
    return push === undefined || push.silent || performance.now() - push.atMs >= QUIET_MS;
  }

  /** Whether to push this lease once more at once: nothing came of its last push, and it was not pushed often enough. */
  mayRepeat(handle: DeliveryHandle): boolean {
    return this.mayPush(handle) && (this.#pushes.get(handle.id)?.count ?? 0) < MAX_PUSHES;
  }

  /** Lets one go without evidence. */
  drop(id: string): void {
    this.#inHand.delete(id);
  }

  /** A tool's answer shows these; until it is known whether the client was given it they are shown nowhere else. */
  show(ids: readonly string[]): void {
    for (const id of ids) this.#shown.add(id);
  }

  /** Whether a tool's answer shows it just now. */
  isShown(id: string): boolean {
    return this.#shown.has(id);
  }

  /** Ends `show`: what was read is no longer in hand. */
  endShow(id: string, read: boolean): void {
    this.#shown.delete(id);
    if (!read) return;
    this.#inHand.delete(id);
    const push = this.#pushes.get(id);
    if (push) push.readElsewhere = true;
  }

  /** Notes a push that went through. */
  pushed(handle: DeliveryHandle, path: string): void {
    const count = (this.#pushes.get(handle.id)?.count ?? 0) + 1;
    this.#pushes.delete(handle.id);
    this.#pushes.set(handle.id, {
      seq: handle.seq,
      messageId: handle.message.id,
      count,
      path,
      atMs: performance.now(),
      silent: false,
      readElsewhere: false,
      confirmed: false,
    });
    const oldest = this.#pushes.size > MAX_PUSHES_KEPT ? this.#pushes.keys().next().value : undefined;
    if (oldest !== undefined) this.#pushes.delete(oldest);
  }

  /** Notes that nothing came of its last push. */
  silent(id: string): void {
    const push = this.#pushes.get(id);
    if (push) push.silent = true;
  }

  /** Notes that the model was never given its last push: that one counts for nothing. */
  dropped(id: string): void {
    const push = this.#pushes.get(id);
    if (push === undefined) return;
    if (push.count === 1) this.#pushes.delete(id);
    else this.#pushes.set(id, { ...push, count: push.count - 1, silent: true });
  }

  /** Notes that the transcript has shown it: it is not pushed again, even when the ack is lost. */
  confirm(id: string): void {
    this.#inHand.delete(id);
    const push = this.#pushes.get(id);
    if (push) push.confirmed = true;
  }

  /** Whether the transcript has shown it. */
  wasConfirmed(id: string): boolean {
    return this.#pushes.get(id)?.confirmed === true;
  }

  /** Whether this process has pushed the delivery, so that the model may know it. */
  wasPushed(id: string): boolean {
    return this.#pushes.has(id);
  }

  /** What the model is shown of it: again, if it may know it. */
  shownAs({ id, seq, message, trust, redelivered }: DeliveryHandle): ShownDelivery & { readonly id: string } {
    return { id, seq, message, trust, redelivered: redelivered || this.wasPushed(id) };
  }

  /**
   * Settles the delivery that a reply answered, named by number, delivery id or message id.
   * Returns the push path this proves: only a model that saw the push could have answered it.
   */
  answered(ref: string): string | undefined {
    for (const [id, { handle }] of this.#inHand) {
      if (id === ref || String(handle.seq) === ref || handle.message.id === ref) this.#inHand.delete(id);
    }
    for (const [id, push] of this.#pushes) {
      if (id !== ref && String(push.seq) !== ref && push.messageId !== ref) continue;
      this.#pushes.delete(id);
      return push.readElsewhere ? undefined : push.path;
    }
    return undefined;
  }
}
