/** Questions about agents and sessions, with what their answers must be. */
import type { AgentId, SessionId } from "@agentmesh/protocol";
import { newId } from "../../src/mesh/ids.ts";
import type { DoubtWhy } from "../../src/mesh/store.ts";
import { isOpen, type MachineHistory, type SessionHistory, written } from "./history.ts";
import { type Observer, outcome, type Question } from "./observer.ts";
import { demand } from "./promises.ts";
import { followStart, judgeVoided, loseUnwritten } from "./questions-care.ts";
import { judgeEnd, judgeReturn } from "./returns.ts";
import { REPOS, standingOf } from "./standing.ts";
import { BOUNCE, type End, RETRY, turn } from "./world.ts";

/** What every machine is called. */
export const HOST = "laptop";

/**
 * Registers an agent, or resumes the one that owns the token; it says where it works, and nothing of its standing. With a machine's
 * credential those of that machine alone.
 */
export function register(
  name: string,
  tokenHash: string,
  repoUrl: string = REPOS[0],
  machine?: MachineHistory,
): Question {
  return async (o) => {
    const id = newId("agt");
    const { person, unverified } = standingOf(name, repoUrl, machine?.id);
    const by = machine && { machine: { id: machine.id, host: HOST } };
    const asked = { id, tokenHash, name, ifTaken: "refuse" as const, profile: { client: "cli", repoUrl } };
    const more = { ...(person && { person }), ...(unverified && { trust: "unverified" as const }), ...by };
    const answer = await outcome(o.world.store.registerAgent({ ...asked, ...more }));
    return () => {
      const known = o.history.present.find((each) => each.tokenHash === tokenHash);
      const taken = !known && o.history.present.some((each) => each.name === name);
      o.say(
        `register ${name} → ${answer.kind === "refused" ? answer.code : answer.value.created ? "made" : "resumed"}`,
      );
      const foreign = machine !== undefined && known !== undefined && known.machine !== machine.id;
      const isVoid = machine?.out === true || (!known && o.history.voidTokens.has(tokenHash));
      const expected = isVoid ? "token_revoked" : foreign ? "forbidden" : taken ? "agent_name_taken" : undefined;
      if (isVoid || foreign) {
        const code = answer.kind === "refused" ? answer.code : "answered";
        demand(code === expected, "ownership", () => `${name} should be refused as ${expected}, and was: ${code}`);
        return;
      }
      if (answer.kind === "refused") {
        demand(taken && answer.code === "agent_name_taken", "ownership", () => `${name} was refused: ${answer.code}`);
        return;
      }
      const { agent, created } = answer.value;
      demand(!taken, "ownership", () => `the name ${name} was given to a second agent`);
      demand(
        created === (known === undefined),
        "ownership",
        () => `a resumed ${name} is said to be new, or the reverse`,
      );
      demand(agent.id === (known?.id ?? id), "ownership", () => `the token of ${name} belongs to another agent now`);
      const kept = agent.profile.repoUrl === repoUrl && agent.person === person;
      demand(kept, "trust", () => `${name} is ${JSON.stringify(agent)}`);
      if (known) {
        known.standing.repoUrl = repoUrl;
        return;
      }
      o.history.agents.push({
        ...{ id, name: agent.name, tokenHash, machine: machine?.id, removed: false, lastSeq: 0 },
        standing: standingOf(name, repoUrl, machine?.id),
        ...{ policy: undefined, focus: undefined, summary: undefined, subscriptions: new Map() },
      });
    };
  };
}

/** A call comes with a token. */
export function call(agentId: AgentId): Question {
  return async (o) => {
    const caller = o.history.agents.find(({ id }) => id === agentId);
    const found = await o.world.store.agentByToken(caller?.tokenHash ?? "");
    return () => {
      const known = caller?.removed ? undefined : caller;
      o.say(`a call with the token of ${caller?.name} → ${found?.name}`);
      const same = found?.id === known?.id && found?.name === known?.name;
      demand(same, "ownership", () => `the token of ${caller?.name} is that of ${found?.name}, not of ${known?.name}`);
      const summary = found?.profile.summary;
      demand(
        summary === known?.summary,
        "ownership",
        () => `${known?.name} works on ${summary}, not ${known?.summary}`,
      );
      const own = o.history.sessions.filter((each) => each.open && each.agentId === agentId);
      const beat = Math.max(0, ...own.map(({ beatAt }) => beatAt));
      demand((found?.lastSeenAt ?? beat) >= beat, "sessions", () => `${known?.name} was last seen at ${beat}`);
    };
  };
}

/** An agent says what it works on; when the name of another is asked for in the same turn, that is refused. */
export function say(agentId: AgentId, summary: string): Question {
  return async (o) => {
    await o.world.store.setSummary(agentId, summary);
    return () => {
      const agent = o.history.agent(agentId);
      o.say(`${agent?.name} works on ${summary}`);
      if (agent) agent.summary = summary;
    };
  };
}

/** Takes an agent out of the mesh: what is open in its inbox dies. */
export function removeAgent(agentId: AgentId): Question {
  return async (o) => {
    const { store } = o.world;
    const token = o.history.agent(agentId)?.tokenHash ?? "";
    const open = async () =>
      (await store.listInbox({ agentId, which: "open", afterSeq: 0, limit: 100 })).entries.length;
    const before = await open();
    let isDone = false;
    const act = store.removeAgent(agentId, BOUNCE).finally(() => {
      isDone = true;
    });
    // When it begins is the engine's matter; from then on the token is bad, whatever of its mail is still open.
    let isGoodMeanwhile = false;
    while (o.world.ways.looksSeeActs && !isDone && !isGoodMeanwhile) {
      await turn();
      const hasBegun = (await open()) < before;
      const isGood = (await store.agentByToken(token)) !== undefined;
      if (!isGood) break;
      isGoodMeanwhile = hasBegun;
    }
    const n = await act;
    const after = await store.agentByToken(token);
    return () => {
      const agent = o.history.agent(agentId);
      const alive = o.history.alive(agentId);
      o.say(`remove ${agent?.name} → ${n} dead`);
      demand(!after && !isGoodMeanwhile, "ownership", () => `the token of ${agent?.name} is good although it has left`);
      demand(n === alive.length, "I1 no loss", () => `${alive.length} lived, but ${n} died with their agent`);
      leave(o, agentId);
      for (const each of alive) judgeEnd(o, each, "dead", "dead", { reason: "recipient_gone" });
    };
  };
}

/** An agent is taken out, and the broker is killed some turns later: then it is there as before, or its mail ends now. */
export function removeAndKill(agentId: AgentId, turns: number, end: Exclude<End, "clean">): Question {
  return async (o) => {
    const token = o.history.agent(agentId)?.tokenHash ?? "";
    // What a commit leased for a stream before it was on disk nobody was told of.
    o.world.streams.clear();
    const first = o.world.store.removeAgent(agentId, BOUNCE).catch(() => undefined);
    for (let i = 0; i < turns; i++) await turn();
    await o.world.restart(end);
    loseUnwritten(o, end);
    const present = await o.world.store.agentByToken(token);
    const n = await o.world.store.endRemoved(100, BOUNCE);
    // Who is not answered now is not answered any more.
    const told = await Promise.race([
      first,
      turn()
        .then(turn)
        .then(() => undefined),
    ]);
    return () => {
      const alive = o.history.alive(agentId);
      const name = o.history.agent(agentId)?.name;
      o.say(`killed ${turns} turns after ${name} was removed, who is ${present ? "there" : "gone"}; then ${n} dead`);
      demand(
        told === undefined || !present,
        "ownership",
        () => `${name} is there, and it was answered that it had left`,
      );
      if (!present) leave(o, agentId);
      followStart(o);
      let ended = 0;
      for (judgeVoided(o); !present && o.tape.nextOf("dead"); judgeVoided(o)) {
        const next = o.tape.nextOf("dead");
        demand(
          next !== undefined && alive.includes(next),
          "I1 no loss",
          () => `${next?.id} died with ${name}, whose it is not`,
        );
        judgeEnd(o, next, "dead", "dead", { reason: "recipient_gone" });
        ended++;
      }
      o.started();
      const all = present ? 0 : alive.length;
      demand(ended === all && n <= all, "I1 no loss", () => `${all} lived with ${name}, but ${ended} died, ${n} late`);
    };
  };
}

/** What nobody has any more from the moment on in which an agent is taken out. */
export function leave(o: Observer, agentId: AgentId): void {
  const agent = o.history.agent(agentId);
  if (agent) agent.removed = true;
  for (const ask of o.history.asks) if (ask.asker.id === agentId) ask.open = false;
  agent?.subscriptions.clear();
  for (const each of o.history.sessions) if (each.agentId === agentId) each.open = false;
}

/** Opens a session. */
export function openSession(agentId: AgentId): Question {
  return async (o) => {
    const id = newId("ses");
    const answer = await outcome(
      o.world.store.openSession({ id, agentId, profile: {}, pushPaths: [{ path: "stream" }] }),
    );
    return () => {
      const agent = o.history.agent(agentId);
      o.say(`open session of ${agent?.name ?? agentId} → ${answer.kind}`);
      demand((answer.kind === "answered") === (agent !== undefined), "sessions", () => `open session: ${answer.kind}`);
      if (!agent) return;
      const unknown = { doubt: undefined, provenAt: undefined, silent: false };
      const times = { seenAt: o.now, beatAt: o.now };
      o.history.sessions.push({ id, agentId, ...times, written: times, open: true, heard: ++o.count, ...unknown });
    };
  };
}

/** Ends a session; its leases return, and count a failure when its process is gone. */
export function endSession(session: SessionHistory, as: AgentId, how: "left" | "gone" = "left"): Question {
  return async (o) => {
    const returned = await o.world.store.endSession(session.id, as, how, RETRY);
    return () => {
      const own = session.open && session.agentId === as;
      o.say(
        `end session (${how}) of ${o.history.agent(session.agentId)?.name}${own ? "" : " (foreign or over)"} → ${returned}`,
      );
      demand((returned !== undefined) === own, own ? "sessions" : "ownership", () => `ending a session: ${returned}`);
      if (!own) return;
      const held = o.history.heldBy(session.id);
      for (const each of held) judgeReturn(o, each, "released", { failed: how === "gone" });
      demand(returned === held.length, "L3 no stuck lease", () => `${held.length} leases, but ${returned} returned`);
      session.open = false;
    };
  };
}

/** Renews a session. */
export function heartbeat(session: SessionHistory, as: AgentId): Question {
  return async (o) => {
    const renewed = await o.world.store.touchSession(session.id, as, undefined);
    return () => {
      const own = session.open && session.agentId === as;
      o.say(`heartbeat of ${o.history.agent(session.agentId)?.name}${own ? "" : " (foreign or over)"} → ${renewed}`);
      demand(renewed === own, own ? "sessions" : "ownership", () => `a heartbeat was answered ${renewed}`);
      if (!own) return;
      session.seenAt = o.now;
      session.beatAt = o.now;
      if (session.doubt || session.silent || o.world.ways.writesHeartbeats) written(session);
      else o.history.unwrittenSince ??= o.now;
      session.doubt = undefined;
      o.heardOf(session);
    };
  };
}

/** Makes every session look silent for so long, as a start does. */
export function doubtAll(ageMs: number): Question {
  return async (o) => {
    await o.world.store.doubtSession("all", ageMs, "broker_started");
    return () => {
      o.say(`doubt all sessions: ${ageMs} ms`);
      for (const session of o.history.sessions) {
        doubt(o, session, ageMs, "broker_started");
      }
    };
  };
}

/** Makes a session look silent for so long. */
export function doubtSession(session: SessionHistory, ageMs: number): Question {
  return async (o) => {
    await o.world.store.doubtSession(session, ageMs, "stream_closed");
    return () => {
      o.say(`doubt a session: ${ageMs} ms`);
      doubt(o, session, ageMs, "stream_closed");
    };
  };
}

/** A session counts as not heard of for so long until it is. */
export function doubt(o: Observer, session: SessionHistory, ageMs: number, why: DoubtWhy): void {
  if (!session.open) return;
  session.seenAt = Math.min(session.seenAt, o.now - ageMs);
  session.doubt ??= { why, at: o.now };
  written(session);
}

/** Ends the sessions that were silent for so long; their leases return as failures. */
export function expireSessions(offlineAfterMs: number): Question {
  return async (o) => {
    // One that is over may be streamed to until its turn to end has come; what it gets returns at once.
    for (const { id, seenAt } of o.history.sessions) if (seenAt <= o.now - offlineAfterMs) o.world.streams.delete(id);
    const ended = await o.world.store.expireSessions(offlineAfterMs, RETRY);
    return () => {
      // What was heard of before the clock was set back ages from now on.
      for (const each of o.history.sessions.filter(({ open }) => open)) {
        if (each.beatAt <= o.now && each.seenAt <= o.now) continue;
        each.seenAt = Math.min(each.seenAt, o.now);
        each.beatAt = Math.min(each.beatAt, o.now);
        written(each);
      }
      const over = o.history.sessions.filter((each) => each.open && each.seenAt <= o.now - offlineAfterMs);
      const ids = new Set<SessionId | undefined>(over.map(({ id }) => id));
      o.say(`expire sessions → ${ended}`);
      const same = ended.length === ids.size && ended.every((id) => ids.has(id));
      demand(same, "sessions", () => `over are the sessions ${[...ids]}, ended were ${ended}`);
      for (let next = o.tape.nextOf("released"); next; next = o.tape.nextOf("released")) {
        const lost = ids.has(next.lease?.session);
        demand(lost, "I6 single lease", () => "a lease returned although its holder is alive");
        judgeReturn(o, next, "released", { failed: true });
      }
      for (const each of over) each.open = false;
      const stuck = o.history.leased().filter((each) => isOpen(each) && ids.has(each.lease?.session));
      demand(stuck.length === 0, "L3 no stuck lease", () => "a lease survived the session that missed its heartbeats");
    };
  };
}
