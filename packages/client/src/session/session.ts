/** A session that keeps itself: heartbeat, re-opened after a broker restart, deliveries streamed through it. */
import type { Agent, HeartbeatReply, OpenSessionReply, PushPath, SessionId } from "@agentmesh/protocol";
import { HEARTBEAT_MS } from "@agentmesh/protocol";
import { backoffMs, pause } from "../backoff.ts";
import { DeliveryHandle } from "../delivery-handle.ts";
import { isAway, MeshApiError } from "../errors.ts";
import { HELD_BACK, readPolls } from "../inbox/polls.ts";
import { readStream, type StreamOptions } from "../inbox/stream.ts";
import type { MeshCalls } from "../mesh-calls.ts";
import { stayPresent } from "./presence.ts";
import { dialogOf, type OpenDialog, openSession, processOf, type SessionOptions } from "./said.ts";

/** How long a session that is left waits for its acks: a broker that does not answer is told no later than that. */
const LEAVE_ACKS_MS = 1_000;

/** How deliveries are streamed. */
export interface InboxOptions extends StreamOptions {
  /** Ends the iterator. */
  readonly signal?: AbortSignal;
}

/** One live process of an agent. */
export class MeshSession {
  readonly client: MeshCalls;
  readonly #options: SessionOptions;
  readonly #left = new AbortController();
  #open: OpenSessionReply;
  #pushPaths: PushPath[];
  #dialog: OpenDialog | undefined;
  #lastBeat: Promise<unknown> = Promise.resolve();
  /** Waits for the last one to be answered, and says what is so then. */
  #nextBeat: Promise<HeartbeatReply | undefined> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #reopening: Promise<void> | undefined;

  private constructor(client: MeshCalls, options: SessionOptions, open: OpenSessionReply) {
    this.client = client;
    this.#options = options;
    this.#open = open;
    this.#pushPaths = options.pushPaths ?? [];
    this.#schedule(open.heartbeatMs);
  }

  /** Opens a session. @throws MeshApiError, BrokerUnreachableError */
  static async open(client: MeshCalls, options: SessionOptions): Promise<MeshSession> {
    const reply = await openSession(client, options, options.pushPaths ?? []);
    return new MeshSession(client, options, reply);
  }

  /** Id of the session; a re-opened one has a new id. */
  get id(): SessionId {
    return this.#open.session.id;
  }

  /** The agent as the broker described it when the session was opened, by the name that it has now. */
  get agent(): Agent {
    return this.#open.agent;
  }

  /** Tells the broker how this session can be reached now. */
  async setPushPaths(paths: PushPath[]): Promise<void> {
    this.#pushPaths = paths;
    await this.heartbeat();
  }

  /** Tells the broker what the session stands at, or that it goes on; said again with each heartbeat. */
  async setDialog(dialog: OpenDialog | undefined): Promise<void> {
    this.#dialog = dialog;
    await this.heartbeat();
  }

  /**
   * Renews the session at once; re-opens it when the broker no longer knows it. One after the other: what the session says
   * last is what the broker hears last.
   */
  heartbeat(): Promise<HeartbeatReply | undefined> {
    this.#nextBeat ??= this.#lastBeat.then(() => {
      this.#nextBeat = undefined;
      const beat = this.#beat();
      this.#lastBeat = beat.catch(() => undefined);
      return beat;
    });
    return this.#nextBeat;
  }

  async #beat(): Promise<HeartbeatReply | undefined> {
    // Whoever still waits for an answer of a session that was left must not open it again.
    if (this.#left.signal.aborted) return undefined;
    const session = this.id;
    try {
      const reply = await this.client.heartbeat({
        session,
        pushPaths: this.#pushPaths,
        ...dialogOf(this.#dialog),
        ...processOf(this.#options),
      });
      const { name = this.agent.name } = reply;
      if (name !== this.agent.name) this.#open = { ...this.#open, agent: { ...this.agent, name } };
      return reply;
    } catch (error) {
      if (this.#dialog && error instanceof MeshApiError && error.code === "invalid_request") {
        // A broker of an earlier version knows no dialogs, and the session has to be renewed all the same.
        this.#dialog = undefined;
        return this.#beat();
      }
      // Another has taken its place meanwhile.
      if (session === this.id) await this.#recover(error);
      return undefined;
    }
  }

  /**
   * Deliveries as they come, until the session is left or `signal` aborts. Where something on the way holds streams back,
   * as some proxies do, they are asked for instead, and a stream is tried again every ten minutes.
   */
  async *inbox(options: InboxOptions = {}): AsyncGenerator<DeliveryHandle, void, void> {
    const { signal, ...stream } = options;
    const ended = signal ? AbortSignal.any([signal, this.#left.signal]) : this.#left.signal;
    let last: { readonly session: string; readonly position: string } | undefined;
    // Two, or one where nothing was lost before, and the broker answers: then it is no network that was away.
    let heldBack = 0;
    for (let failures = 0; !ended.aborted; ) {
      if (heldBack > 0 && !(await this.heartbeat().catch(() => undefined))) heldBack = 0;
      if (heldBack > 1) {
        [heldBack, failures] = [0, 0];
        yield* this.#polled(stream, ended);
        continue;
      }
      const session = this.id;
      const position = last?.session === session ? last.position : undefined;
      const items = readStream(this.client.connection, { ...stream, session }, position, ended);
      try {
        for (;;) {
          const item = await items.next();
          if (item.done) {
            if (!item.value.reconnect) return;
            if (item.value.isHeldBack) heldBack += failures === 0 ? 2 : 1;
            else heldBack = 0;
            failures++;
            break;
          }
          if ("open" in item.value) {
            if (failures > 0) this.#options.onNotice?.("connected to the broker again");
            failures = 0;
          } else {
            last = { session, position: item.value.position };
            yield new DeliveryHandle(this.client, item.value.delivery);
          }
        }
      } catch (error) {
        if (ended.aborted) return;
        failures++;
        await this.#recover(error);
      } finally {
        // A loop that ends by break or return leaves the stream behind: its watch would keep the process alive.
        await items.return({ reconnect: false });
      }
      if (failures === 1 && heldBack === 0) this.#options.onNotice?.("lost the connection to the broker, trying again");
      if (failures > 0) await pause(backoffMs(failures, 50, 2_000), ended);
    }
  }

  /**
   * Keeps a stream open that brings no mail, until the session is left or `signal` aborts: for a session that has no `inbox` open, so
   * that a broker notices at once when its process is gone. Never throws.
   */
  stay({ signal = this.#left.signal }: Pick<InboxOptions, "signal"> = {}): Promise<void> {
    return stayPresent(this.client.connection, this, AbortSignal.any([signal, this.#left.signal]));
  }

  /** Deliveries that are asked for. Whatever the stream or an answer held that never came returns first, and comes again in its place. */
  async *#polled(stream: StreamOptions, ended: AbortSignal): AsyncGenerator<DeliveryHandle, void, void> {
    this.#options.onNotice?.(HELD_BACK);
    try {
      await this.#anew();
      const items = readPolls(this.client, { ...stream, session: this.id }, ended);
      for await (const { delivery, watch } of items) yield new DeliveryHandle(this.client, delivery, watch);
    } catch (error) {
      if (ended.aborted) return;
      await this.#recover(error);
    }
  }

  /** Ends the session and opens another: what it held returns to the inbox at once. */
  #anew(): Promise<void> {
    this.#reopening ??= (async () => {
      await this.client.endSession({ session: this.id });
      this.#open = await openSession(this.client, this.#options, this.#pushPaths);
      if (this.#left.signal.aborted) await this.#end();
    })().finally(() => {
      this.#reopening = undefined;
    });
    return this.#reopening;
  }

  /** Ends the session behind the acks that are under way; what else it had leased returns to the inbox. Never throws. */
  async leave(): Promise<void> {
    if (this.#left.signal.aborted) return;
    this.#left.abort();
    clearTimeout(this.#timer);
    const answered = new AbortController();
    await Promise.race([
      this.client.acksAnswered().finally(() => answered.abort()),
      pause(LEAVE_ACKS_MS, answered.signal),
    ]);
    await this.#end();
  }

  async #end(): Promise<void> {
    await this.client
      .endSession({ session: this.#open.session.id }, { signal: AbortSignal.timeout(1_000) })
      .catch(() => undefined);
  }

  #schedule(ms: number): void {
    clearTimeout(this.#timer);
    if (this.#left.signal.aborted) return;
    this.#timer = setTimeout(async () => {
      this.#options.onBeat?.();
      const reply = await this.heartbeat().catch(() => undefined);
      this.#schedule(reply?.heartbeatMs ?? HEARTBEAT_MS);
    }, ms);
    if (typeof this.#timer === "object" && "unref" in this.#timer) this.#timer.unref();
  }

  async #recover(error: unknown): Promise<void> {
    if (this.#left.signal.aborted || isAway(error)) return;
    if (!(error instanceof MeshApiError)) throw error;
    if (error.code === "session_not_found" || error.code === "unauthenticated") {
      this.#reopening ??= this.#reopen(error).finally(() => {
        this.#reopening = undefined;
      });
      return this.#reopening;
    }
    if (!error.retryable) throw error;
  }

  async #reopen(error: MeshApiError): Promise<void> {
    if (error.code === "unauthenticated") {
      if (!this.#options.onUnknownToken) throw error;
      await this.#options.onUnknownToken();
    }
    if (this.#left.signal.aborted) return;
    this.#open = await openSession(this.client, this.#options, this.#pushPaths);
    if (this.#left.signal.aborted) return this.#end();
    this.#options.onNotice?.(`session re-opened as ${this.#open.session.id}`);
  }
}
