/** A peer's inbox on this wire: a poll is a lease, and a later poll of the same client is the ack. */
import {
  DEFAULT_LEASE_MS,
  errorTable,
  type LeasedDelivery,
  MAX_BYTES_PER_READ,
  MAX_DELIVERIES_PER_READ,
  MAX_LEASE_MS,
  type PushPath,
  type SessionId,
} from "@agentmesh/protocol";
import type { WholeCaller } from "../mesh/caller.ts";
import { timestamp } from "../mesh/clock.ts";
import { MeshError } from "../mesh/errors.ts";
import type { Mesh } from "../mesh/mesh.ts";
import { type PeerFacts, profileOf } from "./peer-facts.ts";

/**
 * How long a client is given to do something with what it was given, in milliseconds: the predecessor's clients poll once
 * a second, whatever the last poll brought, and may ask twice at once.
 */
const HANDLING_MS = 500;

/** What becomes of an answer. */
export interface Writing {
  /** Resolves to whether it was written to the client. */
  readonly written: Promise<boolean>;
  /** Aborts when the connection is over. */
  readonly gone: AbortSignal;
}

interface HandedOver {
  readonly delivery: LeasedDelivery;
  readonly session: SessionId | undefined;
  readonly at: number;
}

/** What one client holds; made anew when a client registers, so that its predecessor's mail comes again. */
export class PeerInbox {
  readonly #mesh: Mesh;
  #session: SessionId | undefined;
  #renewedAt = 0;
  #provenAt: string | undefined;
  #renewal: Promise<unknown> = Promise.resolve();
  /** Leased, and not yet written to the client. */
  #offered: LeasedDelivery[] = [];
  /** Written to the client; nothing has shown yet that it took them in. */
  #handedOver: HandedOver[] = [];
  #turn: Promise<unknown> = Promise.resolve();

  constructor(mesh: Mesh) {
    this.#mesh = mesh;
  }

  /** Shows that the client is alive: opens its session, or renews it when that is due. */
  keepAlive(caller: WholeCaller, facts: PeerFacts): Promise<void> {
    const renewed = this.#renewal.then(() => this.#renew(caller, facts));
    this.#renewal = renewed.catch(() => undefined);
    return renewed;
  }

  /** What waits, oldest first, at most 25 at a time; an answer that is not written is given again. Polls take turns. */
  poll(caller: WholeCaller, answer: Writing): Promise<readonly LeasedDelivery[]> {
    const arrivedAt = Date.now();
    const polled = this.#turn.then(async () => {
      await this.#ackHandled(caller, arrivedAt);
      if (this.#offered.length === 0) this.#offered = await this.#lease(caller, answer.gone);
      return this.#offered;
    });
    this.#turn = polled
      .then(async (deliveries) => {
        if (deliveries.length === 0 || !(await answer.written)) return;
        const at = Date.now();
        this.#handedOver.push(...deliveries.map((delivery) => ({ delivery, session: this.#session, at })));
        this.#offered = [];
      })
      .catch(() => undefined);
    return polled;
  }

  /** The client says goodbye: what it had time for is acked, the rest comes back into the inbox. */
  async leave(caller: WholeCaller): Promise<void> {
    await this.#ackHandled(caller, Date.now());
    await this.abandon(caller);
  }

  /** The client is gone: whatever it was given and had not shown to have comes back into the inbox. */
  async abandon(caller: WholeCaller): Promise<void> {
    this.#handedOver = [];
    this.#offered = [];
    const session = this.#session;
    this.#session = undefined;
    if (session !== undefined) await this.#mesh.sessions.end(caller, session).catch(refusal);
  }

  async #renew(caller: WholeCaller, facts: PeerFacts): Promise<void> {
    const renewedAgoMs = Date.now() - this.#renewedAt;
    if (this.#session !== undefined) {
      if (renewedAgoMs < this.#mesh.policy.heartbeatMs / 2) return;
      const { code } = await this.#mesh.sessions
        .heartbeat(caller, this.#session, { pushPaths: this.#pushPaths(facts) })
        .then(() => ({ code: undefined }), refusal);
      this.#renewedAt = Date.now();
      if (code !== "session_not_found") return;
    }
    const { session } = await this.#mesh.sessions.open(caller, {
      ...profileOf(facts),
      pushPaths: this.#pushPaths(facts),
    });
    this.#session = session.id;
    this.#renewedAt = Date.now();
    this.#offered = [];
  }

  /** To the others a client that polls is one that is reached: proven once it came back for more. */
  #pushPaths({ transport }: PeerFacts): PushPath[] {
    if (transport.type === "webhook") return [];
    return [{ path: "legacy-poll", ...(this.#provenAt !== undefined && { provenAt: this.#provenAt }) }];
  }

  async #lease(caller: WholeCaller, gone: AbortSignal): Promise<LeasedDelivery[]> {
    if (caller.agent.queued === 0) return [];
    // The leases of a session end with it; without one they end by themselves.
    const held = this.#session === undefined ? {} : { session: this.#session };
    const leaseMs = this.#session === undefined ? DEFAULT_LEASE_MS : MAX_LEASE_MS;
    const terms = { max: MAX_DELIVERIES_PER_READ, maxBytes: MAX_BYTES_PER_READ, leaseMs, waitMs: 0, ...held };
    return (await this.#mesh.inbox.lease(caller, terms, gone)).deliveries;
  }

  /**
   * Acks what the client was given long enough before it polled again. What it was given in a session that has ended
   * since, because it fell silent, comes once more; after that a client that polls rarely is believed.
   */
  async #ackHandled(caller: WholeCaller, polledAt: number): Promise<void> {
    const due = this.#handedOver.filter(({ at }) => at + HANDLING_MS <= polledAt);
    const handled = due.filter(({ session, delivery }) => session === this.#session || delivery.attempt > 1);
    const acks = handled.map(({ delivery }) => ({ delivery: delivery.id, evidence: "handled" }) as const);
    for (const outcome of acks.length > 0 ? await this.#mesh.inbox.ackMany(caller, { acks }) : []) {
      if ("error" in outcome) refusal(outcome.error);
    }
    if (acks.length > 0) this.#provenAt = timestamp(Date.now());
    this.#handedOver = this.#handedOver.filter((each) => !due.includes(each));
  }
}

/** The refusal of an act on what has ended meanwhile. @throws what is no refusal, or would succeed later */
function refusal(error: unknown): MeshError {
  if (error instanceof MeshError && !errorTable[error.code].retryable) return error;
  throw error;
}
