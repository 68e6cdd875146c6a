/** Engines that break a promise about machines: who may register whom, and what is over when one is put out. */
import type { CallingMachine } from "../../../src/mesh/store.ts";
import { type Mutant, ofStore, ofStoreOver, stateless } from "./mutant.ts";

/** They. */
export const machineMutants: readonly Mutant[] = [
  stateless("a machine is put out, and its agents stay", ({ store, db, clock }) => ({
    revokeMachine: async (id) => {
      const row = db
        .prepare<[string], { pk: number; n: number }>(
          `SELECT pk, (SELECT COUNT(*) FROM agent WHERE machine_pk = m.pk AND removed_at IS NULL) AS n
           FROM machine m WHERE id = ? AND revoked_at IS NULL`,
        )
        .get(id);
      db.prepare<[number, string]>("UPDATE machine SET revoked_at = ? WHERE id = ?").run(clock.now(), id);
      await store.listMachines(true, 1);
      return row?.n ?? 0;
    },
  })),
  stateless("a token that is void registers once more", ({ store, db }) => ({
    registerAgent: (agent) => {
      db.prepare<[string]>("DELETE FROM void_token WHERE token_hash = ?").run(agent.tokenHash);
      return store.registerAgent(agent);
    },
  })),
  stateless("a machine resumes agents that are not its own", ({ store, db }) => ({
    registerAgent: (agent) => {
      const known = db
        .prepare<[string], { pk: number }>("SELECT pk FROM agent WHERE token_hash = ? AND removed_at IS NULL")
        .get(agent.tokenHash);
      return store.registerAgent(known ? { ...agent, machine: undefined } : agent);
    },
  })),
  ofStore("a machine reaches what is another machine's", ({ store }) => ({
    partiesOf: async (id, beginning) => {
      const own = await store.partiesOf(id, beginning);
      if (own.length > 0) return own;
      const others = await store.listMachines(false, 100);
      return (await Promise.all(others.map((other) => store.partiesOf(other.id, beginning)))).flat().slice(0, 1);
    },
  })),
  stateless("an agent that a machine registers is nobody's: it stays when that is put out", ({ store, db }) => ({
    registerAgent: async (agent) => {
      const registered = await store.registerAgent(agent);
      if (registered.created) {
        db.prepare<[string]>("UPDATE agent SET machine_pk = NULL WHERE id = ?").run(registered.agent.id);
      }
      return registered;
    },
  })),
  ofStoreOver("a machine that is put out is known by what was true of it once", () => {
    const kept = new Map<string, CallingMachine>();
    return ({ store }) => ({
      machineByToken: async (token) => {
        const found = await store.machineByToken(token);
        if (found) kept.set(token, found);
        return found ?? kept.get(token);
      },
    });
  }),
  stateless("an invite is good for any number of machines", ({ store, db }) => ({
    joinMachine: async (machine) => {
      const before = await store.machineByToken(machine.tokenHash);
      if (!before) {
        db.prepare<[string]>("UPDATE invite SET used_at = NULL, machine_pk = NULL WHERE secret_hash = ?").run(
          machine.secretHash,
        );
      }
      return store.joinMachine(machine);
    },
  })),
  stateless(
    "what agents of a machine that is put out had waiting is forgotten",
    ({ store, db }) => ({
      revokeMachine: async (id, how, by) => {
        const n = await store.revokeMachine(id, how, by);
        db.exec(
          "UPDATE agent SET open_count = 0, queued_count = 0, held_count = 0, open_bytes = 0 WHERE removed_at IS NOT NULL",
        );
        return n;
      },
    }),
    ["a machine joins", "register on a machine", "put a machine out", "send"],
  ),
  stateless(
    "a hook stays when its agent leaves",
    ({ store, db }) => ({
      removeAgent: async (agentId, ...more) => {
        const row = db
          .prepare<[string], { id: string; agent_pk: number }>(
            "SELECT h.id, h.agent_pk FROM hook h JOIN agent a ON a.pk = h.agent_pk WHERE a.id = ?",
          )
          .get(agentId);
        const n = await store.removeAgent(agentId, ...more);
        if (row) {
          db.prepare<[string, number]>(
            "INSERT INTO hook (id, kind, agent_pk, topic, sealed, made_at) VALUES (?, 'json', ?, 'build', '', 0)",
          ).run(row.id, row.agent_pk);
        }
        return n;
      },
    }),
    ["make a hook and take it away", "list the hooks"],
  ),
  stateless(
    "a hook's messages are from whom they are for",
    ({ store, db }) => ({
      makeHook: async (hook, by) => {
        const made = await store.makeHook(hook, by);
        if (hook.target.recipientId !== undefined) {
          db.prepare<[string, string]>(
            "UPDATE OR IGNORE hook SET agent_pk = (SELECT pk FROM agent WHERE id = ?) WHERE id = ?",
          ).run(hook.target.recipientId, hook.id);
        }
        return made;
      },
    }),
    ["make a hook", "list the hooks"],
  ),
  ofStore(
    "a card that was taken out is shown on",
    ({ store }) => ({ removeAgentCard: async (agentId) => (await store.agentCard(agentId)) !== undefined }),
    ["show a card", "look at the cards"],
  ),
  stateless(
    "who leaves goes on being shown",
    ({ store, db }) => ({
      removeAgent: async (agentId, ...more) => {
        const card = await store.agentCard(agentId);
        const n = await store.removeAgent(agentId, ...more);
        if (card) {
          db.prepare<[string, string]>(
            "INSERT INTO agent_card (agent_pk, description, skills, set_at) SELECT pk, ?, '[]', 0 FROM agent WHERE id = ?",
          ).run(card.description, agentId);
        }
        return n;
      },
      agentCard: async (agentId) => {
        const row = db
          .prepare<[string], { description: string }>(
            "SELECT description FROM agent_card JOIN agent ON pk = agent_pk WHERE id = ? AND removed_at IS NOT NULL",
          )
          .get(agentId);
        return row ? { description: row.description, skills: [], setAt: 0 } : store.agentCard(agentId);
      },
    }),
    ["show a card", "look at the cards", "remove"],
  ),
];
