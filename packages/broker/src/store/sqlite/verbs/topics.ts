/** The Store's verbs on topics and asks, and on what was held or has died. */
import type { AgentId } from "@agentmesh/protocol";
import type { Store } from "../../../mesh/store.ts";
import { admitHeld, allTaken, cancelMessage, dismissDelivery, onHeld, redriveDelivery } from "../acts/decisions.ts";
import { endUnacked } from "../acts/end.ts";
import { publish } from "../acts/publish.ts";
import { remind } from "../acts/remind.ts";
import { subscribe } from "../acts/subscribe.ts";
import { type Budget, laneOf, type Slice, sum } from "../commits/slices.ts";
import type { EngineContext } from "../context.ts";
import type { Engine } from "../engine.ts";
import { lookForTopics } from "../names/meant-topics.ts";
import { acceptedUnder, askStatus, deadPage } from "./reads.ts";

/** What verbs are made of: the statements, and how to run an act or a read. */
export interface VerbParts {
  readonly engine: Engine;
  readonly context: EngineContext;
  readonly read: <T>(act: () => T) => Promise<T>;
  /** Runs an act in a lane: whoever's it is, it takes its turn. */
  readonly write: <T>(lane: string, act: () => T) => Promise<T>;
  /** Runs an act that may be big, a slice at a time. */
  readonly writeSliced: <T>(
    lane: string,
    slice: (budget: Budget, kept: readonly T[]) => Slice<T>,
  ) => Promise<readonly T[]>;
  /** Hints `ready`, now. */
  readonly hint: (agentId: AgentId) => void;
}

/** Verbs on topics and subscriptions. */
export function topicVerbs({
  engine,
  context,
  write,
  writeSliced,
}: VerbParts): Pick<Store, "publish" | "subscribe" | "unsubscribe"> {
  return {
    publish: async (message, quota) => {
      const whole = writeSliced(laneOf.sends(message.senderId), publish(engine, context, message, quota));
      context.publishing.set(message.id, whole);
      try {
        const last = (await whole).at(-1);
        if (!last) throw new Error(`the publish of ${message.id} has no end`);
        return last;
      } finally {
        context.publishing.delete(message.id);
      }
    },
    subscribe: async (agentId, pattern, retained, quota) => {
      const looked = retained > 0 ? lookForTopics(engine, pattern) : undefined;
      const meant = looked instanceof Promise ? await looked : looked;
      return write(laneOf.agent(agentId), () => subscribe(engine, context, agentId, pattern, retained, quota, meant));
    },
    unsubscribe: (agentId, pattern) => write(laneOf.agent(agentId), () => engine.topics.unsubscribe(agentId, pattern)),
  };
}

/** Verbs on the predecessor's peers. */
export function legacyVerbs({ engine, read, write }: VerbParts): Pick<Store, "keepLegacyPeer" | "listLegacyPeers"> {
  return {
    keepLegacyPeer: (peer) => write(laneOf.agent(peer.agentId), () => engine.legacyPeers.put(peer)),
    listLegacyPeers: () => read(engine.legacyPeers.all),
  };
}

/** Verbs on asks, and on the keys under which messages were sent. */
export function askVerbs({
  engine,
  context,
  read,
  writeSliced,
}: VerbParts): Pick<Store, "acceptedUnder" | "askStatus" | "listAsks" | "remindAsks"> {
  const { asks } = engine;
  return {
    acceptedUnder: (senderId, key) => read(() => acceptedUnder(engine, senderId, key)),
    askStatus: (messageId) => read(() => askStatus(engine, messageId, context.clock.now())),
    listAsks: (side, agentId, limit, turn) => piecewise(read, asks.list(side, agentId, limit), turn),
    remindAsks: async (notices, limit) => {
      if (asks.overdue(1).length === 0) return 0;
      const rounds = await writeSliced(laneOf.care, remind(engine, context, notices, limit));
      return sum(rounds.map(({ asks }) => asks));
    },
  };
}

/** Verbs of an inbox's owner on what is not on its way: held, or dead. */
export function decisionVerbs({
  engine,
  context,
  read,
  write,
  writeSliced,
}: VerbParts): Pick<Store, "cancel" | "admit" | "refuse" | "redrive" | "dismiss" | "listDead"> {
  return {
    cancel: async (messageId, senderId) =>
      allTaken(await writeSliced(laneOf.sends(senderId), cancelMessage(engine, messageId, senderId))),
    admit: (owner, ref) => write(laneOf.owner(owner), () => admitHeld(engine, context, owner, ref)),
    refuse: (owner, ref, { reason, bounce }) =>
      write(laneOf.owner(owner), () =>
        onHeld(engine, owner, ref, ({ pk }) =>
          endUnacked(engine, context, pk, { state: "refused", event: "refused", reason, bounce }),
        ),
      ),
    redrive: (owner, ref, quota) =>
      write(laneOf.owner(owner), () => redriveDelivery(engine, context, owner, ref, quota)),
    dismiss: (owner, ref) => write(laneOf.owner(owner), () => dismissDelivery(engine, owner, ref)),
    listDead: (query) => read(() => deadPage(engine, query, context.clock.now())),
  };
}

/** Runs a look to its end, and lets others have their turn between its pieces. */
async function piecewise<T>(
  read: VerbParts["read"],
  look: Generator<undefined, T>,
  turn: (() => Promise<void>) | undefined,
): Promise<T> {
  for (;;) {
    const piece = await read(() => look.next());
    if (piece.done) return piece.value;
    await turn?.();
  }
}

/** Verbs on what was sent and what became of it. */
export function historyVerbs({
  engine: { history, log, messages, shortIds },
  read,
}: VerbParts): Pick<Store, "listMessages" | "findParty" | "wroteAfter" | "log" | "idsLike"> {
  return {
    listMessages: (query) => read(() => history.list(query)),
    findParty: (nameOrId) => read(() => history.findParty(nameOrId)),
    wroteAfter: (messageId, client) => read(() => messages.wroteAfter(messageId, client)),
    idsLike: (beginning, viewer) => read(() => shortIds.like(beginning, viewer)),
    log: (query) => piecewise(read, log.page(query), query.turn),
  };
}
