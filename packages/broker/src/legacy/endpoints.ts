/** The predecessor's endpoints by path: parse, check who acts, one act. */
import { inWords } from "@agentmesh/protocol";
import type { WholeCaller } from "../mesh/caller.ts";
import { MeshError } from "../mesh/errors.ts";
import type { Mesh } from "../mesh/mesh.ts";
import { checkToken } from "./access.ts";
import type { Writing } from "./inbox.ts";
import { Listing } from "./listing.ts";
import { broadcast, polledMessage, sendMessage } from "./messages.ts";
import type { Peer } from "./peer.ts";
import { profileOf } from "./peer-facts.ts";
import type { Peers } from "./peers.ts";
import { topicOf } from "./topics.ts";
import { Broadcast, ListPeers, OfPeer, OnTopic, RegisterPeer, SendMessage, SetSummary } from "./wire.ts";

/** What a request brings. */
export interface Asked {
  readonly body: unknown;
  readonly authorization: string | undefined;
  /** What becomes of the answer. */
  readonly writing: Writing;
}

const OK = { ok: true } as const;

/** The endpoints over a mesh. All are POST; a peer that is not known is no error, as its clients expect. */
export function legacyEndpoints(parts: { readonly mesh: Mesh; readonly peers: Peers }) {
  const { mesh, peers } = parts;
  const listing = new Listing(parts);

  /** Runs an act of a peer whose token, if it has shown one, is right; nothing for one that is not known. */
  async function as<T>(
    how: "acting" | "arriving" | "sending",
    id: string | undefined,
    { authorization }: Asked,
    act: (caller: WholeCaller, peer: Peer) => Promise<T>,
  ): Promise<T | undefined> {
    for (;;) {
      const peer = await peers[how](id);
      await checkToken(parts, authorization, peer);
      if (!peer) return undefined;
      const caller = await peers.callerOf(peer);
      if (caller) return act(caller, peer);
      // Its agent was taken out of the mesh, and the peer is forgotten with it: it is made anew, or not found.
    }
  }

  async function keepAlive(caller: WholeCaller, { facts, inbox }: Peer): Promise<void> {
    if (facts.standing === "here") await inbox.keepAlive(caller, facts);
  }

  return {
    "/register": async ({ body, authorization }: Asked) => {
      const { id } = await peers.register(RegisterPeer.parse(body, inWords), authorization);
      return { id, token: peers.tokenOf(id) };
    },

    "/heartbeat": async (asked: Asked) => {
      await as("acting", OfPeer.parse(asked.body, inWords).id, asked, keepAlive);
      return OK;
    },

    "/set-summary": async (asked: Asked) => {
      const { id, summary } = SetSummary.parse(asked.body, inWords);
      await as("acting", id, asked, async (caller, peer) => {
        await peers.change(peer, { summary });
        await mesh.agents.setSummary(caller, profileOf(peer.facts).summary ?? "");
      });
      return OK;
    },

    "/list-peers": async (asked: Asked) => {
      await checkToken(parts, asked.authorization, undefined);
      return listing.show(ListPeers.parse(asked.body, inWords), asked.writing.gone);
    },

    "/send-message": async (asked: Asked) => {
      const { from_id, to_id, text } = SendMessage.parse(asked.body, inWords);
      return as("sending", from_id, asked, (caller) => sendMessage(parts, caller, to_id, text));
    },

    "/broadcast": async (asked: Asked) => {
      const { from_id, topic, text } = Broadcast.parse(asked.body, inWords);
      if (topic === undefined) return { ...OK, delivered_to: [] };
      if (text === undefined) throw new MeshError("invalid_request", "text is missing.");
      return as("sending", from_id, asked, (caller) => broadcast(parts, caller, topic, text));
    },

    "/subscribe": async (asked: Asked) => {
      const { id, topic } = OnTopic.parse(asked.body, inWords);
      if (topic === undefined) return OK;
      await as("arriving", id, asked, (caller) =>
        mesh.topics.subscribe(caller, { topic: topicOf(topic), retained: 0 }),
      );
      return OK;
    },

    "/unsubscribe": async (asked: Asked) => {
      const { id, topic } = OnTopic.parse(asked.body, inWords);
      if (topic === undefined) return OK;
      await as("acting", id, asked, (caller) => mesh.topics.unsubscribe(caller, topicOf(topic)));
      return OK;
    },

    "/poll-messages": async (asked: Asked) => {
      const messages = await as("arriving", OfPeer.parse(asked.body, inWords).id, asked, async (caller, peer) => {
        await keepAlive(caller, peer);
        const deliveries = await peer.inbox.poll(caller, asked.writing);
        return deliveries.map((delivery) => polledMessage(parts, peer.id, delivery));
      });
      return { messages: messages ?? [] };
    },

    "/unregister": async (asked: Asked) => {
      await as("acting", OfPeer.parse(asked.body, inWords).id, asked, async (caller, peer) => {
        if (peer.facts.standing === "here") await peers.farewell(peer, caller);
      });
      return OK;
    },
  } satisfies Record<string, (asked: Asked) => Promise<unknown>>;
}
