/** The typed client: its calls, and the inbox as an async iterator. */
import type { MeshEvent, ProcessMark } from "@agentmesh/protocol";
import type { ConnectionOptions } from "./connection.ts";
import type { DeliveryHandle } from "./delivery-handle.ts";
import { type EventsNews, type EventsOptions, readEvents } from "./events.ts";
import { MeshCalls } from "./mesh-calls.ts";
import type { SessionOptions } from "./session/said.ts";
import { type InboxOptions, MeshSession } from "./session/session.ts";

/**
 * A broker as seen with one token.
 * Every method throws MeshApiError when the broker refuses and BrokerUnreachableError when nobody answers;
 * repeatable calls are tried again first.
 */
export class MeshClient extends MeshCalls {
  readonly #process: ProcessMark | undefined;

  /** `process` is whose sessions this client opens; `connect` of `@agentmesh/client/node` says it. */
  constructor({ process, ...options }: ConnectionOptions & { readonly process?: ProcessMark | undefined }) {
    super(options);
    this.#process = process;
  }

  /** Opens a session that renews and re-opens itself until it is left. */
  join(options: SessionOptions = {}): Promise<MeshSession> {
    return MeshSession.open(this, { ...(this.#process && { process: this.#process }), ...options });
  }

  /**
   * What happens, as it happens: agents, sessions, push paths, deliveries, topics, webhooks, policies; an agent sees what
   * concerns it. Survives broker restarts without a gap; what is said of the stream itself (`opened`, `lost`,
   * `reconnected`, `gap`) comes between. `event.cursor` is where another loop goes on with `after`.
   */
  events(options: EventsOptions = {}): AsyncGenerator<MeshEvent | EventsNews, void, void> {
    return readEvents(this.connection, options);
  }

  /**
   * Deliveries as they come: joins with a session, yields one handle per delivery, survives broker restarts,
   * and leaves when the loop ends. Ack each; what is not acked comes again.
   */
  async *inbox(options: SessionOptions & InboxOptions = {}): AsyncGenerator<DeliveryHandle, void, void> {
    const session = await this.join(options);
    try {
      yield* session.inbox(options);
    } finally {
      await session.leave();
    }
  }
}
