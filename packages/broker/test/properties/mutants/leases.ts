/** Mutants of leases, acks and returns, and of sessions that fall silent. */
import type { AgentId } from "@agentmesh/protocol";
import type { LeasedRecord } from "../../../src/mesh/store.ts";
import { every, type Mutant, mutant, ofStore, ofStoreOver, type Sound, stateless, whileSessions } from "./mutant.ts";

function ownerOf({ db }: Sound, deliveryId: string): AgentId | undefined {
  return db
    .prepare<[string], { id: AgentId }>("SELECT a.id FROM agent a JOIN delivery d ON d.agent_pk = a.pk WHERE d.id = ?")
    .get(deliveryId)?.id;
}

function receiptOf({ db }: Sound, agentId: AgentId, ref: string): string {
  const row = db
    .prepare<[string, string, string], { receipt: string | null }>(
      "SELECT d.receipt FROM delivery d JOIN agent a ON a.pk = d.agent_pk WHERE a.id = ? AND (d.id = ? OR d.seq = ?)",
    )
    .get(agentId, ref, ref);
  return row?.receipt ?? "none";
}

const SILENCE = ["stream and stop reading"];

const STREAMS = ["open a stream", "send several", "ack"];

export const leaseMutants: Mutant[] = [
  stateless(
    "what is leased for a stream in a commit is not on disk",
    ({ store, db }) => ({
      listen: (to) =>
        store.listen({
          ...to,
          leased: (session, leased) => {
            const undo = db.prepare<[string]>(
              `UPDATE delivery SET state = 'queued', receipt = NULL, session_id = NULL, lease_ends_at = NULL,
                 stream_position = NULL WHERE id = ?`,
            );
            for (const { delivery } of leased) undo.run(delivery.id);
            to.leased?.(session, leased);
          },
        }),
    }),
    STREAMS,
  ),
  ofStore(
    "what is leased for a stream in a commit is not pushed",
    ({ store }) => ({ listen: (to) => store.listen({ ...to, leased: () => {} }) }),
    STREAMS,
  ),
  ofStore(
    "a stream gets more in a commit than its credit",
    ({ store }) => ({
      listen: (to) =>
        store.listen({
          ...to,
          offers: (agentId) =>
            (to.offers?.(agentId) ?? []).map((terms) => ({
              ...terms,
              stream: { ...terms.stream, maxInFlight: terms.stream.maxInFlight + 1 },
            })),
        }),
    }),
    STREAMS,
  ),
  ofStore(
    "what waits is said to be leased for streams",
    ({ store }) => ({ listen: (to) => store.listen({ ...to, ready: (agentId) => to.ready(agentId, true) }) }),
    STREAMS,
  ),
  ofStoreOver("a lease is handed out twice", () => {
    const last = new Map<AgentId, LeasedRecord[]>();
    return ({ store }) => ({
      lease: async (terms) => {
        const fresh = await store.lease(terms);
        const { agentId } = terms;
        if (fresh.leased.length > 0) last.set(agentId, fresh.leased);
        return fresh.leased.length > 0 ? fresh : { ...fresh, leased: last.get(agentId) ?? [] };
      },
    });
  }),
  stateless("a lease can be taken from its holder", (sound) => ({
    lease: async (terms) => {
      sound.db
        .prepare(
          `UPDATE delivery SET state = 'queued', receipt = NULL, session_id = NULL, lease_ends_at = NULL
           WHERE state = 'leased' AND agent_pk = (SELECT pk FROM agent WHERE id = ?)`,
        )
        .run(terms.agentId);
      return sound.store.lease(terms);
    },
  })),
  stateless("the oldest delivery is passed by", ({ store, db }) => ({
    lease: async (terms) => {
      const oldest = db
        .prepare<[string], { pk: number }>(
          `SELECT pk FROM delivery WHERE state = 'queued' AND ready_at = 0
           AND agent_pk = (SELECT pk FROM agent WHERE id = ?) ORDER BY seq LIMIT 1`,
        )
        .get(terms.agentId)?.pk;
      db.prepare("UPDATE delivery SET ready_at = 1e15 WHERE pk = ?").run(oldest);
      const later = await store.lease(terms);
      db.prepare("UPDATE delivery SET ready_at = 0 WHERE pk = ?").run(oldest);
      return later.leased.length > 0 ? later : store.lease(terms);
    },
  })),
  ofStore("a lease is an ack", ({ store }) => ({
    lease: async (terms) => {
      const taken = await store.lease(terms);
      for (const { delivery } of taken.leased) await store.ack(terms.agentId, delivery.id, undefined, "handled");
      return taken;
    },
  })),
  stateless("anybody may ack", (sound) => ({
    ack: (agentId, ref, receipt, evidence) => sound.store.ack(ownerOf(sound, ref) ?? agentId, ref, receipt, evidence),
  })),
  stateless(
    "an ack is undone by a restart",
    ({ db, start }) => {
      if (start > 1) {
        db.exec("DELETE FROM timeline WHERE event = 'acked'");
        db.exec("UPDATE delivery SET state = 'queued', ended_at = NULL, reason = NULL WHERE state = 'acked'");
      }
      return {};
    },
    ["restart", "ack"],
  ),
  mutant("a delivery comes back after its ack", () => {
    const now = every(4);
    return ({ store, db }) => ({
      expireLeases: async (...asked) => {
        if (now()) db.exec("UPDATE delivery SET state = 'queued', ended_at = NULL WHERE state = 'acked'");
        return store.expireLeases(...asked);
      },
    });
  }),
  ofStore("an ack counts under any receipt", ({ store }) => ({
    ack: (agentId, ref, _receipt, evidence) => store.ack(agentId, ref, undefined, evidence),
  })),
  stateless("a nack counts under any receipt", (sound) => ({
    nack: (agentId, ref, _receipt, terms) => sound.store.nack(agentId, ref, receiptOf(sound, agentId, ref), terms),
  })),
  ofStore("a nack is lost although it was answered", ({ store }) => ({
    nack: async (agentId, ref, receipt, terms) => {
      const verdict = await store.extend(agentId, ref, receipt, 600_000);
      return verdict.kind === "done" ? verdict : store.nack(agentId, ref, receipt, terms);
    },
  })),
  ofStore(
    "a release counts as a failure",
    ({ store }) => ({
      release: (agentId, ref, receipt, terms) => store.nack(agentId, ref, receipt, { ...terms, delayMs: 0 }),
    }),
    ["release"],
  ),
  ofStore(
    "a webhook is given first what it failed with",
    ({ store }) => ({
      lease: ({ push, ...terms }) => {
        const { webhook, ...others } = push ?? {};
        const shuffled = { ...others, ...(webhook && { webhook: { last: undefined } }) };
        return store.lease({ ...terms, ...(push && { push: shuffled }) });
      },
    }),
    ["lease for a webhook", "send several"],
  ),
  stateless("an extension is answered and forgotten", ({ store, db }) => ({
    extend: async (...asked) => {
      const ends = db.prepare<[], { pk: number; at: number }>(
        "SELECT pk, lease_ends_at AS at FROM delivery WHERE state = 'leased'",
      );
      const before = ends.all();
      const verdict = await store.extend(...asked);
      for (const { pk, at } of before) db.prepare("UPDATE delivery SET lease_ends_at = ? WHERE pk = ?").run(at, pk);
      return verdict;
    },
  })),
  stateless("a message is leased past its life", ({ store, db }) => ({
    lease: async (terms) => {
      db.exec("UPDATE delivery SET expires_at = expires_at + 1000000000 WHERE state = 'queued'");
      const taken = await store.lease(terms);
      db.exec("UPDATE delivery SET expires_at = (SELECT m.expires_at FROM message m WHERE m.pk = message_pk)");
      return taken;
    },
  })),
  stateless("a delayed delivery is leased too early", ({ store, db }) => ({
    lease: (terms) => {
      db.exec("UPDATE delivery SET ready_at = 0 WHERE state = 'queued' AND ready_at > 0");
      return store.lease(terms);
    },
  })),
  ofStore("a webhook's delay keeps everybody from a delivery", ({ store }) => ({
    nack: (agentId, ref, receipt, { delayed: _, ...terms }) => store.nack(agentId, ref, receipt, terms),
  })),
  ofStore("a webhook leases what it failed with before the delay is over", ({ store }) => ({
    lease: ({ push, ...terms }) => {
      const { webhook: _, ...others } = push ?? {};
      return store.lease({ ...terms, ...(push && { push: others }) });
    },
  })),
  ofStore(
    "a delay never ends",
    ({ store }) => ({
      nack: (agentId, ref, receipt, terms) =>
        store.nack(agentId, ref, receipt, { ...terms, delayMs: (terms.delayMs ?? 0) > 0 ? 1e12 : terms.delayMs }),
    }),
    ["nack", "lease"],
  ),
  stateless("an attempt is not counted", ({ store, db }) => ({
    lease: async (terms) => {
      const { leased, queued } = await store.lease(terms);
      const again = (delivery: LeasedRecord["delivery"]) => ({
        ...delivery,
        attempt: Math.max(1, delivery.attempt - 1),
      });
      db.exec("UPDATE delivery SET attempt = attempt - 1 WHERE state = 'leased' AND attempt > 1");
      return { leased: leased.map((each) => ({ ...each, delivery: again(each.delivery) })), queued };
    },
  })),
  ofStore("a delivery never dies of failures", ({ store }) => ({
    expireLeases: (limit, retry) => store.expireLeases(limit, { ...retry, maxAttempts: 1e9 }),
    nack: (agentId, ref, receipt, terms) =>
      store.nack(agentId, ref, receipt, { ...terms, retry: { ...terms.retry, maxAttempts: 1e9 } }),
  })),
  ofStore("a delivery dies one failure too early", ({ store }) => ({
    expireLeases: (limit, retry) => store.expireLeases(limit, { ...retry, maxAttempts: retry.maxAttempts - 1 }),
  })),
  ofStore("a lease takes more than its bytes", ({ store }) => ({
    lease: (terms) => store.lease({ ...terms, maxBytes: 1e9 }),
  })),
  ofStore("a lease takes one delivery at most", ({ store }) => ({
    lease: (terms) => store.lease({ ...terms, max: Math.min(1, terms.max) }),
  })),
  ofStore(
    "a stream has no limit of credit",
    ({ store }) => ({
      lease: (terms) => store.lease(terms.stream ? { ...terms, stream: { ...terms.stream, maxInFlight: 99 } } : terms),
    }),
    ["stream"],
  ),
  ofStore(
    "a session is streamed what it pushed often enough",
    ({ store }) => ({
      lease: (terms) =>
        store.lease(terms.stream ? { ...terms, stream: { ...terms.stream, maxPushes: undefined } } : terms),
    }),
    ["stream and push"],
  ),
  ofStore(
    "a reconnecting stream loses what it has",
    ({ store }) => ({
      returnStreamed: (session, after, retry) => store.returnStreamed(session, after && 0, retry),
    }),
    ["stream", "return streamed"],
  ),
  stateless("a rejected delivery comes back", ({ store, db }) => ({
    expireMessages: (...asked) => {
      db.exec("UPDATE delivery SET state = 'queued', ended_at = NULL WHERE state = 'dead' AND reason = 'not for me'");
      return store.expireMessages(...asked);
    },
  })),
  stateless(
    "a silent session is streamed to",
    ({ store, sessions }) => ({
      lease: (terms) =>
        whileSessions(
          sessions,
          "silent",
          () => false,
          () => store.lease(terms),
        ),
    }),
    SILENCE,
  ),
  stateless(
    "a session that ran out of a lease is silent, whatever was heard of it",
    ({ store, sessions }) => ({
      expireLeases: (limit, retry) =>
        whileSessions(
          sessions,
          "heard",
          () => 0,
          () => store.expireLeases(limit, retry),
        ),
    }),
    SILENCE,
  ),
  stateless(
    "a heartbeat is no sign of a silent session",
    ({ store, sessions }) => ({
      touchSession: async (id, ...more) => {
        const session = sessions.get(id);
        const was = session?.silent;
        const renewed = await store.touchSession(id, ...more);
        if (session) session.silent = was === true;
        return renewed;
      },
    }),
    SILENCE,
  ),
  stateless(
    "an ack is no sign of a silent session",
    ({ store, sessions }) => ({
      ack: (...asked) =>
        whileSessions(
          sessions,
          "silent",
          ({ silent }) => silent,
          () => store.ack(...asked),
        ),
    }),
    SILENCE,
  ),
  stateless(
    "a verb of another session is a sign of a silent one",
    ({ store, sessions }) => ({
      ack: async (...asked) => {
        const verdict = await store.ack(...asked);
        if (verdict.kind === "done") for (const each of sessions.all()) each.silent = false;
        return verdict;
      },
    }),
    SILENCE,
  ),
];
