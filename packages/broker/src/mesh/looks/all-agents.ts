/** Looks at all agents: in the order of their registration, and which of them are there now. */
import type { AgentId, Presence, SessionId } from "@agentmesh/protocol";
import type { Policy } from "../policy.ts";
import type { AgentRecord, Store } from "../store.ts";
import { presenceOf } from "./agent-shown.ts";
import type { Look } from "./turns.ts";

/** So many are looked at in a row. */
const PAGE = 64;

/** Every agent that is there, the one registered first before the others. */
export async function* oldestFirst(store: Store, look: Look): AsyncIterable<AgentRecord> {
  for (let after: AgentRecord | undefined; ; ) {
    await look.turn();
    const records = await store.agentsByAge(after, PAGE);
    yield* records;
    after = records.at(-1);
    if (records.length < PAGE) return;
  }
}

/** Every agent that is not offline, with its presence. */
export async function liveAgents(store: Store, policy: Policy, look: Look): Promise<ReadonlyMap<AgentId, Presence>> {
  const found = new Map<AgentId, Presence>();
  for (let after: SessionId | undefined; ; ) {
    await look.turn();
    const sessions = await store.sessionsAfter(after, PAGE);
    for (const { agentId, heartbeatAgeMs } of sessions) {
      const presence = presenceOf({ heartbeatAgeMs }, policy);
      if (presence === "online" || (presence === "stale" && !found.has(agentId))) found.set(agentId, presence);
    }
    after = sessions.at(-1)?.id;
    if (sessions.length < PAGE) return found;
  }
}
