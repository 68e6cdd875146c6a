/** The Store port over Postgres: every act is a transaction, every look one moment of the database, and nothing is remembered. */
import type { PolicyAction } from "@agentmesh/protocol";
import { ActLanes } from "../../mesh/act-lanes.ts";
import type { Clock } from "../../mesh/clock.ts";
import type { Store } from "../../mesh/store.ts";
import { FoundDamage } from "../shared/damage.ts";
import { laneOf } from "../shared/lanes.ts";
import { voidLeases } from "./acts/lease.ts";
import { agentGlances } from "./agent/glances.ts";
import type { Act, Witness } from "./commits/begun.ts";
import { Transactions } from "./commits/transactions.ts";
import type { Waiting } from "./commits/waiting.ts";
import type { Notice } from "./context.ts";
import type { OpenPostgres } from "./database/open.ts";
import { sharedMesh } from "./shared/shared-mesh.ts";
import { accessVerbs } from "./verbs/access.ts";
import { agentCardVerbs } from "./verbs/agent-cards.ts";
import { agentVerbs } from "./verbs/agents.ts";
import { askVerbs } from "./verbs/asks.ts";
import { careVerbs } from "./verbs/care.ts";
import { decisionVerbs } from "./verbs/decisions.ts";
import { eventVerbs } from "./verbs/events.ts";
import { historyVerbs } from "./verbs/history.ts";
import { hookVerbs } from "./verbs/hooks.ts";
import { keepingVerbs } from "./verbs/keeping.ts";
import { leaseVerbs } from "./verbs/leases.ts";
import { legacyVerbs } from "./verbs/legacy-peers.ts";
import { listingVerbs } from "./verbs/listings.ts";
import { lookVerbs } from "./verbs/looks.ts";
import { needVerbs } from "./verbs/needs.ts";
import type { SlicedAct, VerbParts } from "./verbs/parts.ts";
import { sendVerbs } from "./verbs/sends.ts";
import { sessionVerbs } from "./verbs/sessions.ts";
import { topicVerbs } from "./verbs/topics.ts";
import { webhookVerbs } from "./verbs/webhooks.ts";

/** What a store is given beside its database. */
export interface PostgresTerms {
  readonly notice: Notice;
  readonly remoteSenders?: PolicyAction;
  /** In place of the database's time, where a test's subject is time. */
  readonly clock?: Clock;
  /** Told in which order acts were done; a test's own. */
  readonly witness?: Witness;
}

/** The Store over an open database. */
export function postgresStore(
  open: OpenPostgres,
  { notice, clock, witness, remoteSenders = "accept" }: PostgresTerms,
): Store {
  const { db, epoch, instanceId, seat } = open;
  const damage = new FoundDamage();
  const transactions = new Transactions({ db, epoch, remoteSenders, notice, damage, clock, seat, witness });
  const lanes = new ActLanes();
  const glances = agentGlances(db, clock);
  const inSlices = async <T>(slice: SlicedAct<T>): Promise<readonly T[]> => {
    const kept: T[] = [];
    for (;;) {
      const { part, more } = await transactions.act((engine, context) => slice(engine, context, kept));
      kept.push(part);
      if (!more) return kept;
    }
  };
  let voided: Promise<unknown> | undefined;
  const voidAll = async (): Promise<void> => {
    if (seat.isFirst) await inSlices(voidLeases);
    await seat.settle();
  };
  /** What an earlier process had leased is back before anything is asked; what went wrong with that is tried again. */
  const begun = async (): Promise<void> => {
    voided ??= voidAll();
    try {
      await voided;
    } catch (error) {
      voided = undefined;
      throw error;
    }
  };
  // Others wait for a seat meanwhile.
  begun().catch(() => {});
  const share = <T>(
    lane: string,
    act: Act<T>,
    how: (answer: (value: T) => void) => Pick<Waiting, "agents" | "asked">,
  ): Promise<T> => {
    const seen = witness?.asked();
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const doIt = async (): Promise<void> => {
      await begun();
      await transactions.together({
        ...how(resolve),
        act: async (engine, context) => {
          const value = await act(engine, context);
          return () => resolve(value);
        },
        refuse: reject,
        seen,
      });
    };
    lanes.run(lane, doIt).catch(reject);
    return promise;
  };
  const parts: VerbParts = {
    read: async (look) => {
      await begun();
      return transactions.look(look);
    },
    glances: {
      byToken: async (hash) => {
        await begun();
        return glances.byToken(hash);
      },
      find: async (nameOrId) => {
        await begun();
        return glances.find(nameOrId);
      },
    },
    write: (lane, act) =>
      lanes.run(lane, async () => {
        await begun();
        return transactions.act(act);
      }),
    share: (lane, agents, act) => share(lane, act, () => ({ agents })),
    send: (lane, asked, act) =>
      share(lane, act, (answer) => {
        const { senderId, recipientId } = asked.message;
        return { agents: [senderId, recipientId], asked: { ...asked, kind: "send", answer } };
      }),
    ack: (lane, asked, act) =>
      share(lane, act, (answer) => ({ agents: [asked.agentId], asked: { ...asked, kind: "ack", answer } })),
    lease: (terms, act) =>
      share(laneOf.agent(terms.agentId), act, (answer) => {
        const { agentId, stream, push } = terms;
        const isPlain = (stream ?? push)?.webhook === undefined;
        return { agents: [agentId], ...(isPlain && { asked: { kind: "lease", terms, answer } }) };
      }),
    writeSliced: (lane, slice) =>
      lanes.run(lane, async () => {
        await begun();
        return inSlices(slice);
      }),
    hint: (hints) => transactions.hint(hints),
  };

  return {
    instanceId,
    shared: sharedMesh(db, seat, begun),
    isOnDuty: () => seat.isOnDuty,
    listen: (listener) => transactions.listen(listener),
    ...agentVerbs(parts),
    ...agentCardVerbs(parts),
    ...accessVerbs(parts),
    ...eventVerbs(parts),
    ...historyVerbs(parts),
    ...hookVerbs(parts),
    ...lookVerbs(parts),
    ...needVerbs(parts),
    ...webhookVerbs(parts),
    ...sessionVerbs(parts),
    ...sendVerbs(parts),
    ...topicVerbs(parts),
    ...askVerbs(parts),
    ...leaseVerbs(parts),
    ...decisionVerbs(parts),
    ...careVerbs(parts, damage),
    ...keepingVerbs(parts),
    ...legacyVerbs(parts),
    ...listingVerbs(parts),
    close: async () => {
      await lanes.drained();
      await transactions.called();
      await db.close();
    },
  };
}
