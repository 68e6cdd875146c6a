/** Events as the observer reads them beside the log: they agree with it, and with what everything else was answered. */
import { isDeepStrictEqual } from "node:util";
import type { AgentId, LogEntry, MeshEvent, SessionId } from "@agentmesh/protocol";
import { MeshError } from "../../src/mesh/errors.ts";
import type { EventRecord } from "../../src/mesh/store/events.ts";
import type { Store, Viewer } from "../../src/mesh/store.ts";
import type { AgentHistory, History } from "./history.ts";
import { BrokenPromise, demand } from "./promises.ts";

/** Small, so that most runs turn pages. */
const PAGE = 5;
/** Places in a run from which the rest is read once more. */
const PLACES = 7;

/** An agent as the events tell of it. */
interface Told {
  readonly name: string;
  removed: boolean;
  summary: string | undefined;
  presence: string;
  /** Open ones, and whether they are silent. */
  readonly sessions: Map<SessionId, boolean>;
  readonly proven: Set<SessionId>;
  readonly topics: Set<string>;
  webhook: boolean;
}

/** Every event so far, and the mesh as they tell of it. */
export class EventTape {
  readonly recorded: EventRecord[] = [];
  /** Set by a look that tells presences: from which age on a heartbeat is stale. */
  staleAfterMs: number | undefined;
  /** Something may have been pruned. */
  mayForget = false;
  readonly #begin: string;
  readonly #told = new Map<AgentId, Told>();
  readonly #expected: string[] = [];
  #cursor: string;
  #new: MeshEvent[] = [];

  constructor(begin: string) {
    this.#begin = begin;
    this.#cursor = begin;
  }

  static async begin(store: Store): Promise<EventTape> {
    return new EventTape((await store.events({ after: undefined, limit: 1, viewer: undefined })).cursor);
  }

  /** What an act that can be repeated must be told of, in this step. */
  expect(type: "policy.set" | "agent.focus", agent: AgentHistory, until?: number): void {
    this.#expected.push(`${type} ${agent.name} ${until === undefined ? "" : new Date(until).toISOString()}`);
  }

  /** Reads what is new; what happened to deliveries is what the log has just shown, in its order. */
  async read(store: Store, logged: readonly LogEntry[]): Promise<number> {
    this.#new = [];
    for (;;) {
      const page = await store.events({ after: this.#cursor, limit: PAGE, viewer: undefined }).catch(refused);
      this.recorded.push(...page.events);
      this.#new.push(...page.events.map(({ event }) => event));
      this.#cursor = page.cursor;
      if (!page.more) break;
    }
    const deliveries = this.#new.flatMap((event) => ("deliveryId" in event ? [entryOf(event)] : []));
    const entries = logged.map(({ preview: _, event, ...entry }) => ({ ...entry, type: `delivery.${event}` }));
    demand(
      isDeepStrictEqual(deliveries, entries),
      "events",
      () =>
        `the log shows ${entries.map(({ type }) => type)}, the events ${deliveries.map(({ type }) => type)}, or they differ`,
    );
    return this.#new.length;
  }

  /** Each event has changed something, once, and all together they tell what there is. */
  judge(history: History, now: number): void {
    const repeated: string[] = [];
    for (const event of this.#new) {
      if ("deliveryId" in event) continue;
      demand(this.#apply(event), "events", () => `${event.type} of ${event.agent.name} is told, and nothing happened`);
      if (event.type === "policy.set") repeated.push(`policy.set ${event.agent.name} `);
      if (event.type === "agent.focus") repeated.push(`agent.focus ${event.agent.name} ${event.focus?.until ?? ""}`);
    }
    const expected = this.#expected.splice(0);
    demand(
      isDeepStrictEqual(repeated.sort(), expected.sort()),
      "events",
      () => `told is ${repeated.join(", ")}; asked for was ${expected.join(", ")}`,
    );
    const told = [...this.#told].filter(([, { removed }]) => !removed).map(([id, each]) => shownOf(id, each));
    const known = history.present.map((agent) => knownOf(history, agent));
    demand(
      isDeepStrictEqual(told.sort(), known.sort()),
      "events",
      () => `the events tell of ${told.join("; ")}, the history of ${known.join("; ")}`,
    );
    this.#judgePresences(history, now);
  }

  #judgePresences(history: History, now: number): void {
    const staleAfterMs = this.staleAfterMs;
    this.staleAfterMs = undefined;
    if (staleAfterMs === undefined) return;
    for (const { id, name } of history.present) {
      const seen = history.sessions.filter((each) => each.open && each.agentId === id).map(({ seenAt }) => seenAt);
      const isOnline = now - Math.max(...seen) < staleAfterMs;
      const presence = seen.length === 0 ? "offline" : isOnline ? "online" : "stale";
      const told = this.#told.get(id)?.presence;
      demand(told === presence, "events", () => `${name} is told to be ${told}, and is ${presence}`);
    }
  }

  /** Read again from its beginning, and from places on the way, the rest is the same: for all, and for each agent. */
  async checkWhole(store: Store, history: History): Promise<void> {
    const isForgotten = history.deliveries.some(({ pruned }) => pruned);
    const all = await this.#rest(store, this.#begin, undefined);
    demand(all !== undefined || this.mayForget, "events", () => "the first cursor is gone, and nothing was pruned");
    demand(all === undefined || !isForgotten, "events", () => "events were pruned, and the first cursor is not gone");
    const viewers: Viewer[] = [undefined, ...history.agents.map(({ id }) => id)];
    const every = Math.max(1, Math.ceil(this.recorded.length / PLACES));
    for (let from = 0; from <= this.recorded.length; from += every) {
      const viewer = viewers[(from / every) % viewers.length];
      const rest = await this.#rest(store, this.recorded[from - 1]?.event.cursor ?? this.#begin, viewer);
      const known = this.recorded
        .slice(from)
        .filter(({ concerns }) => viewer === undefined || concerns.includes(viewer));
      const same =
        rest === undefined
          ? this.mayForget
          : isDeepStrictEqual(
              rest,
              known.map(({ event }) => entryOf(event)),
            );
      demand(same, "events", () => `behind event ${from} there are ${rest?.length} for ${viewer}, not ${known.length}`);
    }
  }

  async #rest(store: Store, begin: string, viewer: Viewer): Promise<object[] | undefined> {
    const rest: object[] = [];
    try {
      for (let after = begin; ; ) {
        const page = await store.events({ after, limit: PAGE, viewer });
        rest.push(...page.events.map(({ event }) => entryOf(event)));
        if (!page.more) return rest;
        after = page.cursor;
      }
    } catch (error) {
      if (error instanceof MeshError && error.code === "cursor_gone") return undefined;
      throw error;
    }
  }

  /** False when it changes nothing. */
  #apply(event: Exclude<MeshEvent, { deliveryId: string }>): boolean {
    const told = this.#told.get(event.agent.id);
    if (event.type === "agent.registered") {
      const none = { removed: false, summary: undefined, presence: "offline", webhook: false };
      const { name } = event.agent;
      this.#told.set(event.agent.id, { name, ...none, sessions: new Map(), proven: new Set(), topics: new Set() });
      return told === undefined;
    }
    if (!told || told.removed) return false;
    switch (event.type) {
      case "agent.removed":
        told.removed = true;
        return true;
      case "agent.summary": {
        const isOther = told.summary !== event.summary;
        told.summary = event.summary;
        return isOther;
      }
      case "agent.presence": {
        const isOther = told.presence !== event.presence;
        told.presence = event.presence;
        return isOther;
      }
      case "session.opened": {
        const isNew = !told.sessions.has(event.session);
        told.sessions.set(event.session, false);
        return isNew;
      }
      case "session.ended":
        told.proven.delete(event.session);
        return told.sessions.delete(event.session);
      case "session.silent":
      case "session.heard": {
        const isOther = told.sessions.get(event.session) === (event.type === "session.heard");
        told.sessions.set(event.session, event.type === "session.silent");
        return isOther;
      }
      case "push.proven": {
        const isNew = told.sessions.has(event.session) && !told.proven.has(event.session);
        told.proven.add(event.session);
        return isNew;
      }
      case "topic.subscribed": {
        const isNew = !told.topics.has(event.topic);
        told.topics.add(event.topic);
        return isNew;
      }
      case "topic.unsubscribed":
        return told.topics.delete(event.topic);
      case "webhook.set":
        told.webhook = true;
        return true;
      case "webhook.removed": {
        const had = told.webhook;
        told.webhook = false;
        return had;
      }
      case "agent.focus":
      case "policy.set":
        return true;
      default:
        return false;
    }
  }
}

/** Who has read all so far misses nothing, whatever is pruned. */
function refused(error: unknown): never {
  if (!(error instanceof MeshError)) throw error;
  throw new BrokenPromise("events", `who was up to date is told ${error.code}: ${error.message}`);
}

/** An event without its place: from another place on, others are ahead of it. */
function entryOf<E extends MeshEvent>({ v: _, cursor: __, ...entry }: E): Omit<E, "v" | "cursor"> {
  return entry;
}

function shownOf(id: AgentId, { name, summary, sessions, proven, topics }: Told): string {
  return textOf(id, name, summary, [...sessions], proven, topics);
}

function knownOf({ sessions }: History, { id, name, summary, subscriptions }: AgentHistory): string {
  const own = sessions.filter((each) => each.open && each.agentId === id);
  const proven = own.filter(({ provenAt }) => provenAt !== undefined).map((each) => each.id);
  const open = own.map((each): [SessionId, boolean] => [each.id, each.silent]);
  return textOf(id, name, summary, open, proven, subscriptions.keys());
}

function textOf(
  id: AgentId,
  name: string,
  summary: string | undefined,
  sessions: readonly (readonly [SessionId, boolean])[],
  proven: Iterable<SessionId>,
  topics: Iterable<string>,
): string {
  const open = sessions.map(([session, silent]) => `${session}${silent ? " silent" : ""}`).sort();
  return `${id} ${name}: ${summary} [${open}] [${[...proven].sort()}] [${[...topics].sort()}]`;
}
