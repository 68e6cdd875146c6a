/** SQL of agents as requests ask for them: who calls, and to whom; many in one statement. */
import { AgentId } from "@agentmesh/protocol";
import type { Clock } from "../../../mesh/clock.ts";
import type { AgentRecord, KnownAgent } from "../../../mesh/store.ts";
import { agentRecord, callerOf, knownAgent } from "../../shared/rows/agents.ts";
import { AGENT, type SeenRow } from "../agents.ts";
import { Glances } from "../commits/glances.ts";
import type { Database } from "../driver/database.ts";
import { newestSigns } from "../rows/signs.ts";
import { CALLER, type HeardRow } from "./callers.ts";

const BY_TOKEN = `
  SELECT c.*, mesh_now() AS now FROM (${CALLER} AND a.token_hash = ANY ($1::TEXT[])) c`;
const BY_ID = `
  SELECT f.*, mesh_now() AS now FROM (${AGENT} WHERE a.id = ANY ($1::TEXT[]) AND a.removed_at IS NULL) f`;
const BY_NAME = `
  SELECT f.*, mesh_now() AS now
  FROM (${AGENT} WHERE a.name = ANY ($1::TEXT[]) AND a.removed_at IS NULL AND a.archived_at IS NULL) f`;

/** The time of the database when it looked. */
interface At {
  readonly now: number;
}

/** Looks at agents that most requests begin with. */
export interface AgentGlances {
  /** Who has the token of this hash; undefined also for one that had it before. */
  byToken(tokenHash: string): Promise<KnownAgent | undefined>;
  /** By id, or by the name of one that is there; undefined also for one that is found in another way. */
  find(nameOrId: string): Promise<AgentRecord | undefined>;
}

/** The looks of a broker; `clock` in place of the database's, where a test's subject is time. */
export function agentGlances(db: Database, clock: Clock | undefined): AgentGlances {
  const time = (now: number): number => (clock ? Math.trunc(clock.now()) : now);
  const record = (row: SeenRow & At) => agentRecord(row, newestSigns(row.newest), time(row.now));
  const callers = new Glances<KnownAgent>(db, async (connection, hashes) => {
    const rows = await connection.all<HeardRow & At>(BY_TOKEN, [hashes]);
    return new Map(
      rows.map((row) => [row.token_hash, knownAgent(callerOf(row), row.newest_beat ?? undefined, time(row.now))]),
    );
  });
  const byId = new Glances<AgentRecord>(db, async (connection, ids) => {
    const rows = await connection.all<SeenRow & At>(BY_ID, [ids]);
    return new Map(rows.map((row) => [row.id, record(row)]));
  });
  const byName = new Glances<AgentRecord>(db, async (connection, names) => {
    const rows = await connection.all<SeenRow & At>(BY_NAME, [names]);
    return new Map(rows.map((row) => [row.name, record(row)]));
  });
  return {
    byToken: (hash) => callers.at(hash),
    find: (nameOrId) => (AgentId.safeParse(nameOrId).success ? byId : byName).at(nameOrId),
  };
}
