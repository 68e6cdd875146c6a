/** What shows that a push was taken notice of: an answer, the nonce in a tool call, or the session's transcript. */
import type { DeliveryHandle } from "@agentmesh/client";
import type { ClientSession } from "../client/client-session.ts";
import type { DeliveriesInHand } from "../deliveries-in-hand.ts";
import type { Log } from "../log.ts";
import type { PushSigns } from "../transcript/transcript.ts";
import type { PushPaths } from "./push-paths.ts";
import { LEASE_MS } from "./terms.ts";

/** How often the transcript is looked at while a push has no evidence, in milliseconds. */
const LOOK_MS = 1_000;

/** A session that is at work may look at a push this much later than an idle one, in milliseconds. */
const BUSY_MS = 600_000;

/** For a path that tells at once what it has brought, a session at work has so many times as long as an idle one. */
const BUSY_FACTOR = 3;

/** A path may have taken the text this long before it said so, in milliseconds. */
const PUSH_TAKES_MS = 10_000;

/** A lease is renewed this long before it ends, in milliseconds. */
const RENEW_BEFORE_MS = 30_000;

/** A text that went out and waits for evidence. */
export interface Awaited {
  /** A random word in the text that stands nowhere else. */
  readonly nonce: string;
  readonly path: string;
  readonly deliveries: readonly DeliveryHandle[];
  /** Ids of those that were in the text whole; the others were only announced. */
  readonly whole: ReadonlySet<string>;
  /** Told once: whether evidence came, or the time for it was over; a text without deliveries, which nobody waits for. */
  settled?(proven: boolean): void;
}

interface Waiting extends Awaited {
  readonly atMs: number;
  readonly since: Date;
  /** When its leases began or were last renewed. */
  leasedAtMs: number;
  /** The client has the text, and only the model has not had it yet. */
  taken: boolean;
  silent: boolean;
}

/** What evidence works with. */
export interface EvidenceParts {
  readonly session: ClientSession;
  readonly transcript: PushSigns;
  readonly inHand: DeliveriesInHand;
  readonly paths: PushPaths;
  readonly log: Log;
  /** An idle session shows a sign of a push within this time, in milliseconds. */
  readonly signWithinMs: number;
  /** Told of deliveries that went through a path that shows no sign. */
  onSilence(deliveries: readonly DeliveryHandle[], path: string): void;
  /** Told of deliveries that the client has thrown away before the model was given them. */
  onDropped(deliveries: readonly DeliveryHandle[]): void;
}

/** Watches what was pushed. */
export class Evidence {
  readonly #parts: EvidenceParts;
  readonly #waiting = new Map<string, Waiting>();
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: EvidenceParts) {
    this.#parts = parts;
  }

  /** Waits for evidence of a push that has just been made. */
  expect(awaited: Awaited): void {
    const now = performance.now();
    const since = new Date();
    this.#waiting.set(awaited.nonce, { ...awaited, atMs: now, since, leasedAtMs: now, taken: false, silent: false });
    this.#timer ??= setInterval(() => this.look(), Math.min(LOOK_MS, this.#parts.signWithinMs)).unref();
  }

  /** The model answered a delivery, named by number, delivery id or message id: proof of the path of its last push. */
  answered(ref: string): void {
    const path = this.#parts.inHand.answered(ref);
    if (path !== undefined) this.#parts.paths.proven(path);
  }

  /** The model wrote this: proof where a nonce stands in it. */
  wrote(text: string): void {
    for (const push of this.#waiting.values()) if (text.includes(push.nonce)) this.#proven(push);
  }

  /** Looks into the transcript now, and settles what is clear. */
  look(): void {
    this.#readSigns();
    for (const push of [...this.#waiting.values()]) this.#judge(push);
    if (this.#waiting.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Stops looking. */
  stop(): void {
    clearInterval(this.#timer);
    this.#waiting.clear();
  }

  #readSigns(): void {
    for (const [nonce, sign] of this.#parts.transcript.read([...this.#waiting.keys()])) {
      const push = this.#waiting.get(nonce);
      if (!push) continue;
      if (sign === "shown") this.#shown(push);
      else if (sign === "dropped") this.#dropped(push);
      else push.taken = true;
    }
  }

  #judge(push: Waiting): void {
    const { session, signWithinMs } = this.#parts;
    const now = performance.now();
    const ageMs = now - push.atMs;
    const open = push.deliveries.filter(({ id }) => this.#parts.inHand.has(id));
    if (push.taken && open.length > 0 && ageMs < BUSY_MS && now - push.leasedAtMs > LEASE_MS - RENEW_BEFORE_MS) {
      this.#renew(push, open);
    }
    // Everything in it was answered or read another way, or may be pushed again.
    const over = push.settled === undefined ? open.length === 0 : ageMs > LEASE_MS;
    const busyMs = this.#parts.paths.tellsAtOnce(push.path) ? signWithinMs * BUSY_FACTOR : BUSY_MS;
    const patienceMs = session.busy ? busyMs : signWithinMs;
    if (over) this.#forget(push, false);
    else if (!push.silent && !push.taken && ageMs > patienceMs) this.#silence(push);
  }

  /** The client has the text in its queue: a second one would only stand behind it. */
  #renew(push: Waiting, open: readonly DeliveryHandle[]): void {
    push.leasedAtMs = performance.now();
    for (const handle of open) {
      this.#parts.inHand.take(handle);
      handle.extend(LEASE_MS).catch((error: unknown) => {
        this.#parts.log.debug("extend.failed", { delivery: handle.id, error });
      });
    }
  }

  #shown(push: Waiting): void {
    const { inHand } = this.#parts;
    this.#proven(push);
    for (const handle of push.deliveries) {
      if (!push.whole.has(handle.id) || !inHand.has(handle.id)) continue;
      inHand.confirm(handle.id);
      this.confirm(handle);
    }
  }

  /** Acks what the transcript has shown. */
  confirm(handle: DeliveryHandle): void {
    handle.ack("transcript").catch((error: unknown) => {
      this.#parts.log.warn("ack.failed", { delivery: handle.id, error });
    });
  }

  /** Nothing is the matter with the path: the text goes through it once more. */
  #dropped(push: Waiting): void {
    const { inHand, log } = this.#parts;
    const open = push.deliveries.filter(({ id }) => inHand.has(id));
    log.info("push.dropped", { path: push.path, deliveries: open.length });
    this.#forget(push, false);
    for (const { id } of open) inHand.dropped(id);
    this.#parts.onDropped(open);
  }

  #proven(push: Waiting): void {
    this.#parts.log.debug("push.proven", { path: push.path, nonce: push.nonce });
    this.#parts.paths.proven(push.path);
    this.#forget(push, true);
  }

  #silence(push: Waiting): void {
    const { transcript, inHand, paths, signWithinMs, log } = this.#parts;
    transcript.search(push.nonce, push.since.getTime() - PUSH_TAKES_MS);
    this.#readSigns();
    if (push.taken || !this.#waiting.has(push.nonce)) return;
    // Where nothing can be read, silence says nothing of the path.
    if (push.settled && transcript.awaited) {
      this.#forget(push, false);
      return;
    }
    push.silent = true;
    log.warn("push.silent", { path: push.path, deliveries: push.deliveries.length });
    const seconds = Math.round((performance.now() - push.atMs) / 1_000) || signWithinMs / 1_000;
    paths.silent(
      push.path,
      `no sign within ${seconds} s that the model was shown what was pushed at ${push.since.toISOString()}`,
    );
    push.settled?.(false);
    const open = push.deliveries.filter(({ id }) => inHand.has(id));
    for (const { id } of open) inHand.silent(id);
    this.#parts.onSilence(open, push.path);
  }

  #forget(push: Waiting, proven: boolean): void {
    if (this.#waiting.delete(push.nonce)) push.settled?.(proven);
  }
}
