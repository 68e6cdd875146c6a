/** Messages: accepted onto disk, and what became of them. */
import type {
  CancelReply,
  EndpointReply,
  EndpointRequest,
  endpoints,
  MessageRef,
  MessageStatus,
  Party,
  SendReply,
} from "@agentmesh/protocol";
import { IDEMPOTENCY_WINDOW_MS } from "@agentmesh/protocol";
import { contentHash } from "./acceptance/content-hash.ts";
import { checkBody, forecast } from "./acceptance/forecast.ts";
import type { Intake } from "./acceptance/intake.ts";
import type { LoopGuard } from "./acceptance/loop-guard.ts";
import { reachOf } from "./access/parties.ts";
import type { Agents } from "./agents.ts";
import { type AgentCaller, type AnyCaller, mayActFor, viewerOf } from "./caller.ts";
import { MeshError, unknownMessage } from "./errors.ts";
import { threadOf } from "./history.ts";
import { newId } from "./ids.ts";
import { traceOf } from "./looks/trace.ts";
import type { Turns } from "./looks/turns.ts";
import { namesakesOnline } from "./names/namesakes.ts";
import { wholeId } from "./names/short-ids.ts";
import { inboxQuota, type Policy } from "./policy.ts";
import type { Wakes } from "./push/wakes.ts";
import type { Enqueued, MessagePlace, MessageToEnqueue, Store, Viewer } from "./store.ts";
import type { Waiting } from "./waiting-asks.ts";

type Table = typeof endpoints;
type SendBody = EndpointRequest<Table["send"]>["body"];

/** What is sent in the name of who asks: a question that is owed an answer, or what came of a task. */
type Sending = Pick<MessageToEnqueue, "answerWithinMs" | "endsTask">;

/** How long an answer is kept from streams while a call waits for it; after that it comes as any message. */
const KEEP_BACK_FOR_ASK_MS = 2_000;

/** The verbs on messages. */
export class Messages {
  readonly #store: Store;
  readonly #agents: Agents;
  readonly #policy: Policy;
  readonly #advanced: Wakes<"log">;
  readonly #guard: LoopGuard;
  readonly #waiting: Waiting;
  readonly #intake: Intake;
  readonly #turns: Turns;

  constructor(parts: {
    store: Store;
    agents: Agents;
    policy: Policy;
    advanced: Wakes<"log">;
    guard: LoopGuard;
    waiting: Waiting;
    intake: Intake;
    turns: Turns;
  }) {
    this.#store = parts.store;
    this.#agents = parts.agents;
    this.#policy = parts.policy;
    this.#advanced = parts.advanced;
    this.#guard = parts.guard;
    this.#waiting = parts.waiting;
    this.#intake = parts.intake;
    this.#turns = parts.turns;
  }

  /**
   * Accepts one message; on disk when it resolves.
   * @throws MeshError sender_mismatch, body_too_large, agent_not_found, refused_by_policy, message_not_found,
   *   other_life, idempotency_mismatch, loop_limit, rate_limited, duplicate_storm, inbox_full, quota_full, storage_full
   */
  async send(caller: AgentCaller, request: SendBody, { answerWithinMs, endsTask }: Sending = {}): Promise<SendReply> {
    const sender = caller.agent;
    if (request.from !== undefined && request.from !== sender.name && request.from !== sender.id) {
      throw new MeshError(
        "sender_mismatch",
        `This token belongs to ${sender.name}, not to "${request.from}". Leave "from" out: the broker knows the sender.`,
      );
    }
    const bodyBytes = checkBody(request.body, this.#policy);
    const answered = request.inReplyTo === undefined ? undefined : await this.#place(request.inReplyTo, sender.id);
    const { idempotencyKey } = request;
    const to = request.to ?? answeredParty(answered, sender);
    const { recipient, known } = await this.addressee(caller, to, idempotencyKey);
    const isPersons = sender.person && !request.byProgram;
    const hops = answered && !isPersons ? await this.#hopsAfter(answered) : 0;
    let takeBack: (() => Promise<void>) | undefined;
    // A retry of what was accepted is answered, whatever has been sent since.
    if (!known) {
      this.#intake.check();
      const answers = isPersons ? answered?.messageId : undefined;
      takeBack = await this.#guard.checkSend({ sender, recipient, body: request.body, hops, answers, idempotencyKey });
    }
    const id = newId("msg");
    const message: MessageToEnqueue = {
      id,
      threadId: request.threadId ?? answered?.threadId ?? `thr_${id.slice(4)}`,
      senderId: sender.id,
      recipientId: recipient.id,
      deliveryId: newId("dlv"),
      urgency: request.urgency,
      body: request.body,
      bodyBytes,
      inReplyTo: answered?.messageId,
      hops,
      byProgram: request.byProgram,
      answerWithinMs,
      ...(answered && (await this.#waiting.has(answered.messageId)) && { keepBackMs: KEEP_BACK_FOR_ASK_MS }),
      ttlMs: request.ttlMs,
      idempotency: request.idempotencyKey
        ? {
            key: request.idempotencyKey,
            contentHash: contentHash(request, recipient, answerWithinMs !== undefined),
            windowMs: IDEMPOTENCY_WINDOW_MS,
          }
        : undefined,
      ...{ answers: answered?.deliveryId, ...(endsTask && { endsTask }) },
    };
    try {
      return await this.#reply(await this.#store.enqueue(message, inboxQuota(this.#policy)), request.to);
    } catch (error) {
      // What stays counted is forgotten within a minute.
      await takeBack?.().catch(() => {});
      throw error;
    }
  }

  /**
   * Who a send goes to, and whether its key is known. A repeated send keeps the recipient it had, who may have left
   * since, or given its name to another. @throws MeshError agent_not_found
   */
  async addressee(
    caller: AgentCaller,
    to: string | Party,
    idempotencyKey: string | undefined,
  ): Promise<{ readonly recipient: Party; readonly known: boolean }> {
    const nameOrId = typeof to === "string" ? to : to.id;
    const earlier =
      idempotencyKey === undefined ? undefined : await this.#store.acceptedUnder(caller.agent.id, idempotencyKey);
    const before = earlier?.recipient;
    if (before && (nameOrId === before.name || nameOrId === before.id)) return { recipient: before, known: true };
    if (typeof to !== "string" && !(await this.#store.findAgent(to.id)))
      throw new MeshError(
        "agent_not_found",
        `${to.name} has left the mesh: nobody is there to answer. Nothing was stored.`,
      );
    const recipient = await this.#agents.addressee(nameOrId, caller);
    return { recipient, known: earlier !== undefined };
  }

  /** One message and what became of it, for its sender, its recipients, their machines and the mesh key. @throws MeshError message_not_found, other_life, cursor_invalid */
  async status(
    from: AnyCaller,
    named: MessageRef,
    query: EndpointRequest<Table["getMessage"]>["query"],
    signal?: AbortSignal,
  ): Promise<MessageStatus> {
    const parts = { store: this.#store, agents: this.#agents };
    const { caller, ref } = await reachOf(this.#store, from, named, unknownMessage);
    return traceOf(parts, caller, await this.#place(ref, viewerOf(caller)), query, this.#turns.look(from, signal));
  }

  /** Takes a message back that nobody has leased. @throws MeshError message_not_found, other_life, already_leased, delivery_settled */
  async cancel(caller: AgentCaller, ref: MessageRef): Promise<CancelReply> {
    const { messageId, sender } = await this.#place(ref, caller.agent.id);
    if (sender.id !== caller.agent.id) throw unknownMessage(ref);
    const { cancelled, before, left } = await this.#store.cancel(messageId, caller.agent.id);
    const [out] = left;
    if (cancelled + before === 0 && out) {
      const open = out.state === "leased" || out.state === "queued";
      throw new MeshError(
        open ? "already_leased" : "delivery_settled",
        `${messageId} cannot be taken back: its delivery ${out.id} is ${out.state} (attempt ${out.attempt}).`,
      );
    }
    return { messageId, cancelled, given: left.length };
  }

  /**
   * What happened to messages; waits up to `waitMs` for a first entry.
   * @throws MeshError cursor_invalid, agent_not_found, message_not_found, other_life
   */
  async log(
    from: AnyCaller,
    query: EndpointRequest<Table["log"]>["query"],
    signal: AbortSignal,
  ): Promise<EndpointReply<Table["log"]>> {
    const caller = await this.#agents.looker(from, query.agent);
    let viewer = viewerOf(caller);
    if (query.agent !== undefined) {
      const agent = await this.#agents.resolve(query.agent, caller);
      mayActFor(caller, agent);
      viewer = agent.id;
    }
    const thread = query.thread === undefined ? undefined : await threadOf(this.#store, query.thread, viewer);
    const deadline = performance.now() + query.waitMs;
    for (;;) {
      using wait = this.#advanced.wait("log", deadline - performance.now(), signal);
      const { turn } = this.#turns.look(caller, signal);
      const page = await this.#store.log({ after: query.after, limit: query.limit, viewer, thread, turn });
      if (page.entries.length > 0 || performance.now() >= deadline || signal.aborted) return page;
      await wait.over;
      if (caller.kind === "agent") await this.#agents.stay(caller);
    }
  }

  /** How many agents have answered each other in a row with an answer to this; a person who wrote since starts it anew. */
  async #hopsAfter({ messageId, hops }: MessagePlace): Promise<number> {
    const anew = hops >= this.#policy.maxHops && (await this.#store.personWroteAfter(messageId));
    return anew ? 1 : hops + 1;
  }

  async #place(ref: MessageRef, viewer: Viewer): Promise<MessagePlace> {
    const place = await this.#store.placeMessage(await wholeId(this.#store, ref, viewer), viewer);
    if (!place) throw unknownMessage(ref);
    return place;
  }

  async #reply({ message, delivery, duplicate, recipient: record }: Enqueued, writtenTo?: string): Promise<SendReply> {
    const recipient = this.#agents.show(record);
    const namesakes = await namesakesOnline(recipient, message.from, (names, limit) =>
      this.#agents.namesakes(names, limit),
    );
    const address = { namesakes, heardMs: record.heartbeatAgeMs, ...(writtenTo !== undefined && { writtenTo }) };
    return {
      messageId: message.id,
      threadId: message.threadId,
      acceptedAt: message.acceptedAt,
      expiresAt: message.expiresAt,
      duplicate,
      deliveries: [forecast(delivery, message.urgency, recipient, address)],
    };
  }
}

/** Who gets an answer to a message: its sender, or of one's own message its first recipient. @throws MeshError */
function answeredParty(answered: MessagePlace | undefined, sender: Party): Party {
  if (!answered) throw new MeshError("invalid_request", 'Name the recipient in "to".');
  if (answered.fromMesh) {
    throw new MeshError("invalid_request", "That is a notice of the mesh itself: nobody is there to answer.");
  }
  return answered.sender.id === sender.id ? (answered.recipient ?? sender) : answered.sender;
}
