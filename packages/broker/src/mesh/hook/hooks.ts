/** Hooks, webhooks in: made, listed, removed; and what is posted at one becomes a message of the hook's own agent. */
import { randomBytes } from "node:crypto";
import {
  DEFAULT_TTL_MS,
  type EndpointReply,
  type EndpointRequest,
  type endpoints,
  type Hook,
  type HookId,
  MAX_HOOKS,
  type Party,
  type TakeHookReply,
  toAgentName,
} from "@agentmesh/protocol";
import type { Intake } from "../acceptance/intake.ts";
import { hashOf } from "../access/token-hash.ts";
import type { Agents } from "../agents.ts";
import { byOf, type KeyCaller } from "../caller.ts";
import { type Clock, timestamp } from "../clock.ts";
import { MeshError } from "../errors.ts";
import { newId } from "../ids.ts";
import type { Messages } from "../messages.ts";
import { bounce } from "../push/retry.ts";
import type { HookRecord, Store } from "../store.ts";
import type { Topics } from "../topics.ts";
import type { Seal } from "../webhook/seal.ts";
import type { Post, ReadPost } from "./post.ts";
import { newHookSecret, openHook, sealHook } from "./terms.ts";

type Table = typeof endpoints;

/** A post is noted when the last one that was is older than this, in milliseconds. */
const NOTED_WITHIN_MS = 60_000;

/** What the verbs work with. */
export interface HooksParts {
  readonly store: Store;
  readonly agents: Agents;
  readonly messages: Messages;
  readonly topics: Topics;
  readonly intake: Intake;
  readonly clock: Clock;
  readonly seal: Seal;
  readonly readPost: ReadPost;
}

/** The verbs on hooks. */
export class Hooks {
  readonly #parts: HooksParts;

  constructor(parts: HooksParts) {
    this.#parts = parts;
  }

  /** Makes a hook with an agent that its messages are from. @throws MeshError invalid_request, agent_not_found, agent_name_taken, quota_full */
  async make(
    caller: KeyCaller,
    { kind, topic, agent, name, secret, urgency, secretInUrl }: EndpointRequest<Table["makeHook"]>["body"],
  ): Promise<Omit<EndpointReply<Table["makeHook"]>, "urls">> {
    const { store, agents, intake, seal } = this.#parts;
    if ((topic === undefined) === (agent === undefined)) {
      throw new MeshError("invalid_request", "Name what the hook is for: a topic, or an agent, and not both.");
    }
    if (secretInUrl && kind !== "json") {
      throw new MeshError(
        "invalid_request",
        `${kind} proves its posts by headers: its secret does not go into the URL. Leave secretInUrl out.`,
      );
    }
    intake.check();
    const recipient = agent === undefined ? undefined : await agents.addressee(agent, caller);
    const id = newId("hok");
    const made = secret === undefined ? newHookSecret() : undefined;
    const inForce = secret ?? made ?? "";
    const record = await store.makeHook(
      {
        ...{ id, kind, most: MAX_HOOKS },
        target: topic === undefined ? { recipientId: recipientId(recipient) } : { topic },
        agent: {
          id: newId("agt"),
          // Nobody has a token of this hash.
          tokenHash: hashOf(randomBytes(32).toString("hex")),
          name: name ?? toAgentName(`${kind}-${(topic ?? recipient?.name ?? "").slice(0, 50)}`),
          ifTaken: name === undefined ? "number" : "refuse",
          profile: { client: `hook (${kind})`, summary: `posts of ${kind} for ${topic ?? recipient?.name}` },
          trust: "unverified",
          by: byOf(caller),
        },
        sealed: sealHook(seal, id, { secret: inForce, secretInUrl, urgency }),
      },
      byOf(caller),
    );
    if (record === "full") {
      throw new MeshError(
        "quota_full",
        `${MAX_HOOKS} hook URLs are in the mesh, which is the most. Remove some: agentmesh hook-url --list`,
      );
    }
    const path = `/v1/hooks/${id}${secretInUrl ? `/${encodeURIComponent(inForce)}` : ""}`;
    return { hook: this.#shown(record), path, ...(made !== undefined && { secret: made }) };
  }

  /** All of them, the newest first. */
  async list(): Promise<EndpointReply<Table["listHooks"]>> {
    return { hooks: (await this.#parts.store.listHooks(MAX_HOOKS)).map((each) => this.#shown(each)) };
  }

  /** Takes a hook out, with its agent; false when there was none. */
  async remove(caller: KeyCaller, id: HookId): Promise<EndpointReply<Table["removeHook"]>> {
    const { store } = this.#parts;
    const hook = await store.hook(id);
    if (hook) await store.removeAgent(hook.agent.id, bounce, byOf(caller));
    return { removed: hook !== undefined };
  }

  /**
   * Takes a post; undefined for one that nothing proves: of an unknown hook, or by another secret.
   * @throws MeshError post_not_readable, and what sending or publishing throws
   */
  async take(id: HookId, post: Post): Promise<TakeHookReply | undefined> {
    const { store, agents, intake, clock, seal, readPost } = this.#parts;
    const hook = await store.hook(id);
    const terms = hook && openHook(seal, id, hook.sealed);
    const proven = terms && readPost(post, { ...terms, kind: hook.kind, now: clock.now() });
    if (!hook || !terms || !proven) return undefined;
    const agent = await agents.find(hook.agent.id);
    if (!agent) return undefined;
    const taken =
      proven.kind === "nothing"
        ? { duplicate: false, deliveries: 0, why: proven.why }
        : await this.#send(hook, { kind: "agent", agent }, { ...proven, urgency: terms.urgency });
    const isToBeNoted = hook.quietMs === undefined || hook.quietMs >= NOTED_WITHIN_MS;
    // Not noting it keeps nobody from its mail.
    if (isToBeNoted && intake.closedWhy === undefined) await store.noteHook(id).catch(() => {});
    return taken;
  }

  async #send(
    { topic, recipient }: HookRecord,
    caller: Parameters<Topics["publish"]>[0],
    {
      text,
      key,
      urgency,
    }: { readonly text: string; readonly key: string | undefined; readonly urgency: Hook["urgency"] },
  ): Promise<TakeHookReply> {
    const { messages, topics } = this.#parts;
    const request = { body: text, urgency, ttlMs: DEFAULT_TTL_MS, ...(key !== undefined && { idempotencyKey: key }) };
    if (topic !== undefined) {
      const { messageId, duplicate, counts, accepted } = await topics.publish(caller, topic, request);
      return { messageId, duplicate, deliveries: counts?.accepted ?? accepted.length };
    }
    const { messageId, duplicate, deliveries } = await messages.send(caller, {
      ...request,
      to: recipientId(recipient),
    });
    return { messageId, duplicate, deliveries: deliveries.length };
  }

  #shown({ id, kind, agent, topic, recipient, sealed, madeAt, lastAt }: HookRecord): Hook {
    const terms = openHook(this.#parts.seal, id, sealed);
    return {
      ...{ id, kind, agent },
      ...(topic !== undefined && { topic }),
      ...(recipient && { recipient }),
      urgency: terms?.urgency ?? "normal",
      secretInUrl: terms?.secretInUrl ?? false,
      madeAt: timestamp(madeAt),
      ...(lastAt !== undefined && { lastAt: timestamp(lastAt) }),
      ...(!terms && { sealed: true as const }),
    };
  }
}

function recipientId(recipient: Party | undefined): Party["id"] {
  if (!recipient) throw new Error("a hook without a topic has a recipient");
  return recipient.id;
}
