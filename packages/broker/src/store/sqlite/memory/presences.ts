/**
 * Whose presence may not be the one that was told last: in memory, so that nobody who is as they were is looked at. What was
 * told goes back with the act that told it.
 */
import type { Presence } from "@agentmesh/protocol";
import type { SessionsInMemory } from "./sessions.ts";
import type { Undo } from "./undo.ts";

/** A presence that is to be told. */
export interface PresenceNews {
  readonly agentPk: number;
  readonly presence: Presence;
}

/** What was told of whom, and who has moved since. */
export class PresencesTold {
  readonly #undo: Undo;
  readonly #sessions: Pick<SessionsInMemory, "newestOf">;
  /** Of those that are not offline. */
  readonly #told = new Map<number, Exclude<Presence, "offline">>();
  readonly #moved = new Set<number>();
  /** No heartbeat of those that were told to be online is older. */
  #oldest = Number.POSITIVE_INFINITY;
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(undo: Undo, sessions: Pick<SessionsInMemory, "newestOf">) {
    this.#undo = undo;
    this.#sessions = sessions;
  }

  /** Takes over what the broker before has told. */
  load(agentPk: number, presence: Exclude<Presence, "offline">): void {
    this.#told.set(agentPk, presence);
    this.#moved.add(agentPk);
  }

  /** Something about its sessions has changed. */
  moved(agentPk: number): void {
    this.#moved.add(agentPk);
  }

  /** Up to `limit` of those that are to be told; the others that moved are as they were told. */
  news(now: number, staleAfterMs: number, limit: number): PresenceNews[] {
    // By a clock that was set back a heartbeat that was too old may not be.
    if (now < this.#lookedAt) for (const agentPk of this.#told.keys()) this.#moved.add(agentPk);
    this.#lookedAt = now;
    if (this.#oldest <= now - staleAfterMs) this.#lookForAged(now - staleAfterMs);
    const news: PresenceNews[] = [];
    for (const agentPk of this.#moved) {
      if (news.length === limit) break;
      const seenAt = this.#sessions.newestOf(agentPk)?.session.seenAt;
      const presence = seenAt === undefined ? "offline" : now - seenAt < staleAfterMs ? "online" : "stale";
      if (presence === "online") this.#oldest = Math.min(this.#oldest, seenAt ?? now);
      if (presence === (this.#told.get(agentPk) ?? "offline")) this.#moved.delete(agentPk);
      else news.push({ agentPk, presence });
    }
    return news;
  }

  /** It is told, in an act. */
  tell({ agentPk, presence }: PresenceNews): void {
    const before = this.#told.get(agentPk);
    this.#set(agentPk, presence);
    this.#moved.delete(agentPk);
    this.#undo.note(() => {
      this.#set(agentPk, before ?? "offline");
      this.#moved.add(agentPk);
    });
  }

  #set(agentPk: number, presence: Presence): void {
    if (presence === "offline") this.#told.delete(agentPk);
    else this.#told.set(agentPk, presence);
  }

  #lookForAged(before: number): void {
    this.#oldest = Number.POSITIVE_INFINITY;
    for (const [agentPk, presence] of this.#told) {
      const seenAt = this.#sessions.newestOf(agentPk)?.session.seenAt;
      if (presence !== "online" || seenAt === undefined) continue;
      if (seenAt <= before) this.#moved.add(agentPk);
      this.#oldest = Math.min(this.#oldest, seenAt);
    }
  }
}
