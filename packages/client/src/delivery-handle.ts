/** One delivery under a lease, with the verbs that end or renew it. */
import type { AckReply, AckRequest, DeliveryReply, LeasedDelivery, Message, SendReply } from "@agentmesh/protocol";
import type { MeshCalls } from "./mesh-calls.ts";

/** Who is told what becomes of a lease: of use to whoever keeps the credit. */
export interface LeaseWatch {
  over(): void;
  renewed(leaseMs: number): void;
}

/** How long a lease is renewed when nothing else is said, in milliseconds. */
const RENEWED_MS = 60_000;

/** A leased delivery; `ack()` it when it is handled. */
export class DeliveryHandle {
  readonly id: LeasedDelivery["id"];
  /** Number in this agent's inbox: 1, 2, 3 … */
  readonly seq: number;
  /** How many times it was leased, this time included. */
  readonly attempt: number;
  readonly redelivered: boolean;
  readonly message: Message;
  /** How its sender came in: operator, same-repo, same-machine, remote or unverified. */
  readonly trust: string | undefined;
  readonly leaseEndsAt: string;
  readonly #client: MeshCalls;
  readonly #receipt: string;
  readonly #watch: LeaseWatch | undefined;

  constructor(client: MeshCalls, leased: LeasedDelivery, watch?: LeaseWatch) {
    this.#client = client;
    this.#watch = watch;
    this.#receipt = leased.receipt;
    this.id = leased.id;
    this.seq = leased.seq;
    this.attempt = leased.attempt;
    this.redelivered = leased.redelivered;
    this.message = leased.message;
    this.trust = leased.trust;
    this.leaseEndsAt = leased.leaseEndsAt;
  }

  /** Text of the message. */
  get body(): string {
    return this.message.body;
  }

  /** Name of the sender, as the broker verified it. */
  get from(): string {
    return this.message.from.name;
  }

  /** Handled: never show it again. Owning the inbox is enough, even when the lease is over. */
  ack(evidence: AckRequest["evidence"] = "handled"): Promise<AckReply> {
    return this.#ends(this.#client.ack({ delivery: this.id, evidence }));
  }

  /** Not now: back to the inbox, by the backoff schedule or after `delayMs`. */
  nack(options: { delayMs?: number; reason?: string } = {}): Promise<DeliveryReply> {
    return this.#ends(this.#client.nack({ delivery: this.id, receipt: this.#receipt, ...options }));
  }

  /** Still working: renews the lease, by default for a minute. */
  async extend(leaseMs?: number): Promise<DeliveryReply> {
    const { id: delivery } = this;
    const reply = await this.#client.extend({
      delivery,
      receipt: this.#receipt,
      ...(leaseMs !== undefined && { leaseMs }),
    });
    this.#watch?.renewed(leaseMs ?? RENEWED_MS);
    return reply;
  }

  /** Never: to the dead letters, with a reason the sender can see. */
  reject(reason: string): Promise<DeliveryReply> {
    return this.#ends(this.#client.reject({ delivery: this.id, receipt: this.#receipt, reason }));
  }

  /** Answers the sender; this also acks the delivery. */
  reply(body: string): Promise<SendReply> {
    return this.#ends(this.#client.send({ inReplyTo: this.id, body }));
  }

  /** Reports a push through `path`, or why it failed. Never an ack. */
  reportPush(path: string, failedWhy?: string): Promise<DeliveryReply> {
    return this.#client.reportPush({
      delivery: this.id,
      receipt: this.#receipt,
      path,
      ...(failedWhy !== undefined && { failedWhy }),
    });
  }

  async #ends<T>(act: Promise<T>): Promise<T> {
    const reply = await act;
    this.#watch?.over();
    return reply;
  }
}
