/** Who waits for whose answer in a call that is under way: kept in memory, one edge per call. */
import type { AgentId, MessageId } from "@agentmesh/protocol";

/** A call that waits: who for whom, and on which message once that was sent. */
export interface WaitingCall {
  readonly asker: AgentId;
  readonly asked: AgentId;
  ask: MessageId | undefined;
}

/** Who waits for whom right now. */
export class WaitingAsks {
  readonly #calls = new Set<WaitingCall>();

  begin(asker: AgentId, asked: AgentId): WaitingCall {
    const call = { asker, asked, ask: undefined };
    this.#calls.add(call);
    return call;
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
