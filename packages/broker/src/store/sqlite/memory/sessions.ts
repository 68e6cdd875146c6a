/**
 * The sessions of a running broker, in memory: the truth while it runs. What changes in an act goes back with the act.
 * Times of heartbeats alone change without one, and are on disk within a minute.
 */
import type { AgentId, PushPath, SessionId } from "@agentmesh/protocol";
import type { SessionDoubt } from "../../../mesh/store.ts";
import type { Undo } from "./undo.ts";

/** A session as the broker knows it. */
export interface SessionInMemory {
  readonly id: SessionId;
  readonly agentId: AgentId;
  readonly agentPk: number;
  /** Its last heartbeat, which no doubt makes older. */
  beatAt: number;
  /** What its age is reckoned by. */
  seenAt: number;
  /** Position of the timeline when it was last heard of. */
  heard: number;
  silent: boolean;
  doubt: SessionDoubt | undefined;
  pushPaths: PushPath[];
  /** When something that was streamed to it was last acked, to the minute. */
  provenAt: number | undefined;
  /** Number of the last heartbeat that was asked for: a doubt that arose before it is none. */
  sign: number;
}

/** The newest of an agent's sessions, and the newest heartbeat of all of them. */
export interface NewestSession {
  readonly session: SessionInMemory;
  readonly beatAt: number;
}

/** Them, by id and by agent. */
export class SessionsInMemory {
  /** Told whose sessions may say something else of it from now on. */
  onMove: (agentPk: number) => void = () => {};
  readonly #undo: Undo;
  readonly #all = new Map<string, SessionInMemory>();
  readonly #byAgent = new Map<number, readonly SessionInMemory[]>();
  /** Heard of since they were last written. */
  readonly #unwritten = new Set<SessionInMemory>();
  #unwrittenSince: number | undefined;
  /** None is older, and none newer: while these say so, nobody has to look. */
  #oldest = Number.POSITIVE_INFINITY;
  #newest = Number.NEGATIVE_INFINITY;

  constructor(undo: Undo) {
    this.#undo = undo;
  }

  get(id: string): SessionInMemory | undefined {
    return this.#all.get(id);
  }

  /** All of them. */
  all(): Iterable<SessionInMemory> {
    return this.#all.values();
  }

  /** What an agent's presence comes from; undefined without a session. */
  newestOf(agentPk: number): NewestSession | undefined {
    const own = this.#byAgent.get(agentPk);
    const [first] = own ?? [];
    if (!own || !first) return undefined;
    let [session, beatAt] = [first, first.beatAt];
    for (const each of own) {
      if (each.seenAt > session.seenAt) session = each;
      if (each.beatAt > beatAt) beatAt = each.beatAt;
    }
    return { session, beatAt };
  }

  of(agentPk: number): readonly SessionInMemory[] {
    return this.#byAgent.get(agentPk) ?? [];
  }

  /** Takes one over from its row; what the row does not say of it is written with the next heartbeats, or at a stop. */
  load(session: SessionInMemory, isAsWritten: boolean): void {
    this.#add(session);
    if (!isAsWritten) this.#unwritten.add(session);
  }

  put(session: SessionInMemory): void {
    this.#add(session);
    this.#undo.note(() => this.#remove(session));
  }

  drop(session: SessionInMemory): void {
    const wasUnwritten = this.#unwritten.has(session);
    this.#remove(session);
    this.#undo.note(() => {
      this.#add(session);
      if (wasUnwritten) this.#unwritten.add(session);
    });
  }

  /** Changes one in an act. */
  change(session: SessionInMemory, changes: Partial<SessionInMemory>): void {
    const before = { ...session };
    this.#assign(session, changes);
    this.#undo.note(() => this.#assign(session, before));
  }

  /** Notes a heartbeat that changes nothing but times; it is written with the others, within a minute. */
  beat(session: SessionInMemory, now: number, heard: number): void {
    session.beatAt = now;
    session.seenAt = now;
    session.heard = heard;
    this.#bound(session);
    this.#unwritten.add(session);
    this.#unwrittenSince ??= now;
  }

  /** Those whose rows do not say all. */
  unwritten(): SessionInMemory[] {
    this.#unwrittenSince = undefined;
    return [...this.#unwritten];
  }

  /** Whether one of them has waited for so long to be written. */
  isToBeWritten(now: number, waitMs: number): boolean {
    const since = this.#unwrittenSince;
    return since !== undefined && (now < since || now - since >= waitMs);
  }

  /** They could not be written: they wait as if they had been heard of now. */
  waitAgain(now: number): void {
    this.#unwrittenSince ??= now;
  }

  /** They are written as they are now, in an act. */
  written(sessions: Iterable<SessionInMemory>): void {
    for (const each of sessions) {
      if (!this.#unwritten.delete(each)) continue;
      this.#undo.note(() => this.#unwritten.add(each));
    }
  }

  /** Those that were not seen since a time, up to `limit`. */
  notSeenSince(at: number, limit: number): SessionInMemory[] {
    if (this.#oldest > at) return [];
    const found: SessionInMemory[] = [];
    let oldest = Number.POSITIVE_INFINITY;
    for (const each of this.#all.values()) {
      oldest = Math.min(oldest, each.seenAt);
      if (each.seenAt <= at && found.push(each) === limit) return found;
    }
    this.#oldest = oldest;
    return found;
  }

  /** Those that are ahead of a time. */
  ahead(at: number): SessionInMemory[] {
    if (this.#newest <= at) return [];
    const all = [...this.#all.values()];
    this.#newest = all.reduce((newest, each) => Math.max(newest, latest(each)), Number.NEGATIVE_INFINITY);
    return all.filter((each) => latest(each) > at);
  }

  /** The newest heartbeat of all; 0 without a session. */
  newestBeat(): number {
    let newest = 0;
    for (const { beatAt } of this.#all.values()) newest = Math.max(newest, beatAt);
    return newest;
  }

  #add(session: SessionInMemory): void {
    this.#all.set(session.id, session);
    this.#byAgent.set(session.agentPk, [...this.of(session.agentPk), session]);
    this.#bound(session);
  }

  #remove(session: SessionInMemory): void {
    this.#all.delete(session.id);
    this.#unwritten.delete(session);
    const left = this.of(session.agentPk).filter((each) => each !== session);
    if (left.length > 0) this.#byAgent.set(session.agentPk, left);
    else this.#byAgent.delete(session.agentPk);
    this.onMove(session.agentPk);
  }

  #assign(session: SessionInMemory, changes: Partial<SessionInMemory>): void {
    Object.assign(session, changes);
    this.#bound(session);
  }

  #bound(session: SessionInMemory): void {
    this.onMove(session.agentPk);
    this.#oldest = Math.min(this.#oldest, session.seenAt);
    this.#newest = Math.max(this.#newest, latest(session));
  }
}

function latest({ seenAt, beatAt }: SessionInMemory): number {
  return Math.max(seenAt, beatAt);
}
