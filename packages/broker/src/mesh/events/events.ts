/** Events: who reads them is told of what happens when it is on disk; all who are up to date share one look. */
import type { AgentId, EndpointRequest, endpoints } from "@agentmesh/protocol";
import type { Agents } from "../agents.ts";
import { type Caller, mayActFor, viewerOf } from "../caller.ts";
import type { Look, Turns } from "../looks/turns.ts";
import type { EventPage } from "../store/events.ts";
import type { Store } from "../store.ts";
import { EVENTS_PER_PAGE, EventReader, isAhead } from "./reader.ts";
import type { EventSink } from "./sink.ts";

type Query = EndpointRequest<(typeof endpoints)["events"]>["query"];

/** Streams of events. */
export class Events {
  readonly #store: Store;
  readonly #agents: Agents;
  readonly #turns: Turns;
  readonly #onFault: (error: unknown) => void;
  readonly #readers = new Set<EventReader>();
  /** Those that are up to date: what is new is looked up once for all of them. */
  readonly #live = new Set<EventReader>();
  /** How far they are. */
  #head: Pick<EventPage, "cursor" | "place"> | undefined;
  #isLooking = false;
  #again = false;
  /** Set when all have been told goodbye: who comes after that is told so too. */
  #over: { readonly code: string; readonly reconnect: boolean } | undefined;

  constructor(parts: { store: Store; agents: Agents; turns: Turns; onFault: (error: unknown) => void }) {
    this.#store = parts.store;
    this.#agents = parts.agents;
    this.#turns = parts.turns;
    this.#onFault = parts.onFault;
  }

  /** How many read them. */
  get size(): number {
    return this.#readers.size;
  }

  /**
   * Opens a sink and writes what happened behind a cursor, and all that happens, until the sink closes.
   * @throws MeshError forbidden, agent_not_found, invalid_request, cursor_invalid, cursor_gone
   */
  async attach<S extends EventSink>(caller: Caller, query: Query, openSink: (cursor: string) => S): Promise<S> {
    let viewer = viewerOf(caller);
    if (query.agent !== undefined) {
      const agent = await this.#agents.resolve(query.agent, caller);
      mayActFor(caller, agent);
      viewer = agent.id;
    }
    const look = this.#turns.look(caller);
    const { turn } = look;
    const { after, types } = query;
    const begin = await this.#store.events({ after, limit: 0, viewer, turn });
    const sink = openSink(after ?? begin.cursor);
    if (this.#over) {
      sink.close(this.#over.code, this.#over.reconnect);
      return sink;
    }
    const reader = new EventReader({ viewer, types }, sink, begin, {
      ...{ store: this.#store, look, onFault: this.#onFault },
      join: (each) => this.#join(each),
    });
    this.#readers.add(reader);
    sink.onClose(() => {
      reader.stop();
      this.#readers.delete(reader);
      this.#leave(reader);
    });
    void reader.read();
    // It may have left while the place was looked up; from here on its end is this stream's.
    if (viewer !== undefined && !(await this.#agents.find(viewer))) sink.close("agent_removed", false);
    return sink;
  }

  /** Something happened: who is up to date is told. */
  happened(): void {
    if (this.#live.size > 0) void this.#look();
  }

  /** Ends what an agent reads that has left the mesh. */
  endOf(agentId: AgentId): void {
    for (const { viewer, sink } of [...this.#readers]) if (viewer === agentId) sink.close("agent_removed", false);
  }

  /** Says goodbye to everybody. */
  closeAll(code: string, reconnect: boolean): void {
    this.#over = { code, reconnect };
    for (const { sink } of [...this.#readers]) sink.close(code, reconnect);
  }

  #join(reader: EventReader): boolean {
    if (this.#head && isAhead(this.#head.place, reader.place)) return false;
    this.#head ??= { cursor: reader.cursor, place: reader.place };
    this.#live.add(reader);
    // Nobody was told of what happened since it looked.
    void this.#look();
    return true;
  }

  #leave(reader: EventReader): void {
    this.#live.delete(reader);
    if (this.#live.size === 0) this.#head = undefined;
  }

  async #look(): Promise<void> {
    this.#again = true;
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      while (this.#again && this.#head) {
        this.#again = false;
        const { turn }: Look = this.#turns.look({ kind: "key" });
        const after = this.#head.cursor;
        const page = await this.#store.events({ after, limit: EVENTS_PER_PAGE, viewer: undefined, turn });
        // They may all have gone meanwhile, and others have come.
        if (this.#head?.cursor !== after) continue;
        this.#head = page;
        this.#again ||= page.more;
        for (const reader of [...this.#live]) if (!reader.take(page)) this.#leave(reader);
      }
    } catch (error) {
      // Each goes on by itself, and says what becomes of it.
      const left = [...this.#live];
      for (const reader of left) this.#leave(reader);
      for (const reader of left) reader.failed(error);
    } finally {
      this.#isLooking = false;
    }
  }
}
