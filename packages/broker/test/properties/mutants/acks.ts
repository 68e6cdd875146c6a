/** Mutants of many acks in one call: whose they end, what a refusal does to the others, what is told. */
import type { AgentId } from "@agentmesh/protocol";
import type { AckVerdict } from "../../../src/mesh/store.ts";
import { every, type Mutant, mutant, ofStore, type Sound, stateless } from "./mutant.ts";

function ownerOf({ db }: Sound, deliveryId: string): AgentId | undefined {
  return db
    .prepare<[string], { id: AgentId }>("SELECT a.id FROM agent a JOIN delivery d ON d.agent_pk = a.pk WHERE d.id = ?")
    .get(deliveryId)?.id;
}

const isDone = ({ kind }: { kind: string }) => kind === "done" || kind === "acked_before";

export const ackMutants: Mutant[] = [
  stateless("a bulk ack acks a stranger's", (sound) => ({
    ackMany: (agentId, acks) =>
      Promise.all(
        acks.map(({ ref, receipt, evidence }) =>
          sound.store.ack(ownerOf(sound, ref) ?? agentId, ref, receipt, evidence),
        ),
      ),
  })),
  ofStore("a bulk ack stops at the first refused entry", ({ store }) => ({
    ackMany: async (agentId, acks) => {
      const answers: AckVerdict[] = [];
      for (const { ref, receipt, evidence } of acks) {
        const verdict: AckVerdict = answers.every(isDone)
          ? await store.ack(agentId, ref, receipt, evidence)
          : { kind: "not_found" };
        answers.push(verdict);
      }
      return answers;
    },
  })),
  stateless("a refused entry of a bulk ack undoes the others", ({ store, db }) => ({
    ackMany: async (agentId, acks) => {
      const answers = await store.ackMany(agentId, acks);
      if (answers.every(isDone)) return answers;
      for (const each of answers) {
        if (each.kind !== "done") continue;
        db.prepare("UPDATE delivery SET state = 'queued', ended_at = NULL, reason = NULL WHERE id = ?").run(
          each.delivery.id,
        );
      }
      return answers;
    },
  })),
  ofStore("the receipts of a bulk ack are not looked at", ({ store }) => ({
    ackMany: (agentId, acks) =>
      store.ackMany(
        agentId,
        acks.map((each) => ({ ...each, receipt: undefined })),
      ),
  })),
  ofStore("what a bulk ack is answered stands in another order", ({ store }) => ({
    ackMany: async (agentId, acks) => (await store.ackMany(agentId, acks)).toReversed(),
  })),
  ofStore("only the first slice of a bulk ack is done, and all of it answered", ({ store }) => ({
    ackMany: async (agentId, acks) => {
      const [first, ...others] = acks;
      const answers = first ? [...(await store.ackMany(agentId, [first]))] : [];
      const looked = others.map(async ({ ref }): Promise<AckVerdict> => {
        const { entries } = await store.listInbox({ agentId, which: "all", afterSeq: 0, limit: 1_000 });
        const entry = entries.find(({ id, seq }) => id === ref || String(seq) === ref);
        if (!entry) return { kind: "not_found" };
        const { id, attempt } = entry;
        return { kind: "done", delivery: { id, attempt, state: "acked", leaseEndsAt: undefined } };
      });
      return [...answers, ...(await Promise.all(looked))];
    },
  })),
  mutant("an entry of a bulk ack is lost although it was answered", () => {
    const now = every(3);
    return ({ store, db }) => ({
      ackMany: async (agentId, acks) => {
        const answers = await store.ackMany(agentId, acks);
        const last = answers.findLast(({ kind }) => kind === "done");
        if (last?.kind === "done" && now()) {
          db.prepare("UPDATE delivery SET state = 'queued', ended_at = NULL, reason = NULL WHERE id = ?").run(
            last.delivery.id,
          );
        }
        return answers;
      },
    });
  }),
  stateless("of what a lease of many gives, the last is not leased", ({ store, db }) => ({
    lease: async (terms) => {
      const taken = await store.lease(terms);
      const last = taken.leased.length > 1 ? taken.leased.at(-1) : undefined;
      if (last) {
        db.prepare(
          `UPDATE delivery SET state = 'queued', attempt = attempt - 1, receipt = NULL, session_id = NULL, lease_ends_at = NULL,
             stream_position = NULL WHERE id = ?`,
        ).run(last.delivery.id);
      }
      return taken;
    },
  })),
  stateless("all that a lease of many gives has one receipt", ({ store, db }) => ({
    lease: async (terms) => {
      const taken = await store.lease(terms);
      const receipt = taken.leased[0]?.delivery.receipt ?? "";
      for (const { delivery } of taken.leased)
        db.prepare("UPDATE delivery SET receipt = ? WHERE id = ?").run(receipt, delivery.id);
      return taken;
    },
  })),
  stateless("what a bulk ack ends stays counted in its inbox", ({ store, db }) => ({
    ackMany: async (agentId, acks) => {
      const answers = await store.ackMany(agentId, acks);
      const ended = answers.filter(({ kind }) => kind === "done").length;
      db.prepare("UPDATE agent SET open_count = open_count + ? WHERE id = ?").run(ended, agentId);
      return answers;
    },
  })),
  stateless("a bulk ack that counts what it ends itself leaves all that comes later uncounted", ({ store, db }) => ({
    ackMany: async (agentId, acks) => {
      const answers = await store.ackMany(agentId, acks);
      db.exec("UPDATE counting SET by_act = 1");
      return answers;
    },
  })),
  ofStore("a lease of many forgets what bytes its earlier slices took", ({ store }) => ({
    lease: (terms) => store.lease(terms.max > 25 ? { ...terms, maxBytes: 2 * terms.maxBytes } : terms),
  })),
  ofStore("a lease of many leaves out what its first slice took", ({ store }) => ({
    lease: async (terms) => {
      const { leased, ...rest } = await store.lease(terms);
      return { ...rest, leased: terms.max > 25 ? leased.slice(2) : leased };
    },
  })),
  ofStore("whatever showed that it was read, a bulk ack says handled", ({ store }) => ({
    ackMany: (agentId, acks) =>
      store.ackMany(
        agentId,
        acks.map((each) => ({ ...each, evidence: "handled" as const })),
      ),
  })),
];
