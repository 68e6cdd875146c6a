/** The inbox: lease, ack, nack, extend, reject. */
import type {
  AckEntry,
  AckReply,
  DeliveryReply,
  EndpointReply,
  EndpointRequest,
  endpoints,
  LeaseReply,
} from "@agentmesh/protocol";
import { DeliveryId, DeliveryRef, inWords, MAX_BYTES_PER_PAGE } from "@agentmesh/protocol";
import * as z from "zod";
import { reachOf } from "./access/parties.ts";
import type { Agents } from "./agents.ts";
import { type AgentCaller, type AnyCaller, mayActFor, viewerOf } from "./caller.ts";
import { MeshError, unknownSession } from "./errors.ts";
import type { Turns } from "./looks/turns.ts";
import { wholeId } from "./names/short-ids.ts";
import { inboxQuota, type Policy } from "./policy.ts";
import { bounce, retryPolicy } from "./push/retry.ts";
import type { Wakes } from "./push/wakes.ts";
import type { AckAsked, InboxQuota, RefusedEntry, RetryPolicy, Store } from "./store.ts";
import {
  type AckOutcome,
  ackOutcome,
  ackReply,
  deliveryReply,
  granted,
  noDeadLetter,
  noHeld,
  wasHeld,
} from "./verdicts.ts";

const NamedDelivery = z.object({ delivery: DeliveryRef });

type Table = typeof endpoints;
type Body<K extends "lease" | "ack" | "ackMany" | "nack" | "extend" | "reject" | "refuse" | "reportPush"> =
  EndpointRequest<Table[K]>["body"];

/** The verbs on an agent's deliveries. */
export class Inbox {
  readonly #store: Store;
  readonly #agents: Agents;
  readonly #ready: Wakes<string>;
  readonly #turns: Turns;
  readonly #retry: RetryPolicy;
  readonly #quota: InboxQuota;

  constructor(parts: { store: Store; agents: Agents; policy: Policy; ready: Wakes<string>; turns: Turns }) {
    this.#turns = parts.turns;
    this.#store = parts.store;
    this.#agents = parts.agents;
    this.#ready = parts.ready;
    this.#retry = retryPolicy(parts.policy);
    this.#quota = inboxQuota(parts.policy);
  }

  /** Shows an inbox and changes nothing. @throws MeshError forbidden, agent_not_found */
  async list(
    from: AnyCaller,
    query: EndpointRequest<Table["listInbox"]>["query"],
  ): Promise<EndpointReply<Table["listInbox"]>> {
    const caller = await this.#agents.looker(from, query.agent);
    if (query.agent === undefined && caller.kind === "key") {
      throw new MeshError("invalid_request", "The mesh key has no inbox. Name one: ?agent=NAME");
    }
    const agent = await this.#agents.resolve(query.agent ?? "me", caller);
    mayActFor(caller, agent);
    const newestFirst = query.order === undefined ? query.before !== undefined : query.order === "newest";
    const { entries, open, held, more } = await this.#store.listInbox({
      agentId: agent.id,
      which: query.state,
      afterSeq: query.after,
      beforeSeq: query.before,
      newestFirst,
      limit: query.limit,
    });
    const last = entries.at(-1)?.seq;
    const next = last !== undefined && more && (newestFirst ? { nextBefore: last } : { nextAfter: last });
    return { entries, open, held, ...next };
  }

  /** Leases up to `max` deliveries, waiting up to `waitMs` for the first. @throws MeshError session_not_found, agent_not_found */
  async lease(caller: AgentCaller, request: Body<"lease">, signal: AbortSignal): Promise<LeaseReply> {
    const { id: agentId } = caller.agent;
    if (request.session !== undefined && !(await this.#store.touchSession(request.session, agentId, undefined))) {
      throw unknownSession(caller.agent, request.session);
    }
    const deadline = performance.now() + request.waitMs;
    for (;;) {
      using wait = this.#ready.wait(agentId, deadline - performance.now(), signal);
      const { leased, queued } = await this.#store.lease({
        agentId,
        max: request.max,
        maxBytes: request.maxBytes,
        leaseMs: request.leaseMs,
        session: request.session,
        push: request.toPush,
      });
      if (leased.length > 0 || performance.now() >= deadline || signal.aborted) {
        return { deliveries: leased.map((record) => record.delivery), queued };
      }
      await wait.over;
      await this.#agents.stay(caller);
    }
  }

  /** Ends a delivery for good. @throws MeshError delivery_not_found, other_life, lease_lost, delivery_settled */
  async ack(caller: AgentCaller, named: DeliveryRef, request: Body<"ack">): Promise<AckReply> {
    const ref = await this.#whole(caller, named);
    const verdict = await this.#store.ack(caller.agent.id, ref, request.receipt, request.evidence);
    return ackReply(verdict, ref, caller);
  }

  /** Ends deliveries for good, each by itself: a refusal of one, or a name of nothing, says nothing of the others. */
  async ackMany(caller: AgentCaller, { acks }: Body<"ackMany">): Promise<AckOutcome[]> {
    const asked = await Promise.all(acks.map((entry) => this.#ackAsked(caller, entry)));
    const verdicts = await this.#store.ackMany(
      caller.agent.id,
      asked.filter((each) => "ref" in each),
    );
    const next = verdicts.values();
    return acks.map(({ delivery }, i) => {
      const each = asked[i];
      const answer = each && "ref" in each ? next.next().value : each;
      return ackOutcome(answer, delivery, caller);
    });
  }

  /** Gives a delivery back. @throws MeshError delivery_not_found, other_life, lease_lost, delivery_settled */
  async nack(caller: AgentCaller, named: DeliveryRef, request: Body<"nack">): Promise<DeliveryReply> {
    const ref = await this.#whole(caller, named);
    const terms = { delayMs: request.delayMs, reason: request.reason, retry: this.#retry };
    return deliveryReply(granted(await this.#store.nack(caller.agent.id, ref, request.receipt, terms), ref, caller));
  }

  /** Renews a lease. @throws MeshError delivery_not_found, other_life, lease_lost, delivery_settled */
  async extend(caller: AgentCaller, named: DeliveryRef, request: Body<"extend">): Promise<DeliveryReply> {
    const ref = await this.#whole(caller, named);
    const verdict = await this.#store.extend(caller.agent.id, ref, request.receipt, request.leaseMs);
    return deliveryReply(granted(verdict, ref, caller));
  }

  /** Makes a delivery a dead letter. @throws MeshError delivery_not_found, other_life, lease_lost, delivery_settled */
  async reject(caller: AgentCaller, named: DeliveryRef, request: Body<"reject">): Promise<DeliveryReply> {
    const ref = await this.#whole(caller, named);
    const verdict = await this.#store.reject(caller.agent.id, ref, request.receipt, {
      reason: request.reason,
      bounce,
    });
    return deliveryReply(granted(verdict, ref, caller));
  }

  /** Dead letters, newest first, page by page. @throws MeshError forbidden, agent_not_found */
  async listDead(
    from: AnyCaller,
    query: EndpointRequest<Table["listDead"]>["query"],
  ): Promise<EndpointReply<Table["listDead"]>> {
    const caller = await this.#agents.looker(from, query.agent);
    const whose = query.agent ?? (caller.kind === "agent" ? "me" : undefined);
    const owner = whose === undefined ? undefined : await this.#agents.resolve(whose, caller);
    if (owner) mayActFor(caller, owner);
    const [at, id] = query.after?.split("/") ?? [];
    await this.#turns.look(caller).turn();
    const { entries, nextAfter } = await this.#store.listDead({
      owner: owner?.id,
      after: query.after === undefined ? undefined : { at: Number(at), id: DeliveryId.parse(id) },
      limit: query.limit,
      maxBytes: MAX_BYTES_PER_PAGE,
    });
    return { entries, ...(nextAfter && { nextAfter: `${nextAfter.at}/${nextAfter.id}` }) };
  }

  /** Puts a dead letter back into its inbox. @throws MeshError delivery_not_found, other_life, not_dead, agent_not_found, inbox_full, body_damaged */
  async redrive(from: AnyCaller, named: DeliveryRef): Promise<DeliveryReply> {
    const { owner, ref } = await this.#reached(from, named, noDeadLetter);
    const verdict = await this.#store.redrive(owner, ref, this.#quota);
    if (verdict.kind === "done") return deliveryReply(verdict.delivery);
    if (verdict.kind === "not_dead") {
      const { id, state } = verdict.delivery;
      throw new MeshError("not_dead", `${id} is ${state}, not dead: there is nothing to redrive.`);
    }
    if (verdict.kind === "recipient_gone") {
      throw new MeshError(
        "agent_not_found",
        `${ref} was for ${verdict.recipient}, who has left the mesh: it cannot be put back. Its text is in the history (agentmesh history); send it to an agent that is there.`,
      );
    }
    throw noDeadLetter(ref);
  }

  /** Takes a dead letter off the list. @throws MeshError delivery_not_found, other_life, not_dead */
  async dismiss(from: AnyCaller, named: DeliveryRef): Promise<DeliveryReply> {
    const { owner, ref } = await this.#reached(from, named, noDeadLetter);
    const verdict = await this.#store.dismiss(owner, ref);
    if (verdict.kind === "done") return deliveryReply(verdict.delivery);
    if (verdict.kind === "not_found") throw noDeadLetter(ref);
    const { id, state } = verdict.delivery;
    throw new MeshError("not_dead", `${id} is ${state}, not dead: there is nothing to dismiss.`);
  }

  /** Lets a held delivery into its inbox. @throws MeshError delivery_not_found, other_life, not_held */
  async admit(from: AnyCaller, named: DeliveryRef): Promise<DeliveryReply> {
    const { owner, ref } = await this.#reached(from, named, noHeld);
    return deliveryReply(wasHeld(await this.#store.admit(owner, ref), ref));
  }

  /** Refuses a held delivery for good. @throws MeshError delivery_not_found, other_life, not_held */
  async refuse(from: AnyCaller, named: DeliveryRef, request: Body<"refuse">): Promise<DeliveryReply> {
    const { owner, ref } = await this.#reached(from, named, noHeld);
    const terms = { reason: request.reason ?? "no reason given", bounce };
    return deliveryReply(wasHeld(await this.#store.refuse(owner, ref, terms), ref));
  }

  /** Notes a push, or its failure. @throws MeshError delivery_not_found, other_life, lease_lost, delivery_settled */
  async reportPush(caller: AgentCaller, named: DeliveryRef, request: Body<"reportPush">): Promise<DeliveryReply> {
    const ref = await this.#whole(caller, named);
    const push = { path: request.path, failedWhy: request.failedWhy };
    return deliveryReply(
      granted(await this.#store.recordPush(caller.agent.id, ref, request.receipt, push), ref, caller),
    );
  }

  async #ackAsked(caller: AgentCaller, entry: AckEntry): Promise<AckAsked | RefusedEntry> {
    try {
      const { delivery } = NamedDelivery.parse({ delivery: entry.delivery }, inWords);
      return { ref: await this.#whole(caller, delivery), receipt: entry.receipt, evidence: entry.evidence };
    } catch (error) {
      return { kind: "refused", error };
    }
  }

  /** In whose inbox a caller decides: with the mesh key in any. */
  async #reached(from: AnyCaller, named: DeliveryRef, unknown: (ref: string) => MeshError) {
    const { caller, ref } = await reachOf(this.#store, from, named, unknown);
    return { owner: viewerOf(caller), ref };
  }

  #whole(caller: AgentCaller, ref: DeliveryRef): Promise<DeliveryRef> {
    return wholeId(this.#store, ref, caller.agent.id);
  }
}
