/** The calls of the typed client: one method per endpoint. */
import { type EndpointInput, type EndpointReply, endpoints, MAX_WAIT_MS } from "@agentmesh/protocol";
import { Acks } from "./acks.ts";
import { AgentCalls } from "./agent-calls.ts";
import { type CallOptions, Connection, type ConnectionOptions } from "./connection.ts";
import { type Page, type PagedCall, type PagesAsked, pagesOf } from "./pages.ts";

type Table = typeof endpoints;
type In<K extends keyof Table> = EndpointInput<Table[K]>;
type Out<K extends keyof Table> = Promise<EndpointReply<Table[K]>>;

/** Long enough to ack an answer that is here, in milliseconds; one that was lost on its way comes again after it. */
const ANSWER_LEASE_MS = 30_000;

/** What a broker can be asked with one token, without what lasts: sessions and the inbox are of the client. */
export class MeshCalls extends AgentCalls {
  readonly #acks = new Acks(this.connection);
  readonly #onBrokerUrls: ConnectionOptions["onBrokerUrls"];

  constructor(options: ConnectionOptions) {
    super(new Connection(options));
    this.#onBrokerUrls = options.onBrokerUrls;
  }

  /**
   * The pages of a list, until the last or the end of the loop: `for await (const { agents } of client.pages("listAgents"))`.
   * `input` may be a function, asked for each page. Messages go from the newest back, an inbox the way it is ordered.
   */
  pages<K extends PagedCall>(call: K, ...[input, options]: PagesAsked<K>): AsyncGenerator<Page<K>, void, void> {
    return pagesOf(this.connection, call, input, options);
  }

  /** Is this an agentmesh broker, and which version? */
  health(options?: CallOptions): Out<"health"> {
    return this.connection.call(endpoints.health, {}, options);
  }

  /** The certificate that machines trust which join this broker; nothing where it is reached without TLS of its own. */
  authority(options?: CallOptions): Out<"authority"> {
    return this.connection.call(endpoints.authority, {}, options);
  }

  /** Counts, limits and settings of the broker. */
  status(options?: CallOptions): Out<"status"> {
    return this.connection.call(endpoints.status, {}, options);
  }

  /** Stops the broker. Needs the mesh key. */
  shutdown(options?: CallOptions): Out<"shutdown"> {
    return this.connection.call(endpoints.shutdown, {}, options);
  }

  /** Opens a session; `join` also keeps it alive. */
  openSession(input: In<"openSession"> = {}, options?: CallOptions): Out<"openSession"> {
    return this.connection.call(endpoints.openSession, input, options);
  }

  /** Renews a session. */
  async heartbeat(input: In<"heartbeat">, options?: CallOptions): Out<"heartbeat"> {
    const reply = await this.connection.call(endpoints.heartbeat, input, options);
    if (reply.urls) this.#onBrokerUrls?.(reply.urls);
    return reply;
  }

  /** Ends a session; what it leased returns to the inbox. */
  endSession(input: In<"endSession">, options?: CallOptions): Out<"endSession"> {
    return this.connection.call(endpoints.endSession, input, options);
  }

  /** Sends one message; resolves when it is on disk. A missing idempotency key is filled in, so a retry stores it once. */
  send(input: In<"send">, options?: CallOptions): Out<"send"> {
    return this.connection.call(endpoints.send, { idempotencyKey: crypto.randomUUID(), ...input }, options);
  }

  /**
   * Asks one agent and waits up to `timeoutMs` (default 30 s), over as many calls as that takes.
   * Resolves to `replied` with the answer, to `pending`, after which a late answer comes into the inbox, or to `ended`
   * as soon as the question is dead, refused, expired or taken back, or its answer waived. The answer is acked when it is here; with `lease` it is
   * the caller's to ack, by `replyDelivery`.
   */
  async ask(
    input: Omit<In<"ask">, "waitMs"> & { readonly timeoutMs?: number },
    options?: CallOptions,
  ): Promise<EndpointReply<Table["ask"]>> {
    const { timeoutMs = 30_000, ...rest } = input;
    const question = { idempotencyKey: crypto.randomUUID(), lease: { leaseMs: ANSWER_LEASE_MS }, ...rest };
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const waitMs = Math.max(0, Math.min(MAX_WAIT_MS, Math.ceil(deadline - performance.now())));
      const reply = await this.connection.call(endpoints.ask, { ...question, waitMs }, options);
      const { status, replyDelivery: answer } = reply;
      // Unacked it comes into the inbox once more, which is the lesser evil.
      if (answer && !input.lease) await this.ack({ delivery: answer.id, evidence: "read" }).catch(() => undefined);
      if (status !== "pending" || performance.now() >= deadline) return reply;
    }
  }

  /** Asks without an answer: what this agent owes and waits for, or with the mesh key any agent. */
  listAsks(input: In<"listAsks"> = {}, options?: CallOptions): Out<"listAsks"> {
    return this.connection.call(endpoints.listAsks, input, options);
  }

  /** Has nobody owe the answer to a question any more: one of this agent's own, or with the mesh key anybody's. */
  waive(input: In<"waive">, options?: CallOptions): Out<"waive"> {
    return this.connection.call(endpoints.waive, input, options);
  }

  /** What waits for a person, the worst first, each with what ends it: of all with the mesh key, or of this agent. */
  listNeeds(input: In<"listNeeds"> = {}, options?: CallOptions): Out<"listNeeds"> {
    return this.connection.call(endpoints.listNeeds, input, options);
  }

  /** One message and what became of it. */
  getMessage(input: In<"getMessage">, options?: CallOptions): Out<"getMessage"> {
    return this.connection.call(endpoints.getMessage, input, options);
  }

  /** Messages of the past, newest first; `nextBefore` of one reply is `before` of the next call. */
  listMessages(input: In<"listMessages"> = {}, options?: CallOptions): Out<"listMessages"> {
    return this.connection.call(endpoints.listMessages, input, options);
  }

  /** What happened to messages, oldest first; `cursor` of one reply is `after` of the next call. */
  log(input: In<"log"> = {}, options?: CallOptions): Out<"log"> {
    return this.connection.call(endpoints.log, input, options);
  }

  /** Looks into an inbox without leasing. */
  listInbox(input: In<"listInbox"> = {}, options?: CallOptions): Out<"listInbox"> {
    return this.connection.call(endpoints.listInbox, input, options);
  }

  /** Takes deliveries for a while; `waitMs` waits for the first. */
  lease(input: In<"lease"> = {}, options?: CallOptions): Out<"lease"> {
    return this.connection.call(endpoints.lease, input, options);
  }

  /** Ends a delivery for good. Acks that are asked for together travel together, and each is answered for itself. */
  ack(input: In<"ack">, options?: CallOptions): Out<"ack"> {
    return this.#acks.ack(input, options);
  }

  /** Ends many deliveries for good in one call: a result for each, in this order. */
  ackMany(input: In<"ackMany">, options?: CallOptions): Out<"ackMany"> {
    return this.connection.call(endpoints.ackMany, input, options);
  }

  /** Resolves when every ack that was asked for by now is answered; what becomes of one, its own promise says. */
  acksAnswered(): Promise<void> {
    return this.#acks.answered();
  }

  /** Gives a delivery back. */
  nack(input: In<"nack">, options?: CallOptions): Out<"nack"> {
    return this.connection.call(endpoints.nack, input, options);
  }

  /** Renews a lease. */
  extend(input: In<"extend">, options?: CallOptions): Out<"extend"> {
    return this.connection.call(endpoints.extend, input, options);
  }

  /** Refuses a delivery for good. */
  reject(input: In<"reject">, options?: CallOptions): Out<"reject"> {
    return this.connection.call(endpoints.reject, input, options);
  }

  /** Publishes one message on a topic; a missing idempotency key is filled in. */
  publish(input: In<"publish">, options?: CallOptions): Out<"publish"> {
    return this.connection.call(endpoints.publish, { idempotencyKey: crypto.randomUUID(), ...input }, options);
  }

  /** Topics that were published on. */
  listTopics(input: In<"listTopics"> = {}, options?: CallOptions): Out<"listTopics"> {
    return this.connection.call(endpoints.listTopics, input, options);
  }

  /** Gets what is published on a topic or pattern from now on. */
  subscribe(input: In<"subscribe">, options?: CallOptions): Out<"subscribe"> {
    return this.connection.call(endpoints.subscribe, input, options);
  }

  /** Ends a subscription. */
  unsubscribe(input: In<"unsubscribe">, options?: CallOptions): Out<"unsubscribe"> {
    return this.connection.call(endpoints.unsubscribe, input, options);
  }

  /** Subscriptions: this agent's, or with the mesh key everybody's. */
  listSubscriptions(input: In<"listSubscriptions"> = {}, options?: CallOptions): Out<"listSubscriptions"> {
    return this.connection.call(endpoints.listSubscriptions, input, options);
  }

  /** Takes a message back that nobody has leased yet. */
  cancel(input: In<"cancel">, options?: CallOptions): Out<"cancel"> {
    return this.connection.call(endpoints.cancel, input, options);
  }

  /** Dead letters, newest first. */
  listDead(input: In<"listDead"> = {}, options?: CallOptions): Out<"listDead"> {
    return this.connection.call(endpoints.listDead, input, options);
  }

  /** Puts a dead letter back into its inbox. */
  redrive(input: In<"redrive">, options?: CallOptions): Out<"redrive"> {
    return this.connection.call(endpoints.redrive, input, options);
  }

  /** Takes a dead letter off the list. */
  dismiss(input: In<"dismiss">, options?: CallOptions): Out<"dismiss"> {
    return this.connection.call(endpoints.dismiss, input, options);
  }

  /** Lets a held delivery into the inbox. */
  admit(input: In<"admit">, options?: CallOptions): Out<"admit"> {
    return this.connection.call(endpoints.admit, input, options);
  }

  /** Refuses a held delivery for good. */
  refuse(input: In<"refuse">, options?: CallOptions): Out<"refuse"> {
    return this.connection.call(endpoints.refuse, input, options);
  }

  /** Reports that a leased delivery was pushed through a path, or could not be. */
  reportPush(input: In<"reportPush">, options?: CallOptions): Out<"reportPush"> {
    return this.connection.call(endpoints.reportPush, input, options);
  }
}
