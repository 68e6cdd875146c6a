/** Topics: publish to whoever is subscribed, and account for every one of them. */
import { createHash } from "node:crypto";
import type { EndpointReply, EndpointRequest, endpoints, PublishReply, SubscribeReply } from "@agentmesh/protocol";
import { IDEMPOTENCY_WINDOW_MS } from "@agentmesh/protocol";
import type { Agents } from "./agents.ts";
import type { AgentCaller, Caller } from "./caller.ts";
import { checkBody, forecast } from "./forecast.ts";
import { newId } from "./ids.ts";
import type { Intake } from "./intake.ts";
import type { LoopGuard } from "./loop-guard.ts";
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

  constructor(parts: { store: Store; agents: Agents; policy: Policy; guard: LoopGuard; intake: Intake }) {
    this.#store = parts.store;
    this.#agents = parts.agents;
    this.#policy = parts.policy;
    this.#guard = parts.guard;
    this.#intake = parts.intake;
  }

  /** Accepts one message for everybody subscribed now. @throws MeshError body_too_large, idempotency_mismatch, storage_full */
  async publish(
    caller: AgentCaller,
    topic: string,
    request: EndpointRequest<Table["publish"]>["body"],
  ): Promise<PublishReply> {
    const bodyBytes = checkBody(request.body, this.#policy);
    const { idempotencyKey } = request;
    if (idempotencyKey === undefined || !(await this.#store.acceptedUnder(caller.agent.id, idempotencyKey))) {
      this.#intake.check();
      this.#guard.checkPublish(caller.agent);
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
        forecast(delivery, message.urgency, this.#agents.show(recipient)),
      ),
      skipped: [...skipped],
      counts,
    };
  }

  /** Adds a subscription of the caller. */
  subscribe(caller: AgentCaller, request: EndpointRequest<Table["subscribe"]>["body"]): Promise<SubscribeReply> {
    return this.#store.subscribe(caller.agent.id, request.topic, request.retained, inboxQuota(this.#policy));
  }

  /** Ends a subscription of the caller; false when there was none. */
  async unsubscribe(caller: AgentCaller, topic: string): Promise<EndpointReply<Table["unsubscribe"]>> {
    return { removed: await this.#store.unsubscribe(caller.agent.id, topic) };
  }

  /** Subscriptions: the caller's, or with the mesh key everybody's. */
  async subscriptions(caller: Caller): Promise<EndpointReply<Table["listSubscriptions"]>> {
    return {
      subscriptions: await this.#store.listSubscriptions(caller.kind === "agent" ? caller.agent.id : undefined),
    };
  }

  /** Topics that were published on. */
  async list(limit: number): Promise<EndpointReply<Table["listTopics"]>> {
    return { topics: await this.#store.listTopics(limit) };
  }
}
