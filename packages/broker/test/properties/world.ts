/** One engine under test, as its clients know it: its clock, its restarts, and what its listeners were told. */
import type { AgentId, SessionId } from "@agentmesh/protocol";
import type {
  AskNotices,
  Bounce,
  InboxQuota,
  LeasedRecord,
  RetryPolicy,
  Store,
  StreamLeaseTerms,
  WaiveTerms,
} from "../../src/mesh/store.ts";
import type { FakeClock } from "../store/fake-clock.ts";

/** Limits small enough that a hundred commands reach them. */
export const QUOTA: InboxQuota = { maxMessages: 7, maxBytes: 900 };
export const BOUNCE: Bounce = ({ state, recipient, seq, reason, body }) =>
  `${state}: ${recipient}#${seq}, ${reason}, ${body.length}`;
export const RETRY: RetryPolicy = {
  maxAttempts: 3,
  delayMs: (failures) => [0, 1_000, 5_000][failures - 1] ?? 5_000,
  bounce: BOUNCE,
};
export const NOTICES: AskNotices = {
  nudge: ({ messageId }) => `owed: ${messageId}`,
  bounce: ({ messageId }, held) => `${held ? "held" : "not answered"}: ${messageId}`,
};
/** How the owner of the mesh waives an answer; an asker is not told what it does itself. */
export const WAIVE: Required<WaiveTerms> = {
  why: "by whoever may",
  nudge: ({ messageId }) => `not owed any more: ${messageId}`,
  bounce: ({ messageId }) => `go on without: ${messageId}`,
};
/** What each pattern of the pool means, written out. */
export const MEANS: Readonly<Record<string, readonly string[]>> = {
  news: ["news"],
  "build.*": ["build.api", "build.web"],
  "build.>": ["build.api", "build.web", "build.api.failed"],
  "*.api": ["build.api"],
  ">": ["news", "build.api", "build.web", "build.api.failed"],
};
export const TOPICS: readonly string[] = MEANS[">"] ?? [];
export const STALE_AFTER_MS = 45_000;
export const OFFLINE_AFTER_MS = 120_000;
/** A heartbeat is on disk within this; after a kill a session counts as so much younger than its row. */
export const WRITTEN_WITHIN_MS = 60_000;
export const GRACE_AT_START_MS = 65_000;
export const KEY_WINDOW_MS = 900_000;
/** Not shorter than the window of the keys: the configuration sees to that. */
export const RETENTION_MS = 900_000;

/** How a broker ends: it is stopped, killed, or the power fails, and with it what is not on disk. */
export type End = "clean" | "kill" | "power cut";

/** How a copy takes the place of the database: over it, where it was removed, or moved over it. */
export type Restore = "in place" | "removed first" | "by rename";

/** What one listener was told. */
export interface Heard {
  readonly told: Set<AgentId>;
  grown: boolean;
  happened: boolean;
}

/** In what an engine keeps its promises otherwise than another. */
export interface Ways {
  /** A heartbeat is on disk when it is answered; else within a minute, and a start after a kill knows how much it may lack. */
  readonly writesHeartbeats: boolean;
  /** Its clock is the broker's: what runs follows its steps, and a start finds that it was set back. */
  readonly ownsClock: boolean;
  /** An act is done in the turn that it was asked for in: a look behind it sees it before it is answered. */
  readonly looksSeeActs: boolean;
}

/** A mesh under test: one broker's store, or those of several. */
export abstract class World implements AsyncDisposable {
  abstract readonly clock: FakeClock;
  /** How many pieces one slice of an act takes; nothing in it depends on the time that it takes. */
  abstract readonly pieces: number;
  abstract readonly ways: Ways;
  /** Agents that a listener was told of since the last `forget`. */
  readonly told = new Set<AgentId>();
  grown = false;
  /** It was told that something happened. */
  happened = false;
  /** Agents of which it was said that all that was leasable is leased for their streams. */
  readonly served = new Set<AgentId>();
  /** Of several brokers: agents of which one was told that something may be left. */
  readonly unserved = new Set<AgentId>();
  /** Open streams, and what was leased for them since the last `forget`, in that order. */
  readonly streams = new Map<SessionId, StreamLeaseTerms>();
  readonly streamed: { readonly terms: StreamLeaseTerms; readonly leased: readonly LeasedRecord[] }[] = [];

  /** Where the next thing is asked. */
  abstract get store(): Store;
  /** `clean` closes first; `kill` leaves what there is, and starts again. */
  abstract restart(how: End): Promise<void>;
  abstract [Symbol.asyncDispose](): Promise<void>;

  /** One of several brokers is ended, and started again beside the others. Returns the sessions whose streams it had. */
  async restartOne(_n: number, _how: "clean" | "kill"): Promise<readonly SessionId[]> {
    return [];
  }

  get now(): number {
    return this.clock.now();
  }

  forget(): void {
    this.told.clear();
    this.served.clear();
    this.unserved.clear();
    this.streamed.length = 0;
    this.grown = false;
    this.happened = false;
  }

  /** What the engine does by itself is done: what is asked now comes next. */
  async quiet(): Promise<void> {}

  /** Whoever is told of what was done has been told. */
  hinted(): Promise<void> {
    return turn();
  }

  /** Asks as the n-th of a step. */
  asked<T>(_n: number, ask: () => Promise<T>): Promise<T> {
    return ask();
  }

  /** Whose acts were done one after the other since the last `forget`, an entry for each slice; undefined: in the order of asking. */
  order(): readonly number[] | undefined {
    return undefined;
  }

  /** Listens to a store, as long as that is `current`; `hasStream` says which sessions have their streams there, `heard` is told. */
  protected listenTo(
    store: Store,
    current: () => boolean,
    hasStream: (session: SessionId) => boolean,
    heard: Heard = this,
  ): Store {
    store.listen({
      ready: (agentId, isStreamed) => {
        if (!current()) return;
        heard.told.add(agentId);
        if (isStreamed) this.served.add(agentId);
        else if (heard === this) this.served.delete(agentId);
        // What is called by another broker is no news of one's own streams.
        else this.unserved.add(agentId);
      },
      offers: (agentId) =>
        current()
          ? [...this.streams.values()].filter((terms) => terms.agentId === agentId && hasStream(terms.session))
          : [],
      leased: (session, leased) => {
        const terms = this.streams.get(session);
        if (!current() || !terms) throw new Error(`${session} has no stream, and was leased to`);
        this.streamed.push({ terms, leased });
      },
      advanced: () => {
        if (current()) heard.grown = true;
      },
      happened: () => {
        if (current()) heard.happened = true;
      },
    });
    return store;
  }
}

/** One turn of the event loop: a store tells its listener after it has answered. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
