/** Who waits for whose answer in a call that is under way: one edge per call, in memory where one broker has them all. */
import type { AgentId, MessageId } from "@agentmesh/protocol";
import type { SharedMesh } from "./store/shared.ts";

/** A call that waits: who for whom, and on which message once that was sent. */
export interface WaitingCall {
  readonly asker: AgentId;
  readonly asked: AgentId;
  ask: MessageId | undefined;
}

/** What asks and answers ask of it, whose calls may be at several brokers. */
export interface Waiting {
  /** Begins to wait, `forMs` at most; undefined where who is asked waits, over any number of others, for the asker. */
  tryBegin(asker: AgentId, asked: AgentId, forMs: number): WaitingCall | undefined | Promise<WaitingCall | undefined>;
  /** The ask was sent. */
  sent(call: WaitingCall, ask: MessageId): void | Promise<void>;
  end(call: WaitingCall): void;
  /** Whether a call waits for the answer to this message. */
  has(ask: MessageId): boolean | Promise<boolean>;
}

/** Who waits for whom right now. */
export class WaitingAsks implements Waiting {
  readonly #calls = new Set<WaitingCall>();

  begin(asker: AgentId, asked: AgentId): WaitingCall {
    const call = { asker, asked, ask: undefined };
    this.#calls.add(call);
    return call;
  }

  tryBegin(asker: AgentId, asked: AgentId): WaitingCall | undefined {
    return this.reaches(asked, asker) ? undefined : this.begin(asker, asked);
  }

  sent(call: WaitingCall, ask: MessageId): void {
    call.ask = ask;
  }

  end(call: WaitingCall): void {
    this.#calls.delete(call);
  }

  /** Whether a call waits for the answer to this message. */
  has(ask: MessageId): boolean {
    return [...this.#calls].some((call) => call.ask === ask);
  }

  /** Whether `from` waits, over any number of others, for `to`. */
  reaches(from: AgentId, to: AgentId, seen = new Set<AgentId>()): boolean {
    if (seen.has(from)) return false;
    seen.add(from);
    return [...this.#calls].some(
      ({ asker, asked }) => asker === from && (asked === to || this.reaches(asked, to, seen)),
    );
  }
}

/** The calls of a mesh of several brokers. */
class SharedWaiting implements Waiting {
  readonly #shared: SharedMesh;
  readonly #names = new WeakMap<WaitingCall, string>();

  constructor(shared: SharedMesh) {
    this.#shared = shared;
  }

  async tryBegin(asker: AgentId, asked: AgentId, forMs: number): Promise<WaitingCall | undefined> {
    const name = await this.#shared.beginWaiting(asker, asked, forMs + SLACK_MS);
    if (name === undefined) return undefined;
    const call = { asker, asked, ask: undefined };
    this.#names.set(call, name);
    return call;
  }

  async sent(call: WaitingCall, ask: MessageId): Promise<void> {
    call.ask = ask;
    await this.#shared.waitsOn(this.#nameOf(call), ask).catch(() => {});
  }

  end(call: WaitingCall): void {
    // One that cannot be ended now is over by itself.
    this.#shared.endWaiting(this.#nameOf(call)).catch(() => {});
  }

  has(ask: MessageId): Promise<boolean> {
    return this.#shared.isAwaited(ask);
  }

  #nameOf(call: WaitingCall): string {
    return this.#names.get(call) ?? "";
  }
}

/** How much longer than it waits a call is counted, whose end could not be told; in milliseconds. */
const SLACK_MS = 10_000;

/** Who waits for whom in the mesh. */
export function waitingIn(shared: SharedMesh | undefined): Waiting {
  return shared ? new SharedWaiting(shared) : new WaitingAsks();
}
