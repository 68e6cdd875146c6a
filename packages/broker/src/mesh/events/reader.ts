/** Who reads events: up to now by itself, a page at a time as far as there is room, and from then on with all the others. */
import type { AgentId, EventFilter } from "@agentmesh/protocol";
import { MeshError } from "../errors.ts";
import type { Look } from "../looks/turns.ts";
import type { EventPage, EventPlace, EventRecord } from "../store/events.ts";
import type { Store, Viewer } from "../store.ts";
import type { EventSink } from "./sink.ts";

/** Events that one page has. */
export const EVENTS_PER_PAGE = 128;

/** When a reader tries again after the store failed it, in milliseconds. */
const RETRY_MS = 1_000;

/** What is read, by whom. */
export interface EventTerms {
  readonly viewer: Viewer;
  /** Left out, everything that the viewer may see. */
  readonly types: readonly EventFilter[] | undefined;
}

/** What a reader works with. */
export interface ReaderParts {
  readonly store: Pick<Store, "events">;
  readonly look: Look;
  /** Reads on with the others from a place; false when they are further on. */
  readonly join: (reader: EventReader) => boolean;
  readonly onFault: (error: unknown) => void;
}

/** Whether one place is ahead of another. */
export function isAhead(place: EventPlace, of: EventPlace): boolean {
  return place.timeline > of.timeline || place.event > of.event;
}

/** One of them. */
export class EventReader {
  readonly viewer: Viewer;
  readonly sink: EventSink;
  readonly #types: ReadonlySet<string> | undefined;
  readonly #parts: ReaderParts;
  #cursor: string;
  #place: EventPlace;
  #isReading = false;
  /** It is up to date: what is new comes by `take`. */
  #isLive = false;
  #isOver = false;

  constructor(terms: EventTerms, sink: EventSink, from: Pick<EventPage, "cursor" | "place">, parts: ReaderParts) {
    this.viewer = terms.viewer;
    this.sink = sink;
    this.#types = terms.types && new Set(terms.types);
    this.#parts = parts;
    this.#cursor = from.cursor;
    this.#place = from.place;
    sink.onRoom(() => {
      if (!this.#isLive) void this.read();
    });
  }

  /** How far it has come. */
  get cursor(): string {
    return this.#cursor;
  }

  get place(): EventPlace {
    return this.#place;
  }

  /** Nothing more is written to it. */
  stop(): void {
    this.#isOver = true;
  }

  /** Takes what is new; false when there is no room for all of it: the rest it reads by itself when there is. */
  take({ events, cursor, place }: EventPage): boolean {
    const isTaken = this.#takeAll(events);
    this.#isLive = isTaken;
    if (isTaken && isAhead(place, this.#place)) this.#passed({ cursor, place });
    return isTaken;
  }

  /** Reads on, as far as there is room, until it has come to where the others are. */
  async read(): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    const { store, look, join } = this.#parts;
    try {
      while (this.sink.hasRoom && !this.#isOver) {
        const { turn } = look;
        const terms = { after: this.#cursor, limit: EVENTS_PER_PAGE, viewer: this.viewer };
        const page = await store.events({ ...terms, turn });
        if (this.#isOver || !this.#takeAll(page.events)) return;
        this.#passed(page);
        this.#isLive = !page.more && join(this);
        if (this.#isLive) return;
      }
    } catch (error) {
      this.failed(error);
    } finally {
      this.#isReading = false;
    }
  }

  /** The store did not give what comes next: it is asked again, unless it has that no more. */
  failed(error: unknown): void {
    this.#isLive = false;
    // Where there is no room it is asked again when there is.
    if (this.#isOver || !this.sink.hasRoom) return;
    if (error instanceof MeshError && GONE.has(error.code)) {
      this.sink.close(error.code, true);
      return;
    }
    this.#parts.onFault(error);
    setTimeout(() => void this.read(), RETRY_MS).unref();
  }

  /** False when the room ends before the events do. */
  #takeAll(events: readonly EventRecord[]): boolean {
    for (const { event, concerns, place } of events) {
      if (this.#isOver) return true;
      if (!isAhead(place, this.#place)) continue;
      if (!this.sink.hasRoom) return false;
      if (this.#isWanted(event.type, concerns)) this.sink.event(event);
      this.#cursor = event.cursor;
      this.#place = place;
    }
    return true;
  }

  #isWanted(type: string, concerns: readonly AgentId[]): boolean {
    if (this.viewer !== undefined && !concerns.includes(this.viewer)) return false;
    return this.#types === undefined || this.#types.has(type) || this.#types.has(type.slice(0, type.indexOf(".")));
  }

  #passed({ cursor, place }: Pick<EventPage, "cursor" | "place">): void {
    this.#cursor = cursor;
    this.#place = place;
    this.sink.passed(cursor);
  }
}

/** What the store has no more, whoever asks again. */
const GONE: ReadonlySet<string> = new Set(["cursor_gone", "cursor_invalid"]);
