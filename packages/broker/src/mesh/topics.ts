/** Topics: publish to whoever is subscribed, and account for every one of them. */
import { createHash } from "node:crypto";
import type {
  EndpointReply,
  EndpointRequest,
  endpoints,
  PublishReply,
  SubscribeReply,
  Topic,
} from "@agentmesh/protocol";
import { AgentId, IDEMPOTENCY_WINDOW_MS } from "@agentmesh/protocol";
import { checkBody, forecast } from "./acceptance/forecast.ts";
import type { Intake } from "./acceptance/intake.ts";
import type { LoopGuard } from "./acceptance/loop-guard.ts";
import type { Agents } from "./agents.ts";
import { type AgentCaller, type AnyCaller, type Caller, viewerOf } from "./caller.ts";
import { newId } from "./ids.ts";
import type { Turns } from "./looks/turns.ts";
import { inboxQuota, type Policy } from "./policy.ts";
import type { Store } from "./store.ts";

type Table = typeof endpoints;

/** The verbs on topics and subscriptions. */
export class Topics {
  readonly #store: Store;
  readonly #agents: Agents;
  readonly #policy: Policy;
  readonly #guard: LoopGuard;
  readonly #intake: Intake;
  readonly #turns: Turns;

  constructor(parts: { store: Store; agents: Agents; policy: Policy; guard: LoopGuard; intake: Intake; turns: Turns }) {
    this.#store = parts.store;
    this.#agents = parts.agents;
    this.#policy = parts.policy;
    this.#guard = parts.guard;
    this.#intake = parts.intake;
    this.#turns = parts.turns;
  }

  /**
   * Accepts one message for everybody subscribed now.
   * @throws MeshError body_too_large, idempotency_mismatch, rate_limited, quota_full, storage_full
   */
  async publish(
    caller: AgentCaller,
    topic: string,
    request: EndpointRequest<Table["publish"]>["body"],
  ): Promise<PublishReply> {
    const bodyBytes = checkBody(request.body, this.#policy);
    const { idempotencyKey } = request;
    if (idempotencyKey === undefined || !(await this.#store.acceptedUnder(caller.agent.id, idempotencyKey))) {
      this.#intake.check();
      await this.#guard.checkPublish(caller.agent);
    }
    const id = newId("msg");
    const content = JSON.stringify([topic, request.body, request.threadId, request.ttlMs, request.urgency]);
    const { message, duplicate, accepted, skipped, counts } = await this.#store.publish(
      {
        id,
        topic,
        threadId: request.threadId ?? `thr_${id.slice(4)}`,
        senderId: caller.agent.id,
        urgency: request.urgency,
        byProgram: request.byProgram,
        body: request.body,
        bodyBytes,
        ttlMs: request.ttlMs,
        idempotency: idempotencyKey
          ? {
              key: idempotencyKey,
              contentHash: createHash("sha256").update(content).digest("hex"),
              windowMs: IDEMPOTENCY_WINDOW_MS,
            }
          : undefined,
      },
      inboxQuota(this.#policy),
    );
    return {
      messageId: message.id,
      threadId: message.threadId,
      topic,
      acceptedAt: message.acceptedAt,
      expiresAt: message.expiresAt,
      duplicate,
      accepted: accepted.map(({ delivery, recipient }) =>
        forecast(delivery, message.urgency, this.#agents.show(recipient), { heardMs: recipient.heartbeatAgeMs }),
      ),
      skipped: [...skipped],
      counts,
    };
  }

  /** Adds a subscription of the caller. @throws MeshError quota_full */
  subscribe(caller: AgentCaller, request: EndpointRequest<Table["subscribe"]>["body"]): Promise<SubscribeReply> {
    return this.#store.subscribe(caller.agent.id, request.topic, request.retained, inboxQuota(this.#policy));
  }

  /** Ends a subscription of the caller; false when there was none. */
  async unsubscribe(caller: AgentCaller, topic: string): Promise<EndpointReply<Table["unsubscribe"]>> {
    return { removed: await this.#store.unsubscribe(caller.agent.id, topic) };
  }

  /** Subscriptions, page by page: the caller's, or with the mesh key everybody's. */
  async subscriptions(
    caller: Caller,
    { after, limit }: EndpointRequest<Table["listSubscriptions"]>["query"],
  ): Promise<EndpointReply<Table["listSubscriptions"]>> {
    const [agentId, pattern = ""] = after === undefined ? [] : after.split("/");
    const place = agentId === undefined ? undefined : { agentId: AgentId.parse(agentId), pattern };
    await this.#turns.look(caller).turn();
    const found = await this.#store.listSubscriptions(viewerOf(caller), place, limit + 1);
    const shown = found.slice(0, limit);
    const last = shown.at(-1);
    return {
      subscriptions: shown,
      ...(found.length > limit && last && { nextAfter: `${last.agent.id}/${last.topic}` }),
    };
  }

  /** Topics that were published on, page by page. */
  async list(
    caller: AnyCaller,
    { after, limit }: EndpointRequest<Table["listTopics"]>["query"],
    signal?: AbortSignal,
  ): Promise<EndpointReply<Table["listTopics"]>> {
    const look = this.#turns.look(caller, signal);
    await look.turn();
    const found = await this.#store.topicsAfter(after ?? "", limit + 1);
    const topics: Topic[] = [];
    for (const each of found.slice(0, limit)) {
      await look.turn();
      topics.push({ ...each, subscribers: await this.#store.countSubscribers(each.topic) });
    }
    const last = topics.at(-1);
    return { topics, ...(found.length > limit && last && { nextAfter: last.topic }) };
  }
}
