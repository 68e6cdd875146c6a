/** A mesh over a real file with much stored in it. */
import type { AgentId } from "@agentmesh/protocol";
import { DEFAULT_TTL_MS } from "@agentmesh/protocol";
import { tempDir } from "testkit";
import { ConfigSchema } from "../src/config/schema.ts";
import { Intake } from "../src/mesh/acceptance/intake.ts";
import { LoopGuard } from "../src/mesh/acceptance/loop-guard.ts";
import { Agents } from "../src/mesh/agents.ts";
import { newId } from "../src/mesh/ids.ts";
import { Turns } from "../src/mesh/looks/turns.ts";
import { Refusals } from "../src/mesh/needs/refusals.ts";
import type { Policy } from "../src/mesh/policy.ts";
import { Dialogs } from "../src/mesh/session/dialogs.ts";
import type { Driver } from "../src/store/sqlite/driver/database.ts";
import { openDatabase } from "../src/store/sqlite/file/open.ts";
import { sqliteStore } from "../src/store/sqlite/sqlite-store.ts";
import { driver as usual } from "./store/drivers.ts";

/** Opens it; with the parts that looks are made of. */
export function largeMesh(driver: Driver = usual) {
  const folder = tempDir();
  const database = openDatabase({
    driver,
    folder: folder.path,
    synchronous: "normal",
    startEmpty: false,
    notice: () => {},
  });
  const clock = { now: () => Date.now() };
  const store = sqliteStore(database, clock);
  const policy: Policy = { ...ConfigSchema.parse({}), messageTtlMs: DEFAULT_TTL_MS };
  const room = { freeBytes: undefined, minFreeBytes: 0, ballastBytes: 0, spent: false };
  const intake = new Intake({ look: () => room }, clock);
  const turns = new Turns();
  const refusals = new Refusals(clock);
  const guard = new LoopGuard(policy, clock, refusals);
  const agents = new Agents({ store, policy, intake, turns, dialogs: new Dialogs() });
  return {
    ...{ store, clock, policy, room, intake, refusals, guard, turns, agents, db: database.db, home: folder.path },
    /** Registers agents of these names. */
    register: async (names: readonly string[]): Promise<AgentId[]> => {
      const made = names.map((name) =>
        store.registerAgent({ id: newId("agt"), tokenHash: `hash of ${name}`, name, ifTaken: "refuse", profile: {} }),
      );
      return (await Promise.all(made)).map(({ agent }) => agent.id);
    },
    async [Symbol.asyncDispose]() {
      await store.close();
      folder[Symbol.dispose]();
    },
  };
}
