/** The Store's verbs on sessions. */
import type { SessionId } from "@agentmesh/protocol";
import type { SessionStore } from "../../../mesh/store/sessions.ts";
import type { RetryPolicy, Store } from "../../../mesh/store.ts";
import { laneOf } from "../../shared/lanes.ts";
import { pathsOf } from "../../shared/rows/agents.ts";
import { giveBack } from "../acts/lease.ts";
import { lockFound } from "../acts/lock-found.ts";
import { each, ROWS, type Slice, sum } from "../commits/slices.ts";
import type { EngineContext } from "../context.ts";
import type { Engine } from "../engine.ts";
import type { FoundLease } from "../pages/deliveries.ts";
import type { VerbParts } from "./parts.ts";

/** Verbs on sessions. */
export function sessionVerbs({
  read,
  share,
  write,
  writeSliced,
}: VerbParts): SessionStore & Pick<Store, "endBrokers" | "returnStreamed"> {
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
      share(laneOf.agent(agentId), [agentId], async ({ agents, sessions }, { hints }) => {
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
    endSession: async (id, agentId, how, retry) => {
      const failed = how === "gone";
      const reason = failed ? "the process of the session is gone" : "the session ended";
      const parts = await writeSliced<EndedOne>(laneOf.agent(agentId), async (engine, context, [first]) => {
        const { agents, deliveryPages, sessions } = engine;
        const own = await sessions.isOf(id, agentId);
        const leases = (limit: number) => (own || first?.ended ? deliveryPages.leasedBy([id], limit) : none());
        const { rows, more } = await lockFound(engine, ROWS, leases, [await agents.pkOf(agentId)]);
        const ended = first?.ended ?? (await sessions.end(id, agentId, how));
        const returned = ended ? await giveBackAll(engine, context, rows, { reason, failed, retry }) : 0;
        return { part: { ended, returned }, more: ended && more };
      });
      return parts[0]?.ended ? sum(parts.map(({ returned }) => returned)) : undefined;
    },
    expireSessions: async (offlineAfterMs, retry) => {
      await write(laneOf.care, ({ sessions }) => sessions.setBack());
      const parts = await writeSliced(laneOf.care, expireSome(offlineAfterMs, retry));
      return parts.flat();
    },
    endBrokers: async ({ graceMs, ageMs }, retry) => {
      await write(laneOf.care, ({ brokers }, { hints, notice }) => endSeats(brokers, ageMs, { hints, notice }));
      return sum(await writeSliced(laneOf.care, returnLeft(graceMs, retry)));
    },
    returnStreamed: async (session, afterPosition, retry) => {
      const after = afterPosition ?? 0;
      // Read in the agent's turn, behind what the stream has asked for; what the session is streamed later is not lost.
      let until: number | undefined;
      const holder = await read(({ sessions }) => sessions.one(session));
      const lane = holder ? laneOf.agent(holder.agentId) : laneOf.session(session);
      const [reason, failed] =
        afterPosition === undefined ? ["the session's stream closed", true] : ["lost on the way to the session", false];
      const parts = await writeSliced<number>(lane, async (engine, context) => {
        until ??= await engine.timeline.lastPosition();
        const end = until;
        const streamed = (limit: number) => engine.deliveryPages.streamed({ session, after, until: end, limit });
        const { rows, more } = await lockFound(engine, ROWS, streamed, holder && [holder.agentPk]);
        // A client that has gone on to another broker is not gone, and one that is here now is here.
        if (afterPosition === undefined && (await engine.brokers.hasElsewhere(session)))
          return { part: 0, more: false };
        if (afterPosition !== undefined) await engine.brokers.streams(session);
        const part = await giveBackAll(engine, context, rows, { reason, failed, retry });
        // From here on no stream is expected back: a webhook of its agent gets its mail again.
        if (afterPosition === undefined && !more) await engine.brokers.forget([session]);
        return { part, more };
      });
      return sum(parts);
    },
  };
}

/** Ends the seats of brokers that are gone. */
async function endSeats(
  brokers: Engine["brokers"],
  ageMs: number,
  { hints, notice }: Pick<EngineContext, "hints" | "notice">,
): Promise<void> {
  const gone = await brokers.endSeats();
  if (gone.length === 0) return;
  await brokers.leave(gone, ageMs);
  // One that died behind a commit has called nobody.
  hints.missed();
  notice("warn", "broker.gone", { brokers: gone, detail: "another broker of this mesh does not renew its seat" });
}

/** Gives back what was streamed to sessions of brokers that are gone, once their grace is over. */
function returnLeft(graceMs: number, retry: RetryPolicy) {
  const terms = { reason: "the session's broker is gone", failed: true, retry };
  return async (engine: Engine, context: EngineContext): Promise<Slice<number>> => {
    const { brokers, deliveryPages } = engine;
    const left = await brokers.left(graceMs, LEFT_AT_ONCE);
    const streamed = (limit: number) =>
      left.length === 0
        ? none()
        : deliveryPages.streamedTo(
            left.map(({ id }) => id),
            limit,
          );
    const { rows, more } = await lockFound(
      engine,
      ROWS,
      streamed,
      left.map(({ agent_pk }) => agent_pk),
    );
    // Who has come back meanwhile keeps what it has.
    const away: ReadonlySet<string | null> = new Set(await brokers.stillLeft(left.map(({ id }) => id)));
    const part = await giveBackAll(
      engine,
      context,
      rows.filter(({ session_id }) => away.has(session_id)),
      terms,
    );
    if (!more) await brokers.forget([...away].filter((id) => id !== null));
    return { part, more: more || left.length === LEFT_AT_ONCE };
  };
}

/** So many sessions are looked at in one slice. */
const LEFT_AT_ONCE = 64;

/** Sessions that one sweep ends at most. */
const MOST_ENDED = 500;

/** What a slice did for the end of one session; that it ended is the first one's fact. */
interface EndedOne {
  readonly ended: boolean;
  readonly returned: number;
}

const none = async (): Promise<readonly FoundLease[]> => [];

/** Gives leases back; returns how many. */
async function giveBackAll(
  engine: Engine,
  context: EngineContext,
  leases: readonly FoundLease[],
  terms: { readonly reason: string; readonly failed: boolean; readonly retry: RetryPolicy },
): Promise<number> {
  const giving = { event: "released", delayMs: undefined, ...terms } as const;
  return (await each(leases, ROWS, (lease) => giveBack(engine, context, lease, giving))).part;
}

/** Ends sessions that missed their heartbeats, and gives back what they and those of earlier slices held. */
function expireSome(offlineAfterMs: number, retry: RetryPolicy) {
  const reason = "the session missed its heartbeats";
  return async (
    engine: Engine,
    context: EngineContext,
    kept: readonly (readonly SessionId[])[],
  ): Promise<Slice<readonly SessionId[]>> => {
    const { deliveryPages, sessions } = engine;
    const before = kept.flat();
    const wanted = Math.min(MOST_ENDED - before.length, ROWS);
    const found = await sessions.over(offlineAfterMs, wanted);
    const ids = found.map(({ id }) => id);
    const leases = (limit: number) => deliveryPages.leasedBy([...before, ...ids], limit);
    const agents = found.map(({ agentPk }) => agentPk);
    const { rows, more } = await lockFound(engine, ROWS, leases, agents);
    const ended: SessionId[] = [];
    for (const { id, agentId } of await sessions.heldOver(ids, offlineAfterMs)) {
      if (await sessions.end(id, agentId, "no_heartbeat")) ended.push(id);
    }
    const over: ReadonlySet<string | null> = new Set([...before, ...ended]);
    const given = rows.filter(({ session_id }) => over.has(session_id));
    await giveBackAll(engine, context, given, { reason, failed: true, retry });
    const isMore = more || (found.length > 0 && found.length === wanted);
    return { part: ended, more: isMore };
  };
}
