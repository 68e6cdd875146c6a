/**
 * Acks that travel together. One alone goes at once; those asked for in the same moment, or while others are under way, go in
 * one call, and each is answered for itself. A broker that does not know such a call is asked for each.
 */
import {
  AckEntry,
  type AckManyReply,
  type AckReply,
  type EndpointInput,
  endpoints,
  MAX_ACKS_PER_CALL,
} from "@agentmesh/protocol";
import type { CallOptions, Connection } from "./connection.ts";
import { MeshApiError } from "./errors.ts";
import { whenEnded } from "./when-ended.ts";

/** Longest that an ack waits for others while earlier ones are under way, in milliseconds. */
const GATHER_MS = 3;

type AckInput = EndpointInput<typeof endpoints.ack>;

/** The acks of one connection. */
export class Acks {
  readonly #connection: Connection;
  #waiting: AskedAck[] = [];
  readonly #underWay = new Set<Promise<void>>();
  #isPlanned = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** In which life of the connection its broker knew no call for many. */
  #singleIn: number | undefined;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Acks one delivery. @throws MeshApiError, BrokerUnreachableError, the reason of an aborted signal */
  async ack(input: AckInput, { signal }: CallOptions = {}): Promise<AckReply> {
    signal?.throwIfAborted();
    const asked = new AskedAck(input, signal);
    // What has not the form of an entry would be refused with all that goes with it: it goes alone.
    if (this.#isSingle || !AckEntry.safeParse(input).success) this.#send([asked]);
    else {
      this.#waiting.push(asked);
      this.#plan();
    }
    return asked.reply;
  }

  /** Resolves when every ack that was asked for by now is answered. */
  async answered(): Promise<void> {
    this.#sendWaiting();
    await Promise.all(this.#underWay);
  }

  get #isSingle(): boolean {
    return this.#singleIn === this.#connection.life;
  }

  #plan(): void {
    if (this.#waiting.length >= MAX_ACKS_PER_CALL) this.#sendWaiting();
    else if (this.#underWay.size > 0) this.#timer ??= setTimeout(() => this.#sendWaiting(), GATHER_MS);
    else if (!this.#isPlanned) {
      this.#isPlanned = true;
      queueMicrotask(() => this.#sendWaiting());
    }
  }

  #sendWaiting(): void {
    this.#isPlanned = false;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const waiting = this.#waiting.splice(0).filter(({ isOver }) => !isOver);
    if (waiting.length > 0) this.#send(waiting);
  }

  #send(acks: readonly AskedAck[]): void {
    const sent = this.#carry(acks).finally(() => {
      this.#underWay.delete(sent);
      // What was asked for meanwhile.
      this.#sendWaiting();
    });
    this.#underWay.add(sent);
  }

  /** Brings them to the broker and tells each what became of it; never throws. */
  async #carry(acks: readonly AskedAck[]): Promise<void> {
    const results = acks.length > 1 && !this.#isSingle ? await this.#together(acks) : [];
    const alone = acks.filter((asked, i) => !asked.isOver && !asked.take(results[i]));
    await Promise.all(
      alone.map((asked) => asked.settle(this.#connection.call(endpoints.ack, asked.input, asked.options))),
    );
  }

  /** One call for all; no results when each has to be asked for. Where the call fails, that is what each is told. */
  async #together(acks: readonly AskedAck[]): Promise<AckManyReply["results"]> {
    const allGivenUp = new AbortController();
    for (const asked of acks) {
      asked.onGivenUp = () => {
        if (acks.every(({ isOver }) => isOver)) allGivenUp.abort();
      };
    }
    const input = { acks: acks.map((asked) => asked.input) };
    try {
      return (await this.#connection.call(endpoints.ackMany, input, { signal: allGivenUp.signal })).results;
    } catch (error) {
      const code = error instanceof MeshApiError ? error.code : undefined;
      if (code === "route_not_found" || code === "method_not_allowed") this.#singleIn = this.#connection.life;
      // A broker of another version may know less of what an ack can say: one such does not spoil the others.
      else if (code !== "invalid_request") for (const asked of acks) asked.refuse(error);
      return [];
    }
  }
}

/** An ack that was asked for, and its reply to come. */
class AskedAck {
  readonly input: AckInput;
  readonly options: CallOptions;
  readonly reply: Promise<AckReply>;
  isOver = false;
  onGivenUp: (() => void) | undefined;
  readonly #resolve: (reply: AckReply) => void;
  readonly #reject: (why: unknown) => void;
  readonly #wantNoMore: () => void;

  constructor(input: AckInput, signal: AbortSignal | undefined) {
    const { promise, resolve, reject } = Promise.withResolvers<AckReply>();
    this.input = input;
    this.options = signal ? { signal } : {};
    this.reply = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#wantNoMore = whenEnded(signal, () => {
      this.refuse(signal?.reason);
      this.onGivenUp?.();
    });
  }

  /** Takes its part of a call's results; false when there is none, or a refusal that may pass: then it is to be asked for alone. */
  take(result: AckManyReply["results"][number] | undefined): boolean {
    if (result === undefined) return false;
    if (!("problem" in result)) this.#end(() => this.#resolve(result));
    else if (result.problem.retryable) return false;
    else this.refuse(new MeshApiError(result.problem));
    return true;
  }

  /** Is over with what a call of its own comes to; never throws. */
  async settle(call: Promise<AckReply>): Promise<void> {
    try {
      const reply = await call;
      this.#end(() => this.#resolve(reply));
    } catch (error) {
      this.refuse(error);
    }
  }

  refuse(error: unknown): void {
    this.#end(() => this.#reject(error));
  }

  #end(tell: () => void): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#wantNoMore();
    tell();
  }
}
