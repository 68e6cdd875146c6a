/** The peers of this broker: registered, resumed after a restart, found again by what they are called. */
import { createHmac, randomInt } from "node:crypto";
import { type Agent, type AgentId, type Party, WEBHOOK_PATH } from "@agentmesh/protocol";
import type { WholeCaller } from "../mesh/caller.ts";
import { MeshError } from "../mesh/errors.ts";
import type { Mesh } from "../mesh/mesh.ts";
import type { Store } from "../mesh/store.ts";
import { PeerInbox } from "./inbox.ts";
import type { Peer } from "./peer.ts";
import { factsOf, nameFor, PeerFacts, profileOf, samePlace, unknownFacts } from "./peer-facts.ts";
import { isGone } from "./process-gone.ts";
import type { RegisterPeer } from "./wire.ts";

/** What the command line of the predecessor calls itself as a sender; no agent of ours is meant by it. */
const COMMAND_LINE = "cli";

/** The form of an id that a broker of this wire gives. */
const GIVEN_ID = /^[a-z0-9]{8}$/;
const ID_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789";

/** Most names that something was sent under without a registration. */
const MOST_SENDERS = 100;

/** What peers are kept in, and made with. */
export interface PeerParts {
  readonly mesh: Mesh;
  readonly store: Pick<Store, "keepLegacyPeer" | "listLegacyPeers">;
  readonly meshKey: string;
}

/** The peers, by what they are called and by agent. */
export class Peers {
  readonly #parts: PeerParts;
  readonly #byId = new Map<string, Peer>();
  readonly #byAgent = new Map<AgentId, Peer>();
  #registering: Promise<unknown> = Promise.resolve();

  private constructor(parts: PeerParts) {
    this.#parts = parts;
  }

  /** The peers of earlier runs. */
  static async load(parts: PeerParts): Promise<Peers> {
    const peers = new Peers(parts);
    for (const { id, agentId, facts } of await parts.store.listLegacyPeers()) {
      peers.#put({ id, agentId, inbox: new PeerInbox(parts.mesh), facts: PeerFacts.parse(JSON.parse(facts)) });
    }
    return peers;
  }

  ofAgent(agentId: AgentId): Peer | undefined {
    return this.#byAgent.get(agentId);
  }

  /** Its token: made of its id and the mesh key, so that one who comes back has the same. */
  tokenOf(id: string): string {
    return createHmac("sha256", this.#parts.meshKey).update(`agentmesh legacy peer\n${id}`).digest("hex");
  }

  /** Who acts when this peer does; undefined when its agent was taken out of the mesh, and the peer with it. */
  async callerOf(peer: Peer): Promise<WholeCaller | undefined> {
    const agent = await this.#parts.mesh.agents.find(peer.agentId);
    if (agent) return { kind: "agent", agent };
    this.#byId.delete(peer.id);
    this.#byAgent.delete(peer.agentId);
    return undefined;
  }

  /** Makes a peer, or resumes the one of the same place whose process is gone: its mail is not lost with its process. */
  register(said: RegisterPeer, authorization: string | undefined): Promise<Peer> {
    const registered = this.#registering.then(async () => {
      const news = factsOf(said, new Date().toISOString());
      const before = await this.#gonePeerLike(news, authorization);
      const facts = { ...news, bound: before?.facts.bound ?? false };
      const peer = await this.#keep(before?.id ?? this.#newId(), facts);
      const caller = await this.callerOf(peer);
      if (!caller) return peer;
      await before?.inbox.abandon(caller);
      await peer.inbox.keepAlive(caller, facts);
      await this.#setWebhook(caller, facts.transport);
      return peer;
    });
    this.#registering = registered.catch(() => undefined);
    return registered;
  }

  /** The peer that acts under an id. @throws MeshError forbidden when it names an agent that has a token */
  async acting(id: string | undefined): Promise<Peer | undefined> {
    if (id === undefined) return undefined;
    await this.#refuseVerified(id);
    return this.#byId.get(id);
  }

  /** As `acting`; an id that an earlier broker gave is taken on, so that sessions outlive the change of brokers. */
  async arriving(id: string | undefined): Promise<Peer | undefined> {
    const peer = await this.acting(id);
    const unknown = peer === undefined || peer.facts.standing === "sender";
    if (!unknown || id === undefined || !GIVEN_ID.test(id)) return peer;
    return this.#keep(id, unknownFacts("here", new Date().toISOString()));
  }

  /** Whoever sends under an id; one that never registered is a name only. @throws MeshError invalid_request, forbidden */
  async sending(id: string | undefined): Promise<Peer> {
    if (id === undefined) throw new MeshError("invalid_request", "from_id is missing.");
    const peer = await this.acting(id);
    if (peer) return peer;
    const senders = [...this.#byId.values()].filter(({ facts }) => facts.standing === "sender");
    if (senders.length < MOST_SENDERS) return this.#keep(id, unknownFacts("sender", new Date().toISOString()));
    throw new MeshError("forbidden", `Too many have sent without registering. Register first: POST /register`);
  }

  /** Changes what is known of a peer. */
  async change(peer: Peer, change: Partial<PeerFacts>): Promise<void> {
    peer.facts = { ...peer.facts, ...change };
    await this.#write(peer);
  }

  /** The agent that a text addresses: one with a token by its name or id, or a peer that is here. */
  async addressee(text: string): Promise<Agent | undefined> {
    const { agents } = this.#parts.mesh;
    const named = await agents.find(text);
    if (named?.trust === "verified" && text !== COMMAND_LINE) return agents.show(named);
    const peer = this.#byId.get(text) ?? (named && this.#byAgent.get(named.id));
    const record = peer && (await agents.find(peer.agentId));
    const agent = record && agents.show(record);
    return agent && this.isHere(agent) ? agent : undefined;
  }

  /** Whether an agent is listed: it has a live session or a webhook, and has not said goodbye on this wire. */
  isHere({ id, presence, pushPaths }: Pick<Agent, "id" | "presence" | "pushPaths">): boolean {
    const reached = pushPaths.some(({ path }) => path === WEBHOOK_PATH);
    return (presence !== "offline" || reached) && this.#stays(id);
  }

  /** Whether an agent has not said goodbye here, nor is a mere name of a sender. */
  #stays(id: AgentId): boolean {
    return (this.#byAgent.get(id)?.facts.standing ?? "here") === "here";
  }

  /** How many agents are here. */
  async count(): Promise<number> {
    const { agents, webhooks } = this.#parts.mesh;
    const reached = new Set([...(await agents.live({ kind: "key" })).keys(), ...webhooks.agents]);
    return [...reached].filter((id) => this.#stays(id)).length;
  }

  /** A peer says goodbye: nothing is posted to it, and its subscriptions end. */
  async farewell(peer: Peer, caller: WholeCaller): Promise<void> {
    const { topics } = this.#parts.mesh;
    await this.change(peer, { standing: "left" });
    await peer.inbox.leave(caller);
    await this.#setWebhook(caller, { type: "poll" });
    for (;;) {
      const { subscriptions } = await topics.subscriptions(caller, { limit: 200 });
      if (subscriptions.length === 0) break;
      for (const { topic } of subscriptions) await topics.unsubscribe(caller, topic);
    }
  }

  /** What an agent is called on this wire. */
  idOf({ id, name }: Party): string {
    return this.#byAgent.get(id)?.id ?? (name === COMMAND_LINE ? id : name);
  }

  /** Has what comes for a peer posted to its URL, or no longer. @throws MeshError webhook_url_forbidden */
  async #setWebhook(caller: WholeCaller, { type, webhook_url: url }: PeerFacts["transport"]): Promise<void> {
    const { webhooks } = this.#parts.mesh;
    if (type !== "webhook" || url === undefined) await webhooks.remove(caller, "me");
    else await webhooks.set(caller, "me", { url, dialect: "legacy", maxInFlight: 1, urgency: "normal" });
  }

  async #refuseVerified(id: string): Promise<void> {
    if (id === COMMAND_LINE) return;
    const named = await this.#parts.mesh.agents.find(id);
    if (named?.trust !== "verified") return;
    throw new MeshError(
      "forbidden",
      `"${id}" is an agent with a token of its own. Nobody acts as it on this wire; use /v1 with its token.`,
    );
  }

  async #keep(id: string, facts: PeerFacts): Promise<Peer> {
    const { agent } = await this.#parts.mesh.agents.register(
      { kind: "key" },
      { name: await nameFor(id, facts), ifTaken: "number", token: this.tokenOf(id), ...profileOf(facts) },
      { trust: "unverified", by: { kind: "nobody", name: "the predecessor's wire" } },
    );
    const peer: Peer = { id, agentId: agent.id, inbox: new PeerInbox(this.#parts.mesh), facts };
    await this.#write(peer);
    this.#put(peer);
    return peer;
  }

  #write({ id, agentId, facts }: Peer): Promise<void> {
    return this.#parts.store.keepLegacyPeer({ id, agentId, facts: JSON.stringify(facts) });
  }

  #put(peer: Peer): void {
    this.#byId.set(peer.id, peer);
    this.#byAgent.set(peer.agentId, peer);
  }

  /**
   * One that has shown its token is resumed by its token, or when the system says that its process is gone: what the list
   * shows of it opens it to nobody.
   */
  async #gonePeerLike(facts: PeerFacts, authorization: string | undefined): Promise<Peer | undefined> {
    for (const peer of [...this.#byId.values()]) {
      if (peer.facts.standing === "sender" || !samePlace(peer.facts, facts)) continue;
      const caller = await this.callerOf(peer);
      if (!caller) continue;
      const { standing, pid, bound } = peer.facts;
      if (bound && authorization !== `Bearer ${this.tokenOf(peer.id)}` && !isGone(peer.facts)) continue;
      const offline = this.#parts.mesh.agents.presence(caller.agent) === "offline";
      if (standing === "left" || pid === facts.pid || offline || isGone(peer.facts)) return peer;
    }
    return undefined;
  }

  #newId(): string {
    for (;;) {
      const id = Array.from({ length: 8 }, () => ID_LETTERS[randomInt(ID_LETTERS.length)]).join("");
      if (!this.#byId.has(id)) return id;
    }
  }
}
