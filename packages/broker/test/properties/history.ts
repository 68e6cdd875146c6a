/** What was asked and answered so far, as an outsider remembers it. */
import type { AgentId, DeliveryRef, MessageId, PolicyAction, SessionId, Urgency } from "@agentmesh/protocol";
import type { LeaseTerms, MessageToEnqueue, MessageToPublish, PushTerms } from "../../src/mesh/store.ts";
import {
  type AgentHistory,
  type AskHistory,
  type DeliveryHistory,
  isAlive,
  isOpen,
  type KeyHistory,
  type MachineHistory,
  type MessageHistory,
  pushesBy,
  type SessionHistory,
} from "./history-records.ts";
import { actionOf } from "./standing.ts";
import { MEANS } from "./world.ts";

export * from "./history-records.ts";

const WEIGHTS = { fyi: 0, normal: 1, interrupt: 2 };

/** The memory of one run. */
export class History {
  readonly agents: AgentHistory[] = [];
  readonly sessions: SessionHistory[] = [];
  readonly machines: MachineHistory[] = [];
  /** Tokens that are void for good. */
  readonly voidTokens = new Set<string>();
  /** Since when a heartbeat waits to be written. */
  unwrittenSince: number | undefined;
  /** In the order of acceptance. */
  readonly messages: MessageHistory[] = [];
  readonly deliveries: DeliveryHistory[] = [];
  readonly asks: AskHistory[] = [];
  readonly sends: MessageToEnqueue[] = [];
  readonly publishes: MessageToPublish[] = [];
  readonly receipts = new Set<string>();
  /** Highest seq that was leased for the first time, by sender, inbox and urgency. */
  readonly firstLeases = new Map<string, number>();
  readonly #byId = new Map<string, DeliveryHistory>();
  readonly #inboxes = new Map<AgentId, DeliveryHistory[]>();
  readonly #keys = new Map<string, KeyHistory>();

  get present(): AgentHistory[] {
    return this.agents.filter(({ removed }) => !removed);
  }

  agent(id: AgentId): AgentHistory | undefined {
    return this.agents.find((each) => each.id === id && !each.removed);
  }

  delivery(id: string): DeliveryHistory | undefined {
    return this.#byId.get(id);
  }

  message(id: MessageId | undefined): MessageHistory | undefined {
    return this.messages.find((each) => each.id === id);
  }

  session(id: SessionId | undefined): SessionHistory | undefined {
    return this.sessions.find((each) => each.id === id);
  }

  remember(delivery: DeliveryHistory): void {
    this.deliveries.push(delivery);
    this.#byId.set(delivery.id, delivery);
    const inbox = this.#inboxes.get(delivery.to.id) ?? [];
    this.#inboxes.set(delivery.to.id, inbox);
    inbox.push(delivery);
    delivery.of.deliveries.push(delivery);
  }

  /** The delivery that an agent means by an id or a seq: one of its own inbox that is still kept. */
  named(agentId: AgentId, ref: DeliveryRef): DeliveryHistory | undefined {
    return this.kept(agentId).find((each) => each.id === ref || String(each.seq) === ref);
  }

  /** The delivery that the owner of the mesh means by an id; an agent by an id or seq of its own inbox. */
  meant(owner: AgentId | undefined, ref: DeliveryRef): DeliveryHistory | undefined {
    if (owner !== undefined) return this.named(owner, ref);
    const found = this.delivery(ref);
    return found?.pruned ? undefined : found;
  }

  kept(agentId: AgentId): DeliveryHistory[] {
    return (this.#inboxes.get(agentId) ?? []).filter(({ pruned }) => !pruned);
  }

  open(agentId: AgentId): DeliveryHistory[] {
    return this.kept(agentId).filter(isOpen);
  }

  /** What counts into the quota. */
  alive(agentId: AgentId): DeliveryHistory[] {
    return this.kept(agentId).filter(isAlive);
  }

  queued(agentId: AgentId): DeliveryHistory[] {
    return this.kept(agentId).filter(({ state }) => state === "queued");
  }

  held(agentId: AgentId): DeliveryHistory[] {
    return this.kept(agentId).filter(({ state }) => state === "held");
  }

  leased(): DeliveryHistory[] {
    return this.deliveries.filter(({ state }) => state === "leased");
  }

  heldBy(session: SessionId): DeliveryHistory[] {
    return this.leased().filter(({ lease }) => lease?.session === session);
  }

  /** Streamed leases of a session after a position. */
  streamedBy(session: SessionId, after = 0): DeliveryHistory[] {
    return this.heldBy(session).filter(({ lease }) => (lease?.position ?? 0) > after);
  }

  /** What may be leased on these terms, in the order of reading. */
  leasable(terms: Pick<LeaseTerms, "agentId" | "session" | "stream" | "push">, now: number): DeliveryHistory[] {
    const { agentId, session, stream } = terms;
    if (stream && this.session(session)?.silent) return [];
    const push: PushTerms | undefined = stream ?? terms.push;
    const enough = push?.maxPushes ?? Number.POSITIVE_INFINITY;
    const least = push ? this.leastWeight(agentId, push.urgency, now) : 0;
    const isLast = ({ id }: DeliveryHistory) => Number(id === push?.webhook?.last);
    return this.queued(agentId)
      .filter(({ dueAt, delays }) => dueAt <= now || (delays === "webhook" && !push?.webhook))
      .filter((each) => each.expiresAt > now && pushesBy(each, session) < enough)
      .filter(({ weight }) => weight >= least)
      .sort((a, b) => isLast(a) - isLast(b) || a.rank - b.rank || a.seq - b.seq);
  }

  /** The least urgency that is given out to be pushed. */
  leastWeight(agentId: AgentId, asked: Urgency = "fyi", now: number): number {
    const focus = this.agent(agentId)?.focus;
    if (!focus || focus.until <= now) return WEIGHTS[asked];
    return focus.allows === "interrupt" ? WEIGHTS.interrupt : Number.POSITIVE_INFINITY;
  }

  /** What the receiver's policy does with messages of a sender. */
  action(receiver: AgentHistory, senderId: AgentId): PolicyAction {
    const sender = this.agents.find(({ id }) => id === senderId);
    return sender ? actionOf(sender, receiver) : "accept";
  }

  /** Agents with a pattern that means the topic, in the order of their registration. */
  subscribers(topic: string): AgentHistory[] {
    return this.present.filter(({ subscriptions }) =>
      [...subscriptions.keys()].some((pattern) => MEANS[pattern]?.includes(topic)),
    );
  }

  /** The ask that a message is. */
  ask(id: MessageId | undefined): AskHistory | undefined {
    return this.asks.find(({ delivery }) => delivery.of.id === id);
  }

  keyInUse(senderId: AgentId, key: string | undefined, now: number): KeyHistory | undefined {
    const found = key === undefined ? undefined : this.#keys.get(`${senderId} ${key}`);
    return found && found.until > now ? found : undefined;
  }

  /** Whether a key stands for a message. */
  isKeyed(of: MessageHistory): boolean {
    return [...this.#keys.values()].some((key) => key.of === of);
  }

  /** Forgets keys whose window is over, and those of a message that is gone. */
  forgetKeys(gone: (key: KeyHistory) => boolean): void {
    for (const [name, key] of this.#keys) if (gone(key)) this.#keys.delete(name);
  }

  useKey(senderId: AgentId, key: string, use: KeyHistory): void {
    this.#keys.set(`${senderId} ${key}`, use);
  }
}
