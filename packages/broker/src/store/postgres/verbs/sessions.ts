/** The Store's verbs on sessions. */
import type { SessionStore } from "../../../mesh/store/sessions.ts";
import { laneOf } from "../../shared/lanes.ts";
import { pathsOf } from "../../shared/rows/agents.ts";
import type { VerbParts } from "./parts.ts";

/** Verbs on sessions. */
export function sessionVerbs({ read, write }: VerbParts): Omit<SessionStore, "endSession" | "expireSessions"> {
  return {
    sessionsOf: (agentId, limit) =>
      read(async ({ agents, sessions }, { now }) => {
        const { sessions: newest, total } = await sessions.of(await agents.pkOf(agentId), limit);
        return {
          sessions: newest.map((session) => ({
            ...{ id: session.id, silent: session.silent, doubt: session.doubt, lastHeardAt: session.beatAt },
            heartbeatAgeMs: Math.max(0, now - session.seenAt),
            pushPaths: pathsOf(session),
          })),
          total,
        };
      }),
    openSession: ({ id, agentId, profile, pushPaths }) =>
      write(laneOf.agent(agentId), async ({ agents, profiles, sessions }, { hints }) => {
        const row = await agents.lockedRow(agentId);
        if (!row) return agents.current(agentId);
        await agents.revive(row);
        await profiles.set(row.pk, profile);
        await sessions.open(id, row.pk, pushPaths);
        hints.ready(agentId);
        return agents.current(agentId);
      }),
    touchSession: (id, agentId, pushPaths) =>
      write(laneOf.agent(agentId), async ({ agents, sessions }, { hints }) => {
        // What a session is known by is changed by whoever locked its agent.
        await agents.lock([await agents.pkOf(agentId)]);
        const wasSilent = await sessions.touch(id, agentId, pushPaths);
        if (wasSilent === true) hints.ready(agentId);
        return wasSilent !== undefined;
      }),
    // A heartbeat is on disk when it is answered.
    writeHeartbeats: async () => {},
    hasSession: (id) => read(({ sessions }) => sessions.has(id)),
    doubtSession: (session, ageMs, why) =>
      write(session === "all" ? laneOf.care : laneOf.agent(session.agentId), async ({ sessions }, { now }) => {
        if (session === "all") await sessions.doubtAll({ ageMs, why, until: now });
        else await sessions.doubt(session.id, session.agentId, { ageMs, why });
      }),
  };
}
