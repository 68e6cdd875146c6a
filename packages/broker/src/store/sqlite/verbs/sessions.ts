/** The Store's verbs on sessions, and on what they hold: what ends with one comes back a slice at a time. */
import type { SessionId } from "@agentmesh/protocol";
import type { RetryPolicy, Store } from "../../../mesh/store.ts";
import { pathsOf } from "../../shared/rows/agents.ts";
import type { LeaseRow } from "../../shared/rows/deliveries.ts";
import { giveBack } from "../acts/lease.ts";
import { type Budget, each, laneOf, ROWS, type Slice, sum } from "../commits/slices.ts";
import type { VerbParts } from "./parts.ts";

/** What a slice did for the end of one session; that it ended is the first one's fact. */
interface EndedOne {
  readonly ended: boolean;
  readonly returned: number;
}

/** What a slice did for the sessions that are over: those it ended, and how many have all their leases back by it. */
interface EndedSome {
  readonly ended: readonly SessionId[];
  readonly whole: number;
}

/** Verbs on sessions. */
export function sessionVerbs({
  engine,
  context,
  peek,
  write,
  writeSliced,
}: VerbParts): Pick<
  Store,
  | "openSession"
  | "touchSession"
  | "writeHeartbeats"
  | "hasSession"
  | "sessionsOf"
  | "endSession"
  | "doubtSession"
  | "expireSessions"
  | "returnStreamed"
> {
  const { agents, deliveries, sessions, timeline } = engine;
  let last = { commits: -1, position: 0 };
  /** Between acts: read once for each commit. */
  const lastPosition = (): number => {
    const { count: commits } = context.changes;
    if (last.commits !== commits) last = { commits, position: timeline.lastPosition() };
    return last.position;
  };
  const giveBackSome = (
    budget: Budget,
    leases: readonly LeaseRow[],
    terms: { readonly reason: string; readonly failed: boolean; readonly retry: RetryPolicy },
  ): Slice<number> =>
    each(budget, leases, ROWS, (row) =>
      giveBack(engine, context, row, { event: "released", delayMs: undefined, ...terms }),
    );

  return {
    sessionsOf: (agentId, limit) =>
      peek(() => {
        const all = sessions.memory.of(agents.row(agentId)?.pk ?? 0);
        const newest = all.toSorted((a, b) => b.seenAt - a.seenAt || (a.id < b.id ? -1 : 1)).slice(0, limit);
        return {
          sessions: newest.map((session) => ({
            ...{ id: session.id, silent: session.silent, doubt: session.doubt, lastHeardAt: session.beatAt },
            heartbeatAgeMs: Math.max(0, context.clock.now() - session.seenAt),
            pushPaths: pathsOf(session),
          })),
          total: all.length,
        };
      }),
    openSession: ({ id, agentId, profile, pushPaths }) =>
      write(laneOf.agent(agentId), () => {
        const row = agents.row(agentId);
        if (!row) return agents.current(agentId);
        agents.revive(row);
        engine.profiles.set(row.pk, profile);
        sessions.open(id, row, pushPaths, timeline.lastPosition());
        context.leasable.ready(agentId);
        return agents.current(agentId);
      }),
    touchSession: async (id, agentId, pushPaths) =>
      await peek(() => {
        if (sessions.beat(id, agentId, pushPaths, lastPosition())) return true;
        // Asked for now, not behind an await: what is asked for next is behind it.
        return write(laneOf.agent(agentId), () => {
          if (!sessions.touch(id, agentId, pushPaths)) return false;
          if (sessions.hear(id, timeline.lastPosition())) context.leasable.ready(agentId);
          return true;
        });
      }),
    writeHeartbeats: async () => {
      if (!sessions.isToBeWritten()) return;
      const heard = sessions.memory.unwritten();
      try {
        await writeSliced(laneOf.care, (_, kept: readonly number[]) => {
          const some = heard.slice(sum(kept), sum(kept) + WRITTEN_AT_ONCE);
          sessions.write(some);
          return { part: some.length, more: sum(kept) + some.length < heard.length };
        });
      } catch (error) {
        sessions.waitAgain();
        throw error;
      }
    },
    hasSession: (id) => peek(() => sessions.has(id)),
    endSession: async (id, agentId, how, retry) => {
      const failed = how === "gone";
      const reason = failed ? "the process of the session is gone" : "the session ended";
      const parts = await writeSliced(laneOf.agent(agentId), (budget, [first]: readonly EndedOne[]) => {
        const ended = first?.ended ?? sessions.end(id, agentId, how);
        const leases = ended ? deliveries.leasedBy(id, ROWS) : [];
        const { part: returned, more } = giveBackSome(budget, leases, { reason, failed, retry });
        return { part: { ended, returned }, more };
      });
      return parts[0]?.ended ? sum(parts.map(({ returned }) => returned)) : undefined;
    },
    doubtSession: (session, ageMs, why) => {
      // Behind what its agent asked for before, and nothing to a heartbeat that comes later.
      const sign = sessions.newestSign();
      const lane = session === "all" ? laneOf.care : laneOf.agent(session.agentId);
      return write(lane, () => sessions.doubt(session, { ageMs, why, sign }));
    },
    expireSessions: async (offlineAfterMs, retry) => {
      if (sessions.over(offlineAfterMs).length === 0 && !sessions.isAnyAhead()) return [];
      const reason = "the session missed its heartbeats";
      const parts = await writeSliced(laneOf.care, (budget, kept: readonly EndedSome[]) => {
        sessions.setBack();
        const before = kept.flatMap(({ ended }) => ended);
        const ended: SessionId[] = [];
        for (const { id, agentId } of sessions.over(offlineAfterMs)) {
          if (before.length + ended.length >= MOST_ENDED || !budget.fits()) break;
          sessions.end(id, agentId, "no_heartbeat");
          ended.push(id);
        }
        let whole = 0;
        for (const id of [...before, ...ended].slice(sum(kept.map((part) => part.whole)))) {
          const { more } = giveBackSome(budget, deliveries.leasedBy(id, ROWS), { reason, failed: true, retry });
          if (more) return { part: { ended, whole }, more };
          whole++;
        }
        const isMore = before.length + ended.length < MOST_ENDED && sessions.over(offlineAfterMs).length > 0;
        return { part: { ended, whole }, more: isMore };
      });
      return parts.flatMap(({ ended }) => ended);
    },
    returnStreamed: async (session, afterPosition, retry) => {
      const after = afterPosition ?? 0;
      // Read in the agent's turn, behind what the stream has asked for; what the session is streamed later is not lost.
      let until: number | undefined;
      const rest = (limit: number) => {
        until ??= timeline.lastPosition();
        return deliveries.streamed({ session, after, until, limit });
      };
      const holder = sessions.memory.get(session);
      const lane = holder ? laneOf.agent(holder.agentId) : laneOf.session(session);
      const [reason, failed] =
        afterPosition === undefined ? ["the session's stream closed", true] : ["lost on the way to the session", false];
      return sum(await writeSliced(lane, (budget) => giveBackSome(budget, rest(ROWS), { reason, failed, retry })));
    },
  };
}

/** Sessions that one statement writes at most. */
const WRITTEN_AT_ONCE = 256;

/** Sessions that one sweep ends at most. */
const MOST_ENDED = 500;
