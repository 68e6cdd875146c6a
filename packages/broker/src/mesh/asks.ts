/** Asks: send, wait for the answer, refuse what could only wait for itself, remind what is owed. */
import type {
  AskReply,
  EndpointReply,
  EndpointRequest,
  endpoints,
  Message,
  MessageRef,
  MessageStatus,
  OpenAsk,
  Party,
  WaiveReply,
} from "@agentmesh/protocol";
import { quoted } from "@agentmesh/protocol";
import { reachOf } from "./access/parties.ts";
import type { Agents } from "./agents.ts";
import { waivedWords, waiveReply, waiveTerms } from "./ask/waiving.ts";
import { type AgentCaller, type AnyCaller, mayActFor, viewerOf } from "./caller.ts";
import { timestamp } from "./clock.ts";
import { MeshError, unknownMessage, unknownSession } from "./errors.ts";
import type { Turns } from "./looks/turns.ts";
import type { Messages } from "./messages.ts";
import type { Refusals } from "./needs/refusals.ts";
import type { Policy } from "./policy.ts";
import { retryPolicy } from "./push/retry.ts";
import type { Wakes } from "./push/wakes.ts";
import type { AskNotices, AskStatus, RetryPolicy, Store } from "./store.ts";
import type { Waiting } from "./waiting-asks.ts";

type Table = typeof endpoints;

/** What an ask came to, and what is to be called once: whether the asker was given it. */
export interface Asked {
  readonly answer: AskReply;
  over(taken: boolean): void;
}

/** What became of an ask so far. */
export interface AskLook {
  readonly trace: MessageStatus;
  readonly reply: Message | undefined;
  /** To be called when the asker has been given the answer: it acks it. */
  readonly taken: () => void;
}

/** The verbs on asks. */
export class Asks {
  readonly #store: Store;
  readonly #agents: Agents;
  readonly #messages: Messages;
  readonly #ready: Wakes<string>;
  readonly #turns: Turns;
  readonly #waiting: Waiting;
  readonly #refusals: Refusals;
  readonly #retry: RetryPolicy;

  constructor(parts: {
    store: Store;
    agents: Agents;
    messages: Messages;
    ready: Wakes<string>;
    waiting: Waiting;
    turns: Turns;
    refusals: Refusals;
    policy: Policy;
  }) {
    this.#refusals = parts.refusals;
    this.#turns = parts.turns;
    this.#store = parts.store;
    this.#agents = parts.agents;
    this.#messages = parts.messages;
    this.#ready = parts.ready;
    this.#waiting = parts.waiting;
    this.#retry = retryPolicy(parts.policy);
  }

  /**
   * Asks and waits up to `waitMs`. The answer is acked when the asker was given it; of one under a lease the asker does that
   * itself, and the lease is given back when the asker was not given it. `accepted` is called before anything is waited for.
   * @throws MeshError would_deadlock, session_not_found and what a send throws
   */
  async ask(
    caller: AgentCaller,
    request: EndpointRequest<Table["ask"]>["body"],
    signal: AbortSignal,
    accepted: () => Promise<void> = async () => {},
  ): Promise<Asked> {
    const { waitMs, answerWithinMs, lease, ...message } = request;
    const session = lease?.session;
    if (session !== undefined && !(await this.#store.touchSession(session, caller.agent.id, undefined))) {
      throw unknownSession(caller.agent, session);
    }
    const { recipient: asked } = await this.#messages.addressee(caller, request.to, request.idempotencyKey);
    const asker = caller.agent;
    if (asked.id === asker.id) throw new MeshError("would_deadlock", `${asker.name} cannot wait for itself.`);
    // Before the send, which takes a moment: of asks that cross in it the second is refused, too.
    const call = await this.#waiting.tryBegin(asker.id, asked.id, waitMs);
    if (!call) {
      const why = `${asked.name} is waiting for an answer that depends on ${asker.name}: neither would ever answer. Answer first, or send a message instead.`;
      this.#refusals.note({ kind: "deadlock", from: asker, to: asked, why });
      throw new MeshError("would_deadlock", why);
    }
    try {
      const sent = await this.#messages.send(caller, message, { answerWithinMs });
      await this.#waiting.sent(call, sent.messageId);
      await accepted();
      const deadline = performance.now() + waitMs;
      for (;;) {
        using wait = this.#ready.wait(asker.id, deadline - performance.now(), signal);
        const status = await this.#store.askStatus(sent.messageId);
        const over = performance.now() >= deadline || signal.aborted;
        if (status?.reply || status?.ended || over) {
          return await this.#outcome(caller, sent, status, { lease, isCut: signal.aborted });
        }
        await wait.over;
        await this.#agents.stay(caller);
      }
    } finally {
      this.#waiting.end(call);
    }
  }

  /** What became of an ask of the caller's, without waiting. @throws MeshError message_not_found, other_life */
  async look(caller: AgentCaller, ref: MessageRef): Promise<AskLook> {
    const trace = await this.#messages.status(caller, ref, { limit: 1 });
    const { id, from } = trace.message;
    const status = from.id === caller.agent.id ? await this.#store.askStatus(id) : undefined;
    if (!status) throw unknownMessage(ref);
    return { trace, reply: status.reply?.message, taken: this.#taker(caller, status) };
  }

  /** What an agent owes and waits for; with the mesh key and no name, all of the mesh. @throws MeshError forbidden */
  async list(
    from: AnyCaller,
    query: EndpointRequest<Table["listAsks"]>["query"],
  ): Promise<EndpointReply<Table["listAsks"]>> {
    const caller = await this.#agents.looker(from, query.agent);
    const whose = query.agent ?? (caller.kind === "agent" ? "me" : undefined);
    const agent = whose === undefined ? undefined : await this.#agents.resolve(whose, caller);
    if (agent) mayActFor(caller, agent);
    const { turn } = this.#turns.look(caller);
    const side = (name: "owed" | "waiting") => this.#store.listAsks(name, agent?.id, query.limit, turn);
    return { owed: await side("owed"), waiting: agent ? await side("waiting") : [] };
  }

  /**
   * Has nobody owe the answer to a question any more; again is answered as the first time, and tells nobody anew. Also when its time
   * is over and its asker was told so: then that it was waived is noted, and told, as of any other.
   * @throws MeshError message_not_found, other_life, not_owed
   */
  async waive(from: AnyCaller, named: MessageRef): Promise<WaiveReply> {
    const { caller, ref } = await reachOf(this.#store, from, named, unknownMessage);
    const place = await this.#store.placeMessage(ref, viewerOf(caller));
    if (!place || !(await this.#mayWaive(from, place.sender))) throw unknownMessage(named);
    const { messageId, sender } = place;
    const asker = from.kind === "key" ? undefined : sender.id;
    const terms = await waiveTerms(this.#store, from, sender);
    return waiveReply(await this.#store.waive(messageId, asker, terms), messageId);
  }

  /** The asker itself, the machine whose agent it is, and whoever holds the mesh key. */
  async #mayWaive(from: AnyCaller, asker: Party): Promise<boolean> {
    if (from.kind === "key") return true;
    if (from.kind === "agent") return from.agent.id === asker.id;
    return (await this.#store.findAgent(asker.id))?.machine?.id === from.machine.id;
  }

  async #outcome(
    caller: AgentCaller,
    sent: Awaited<ReturnType<Messages["send"]>>,
    status: Awaited<ReturnType<Store["askStatus"]>>,
    { lease, isCut }: Pick<EndpointRequest<Table["ask"]>["body"], "lease"> & { readonly isCut: boolean },
  ): Promise<Asked> {
    const [delivery] = sent.deliveries;
    if (!delivery || !status) throw new Error(`ask ${sent.messageId} has no delivery`);
    const { reply, ended, waived } = status;
    const agentId = caller.agent.id;
    const leased =
      reply && lease && !isCut
        ? await this.#store.leaseAnswer(sent.messageId, { agentId, leaseMs: lease.leaseMs, session: lease.session })
        : undefined;
    const now = (await this.#store.messageStatus(sent.messageId))?.deliveries[0];
    return {
      answer: {
        status: reply ? "replied" : ended ? "ended" : "pending",
        messageId: sent.messageId,
        threadId: sent.threadId,
        dueAt: timestamp(status.dueAt),
        duplicate: sent.duplicate,
        delivery: { ...delivery, state: now?.state ?? delivery.state },
        ...(!reply &&
          ended && { endedWhy: waived && now ? waivedWords(now.timeline) : (now?.reason ?? "no reason given") }),
        ...(reply && { reply: reply.message }),
        ...(reply?.trust !== undefined && { replyTrust: reply.trust }),
        ...(reply && {
          replyDelivery: {
            id: reply.deliveryId,
            ...(leased && { receipt: leased.receipt, leaseEndsAt: leased.leaseEndsAt }),
          },
        }),
      },
      over: (taken) => {
        if (!lease && taken) this.#taker(caller, status)();
        if (leased && !taken) {
          const terms = { reason: "who asked was not given it", retry: this.#retry };
          this.#store.release(agentId, leased.id, leased.receipt, terms).catch(() => undefined);
        }
      },
    };
  }

  #taker({ agent }: AgentCaller, { reply }: AskStatus): () => void {
    return () => {
      // Unacked it comes into the inbox once more, which is the lesser evil.
      if (reply) this.#store.ack(agent.id, reply.deliveryId, undefined, "read").catch(() => undefined);
    };
  }
}

/** What is said when an answer is overdue. */
export const askNotices: AskNotices = {
  nudge: (ask: OpenAsk) =>
    `${ask.from.name} still waits for your answer to #${ask.seq}: ${quoted(ask.preview)} Answer with reply(message_id: "${ask.seq}", …), if only to say that you cannot.`,
  bounce: (ask: OpenAsk, held: boolean) =>
    held
      ? `Your question to ${ask.to.name} is not answered in time: its policy holds it until somebody admits it. It is: ${quoted(ask.preview)} A late answer would still come into your inbox.`
      : `${ask.to.name} has not answered your question in time, and was reminded once: ${quoted(ask.preview)} A late answer would still come into your inbox.`,
};
