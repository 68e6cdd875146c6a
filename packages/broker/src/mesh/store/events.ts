/** The part of the Store port that tells what happened. */
import type { AgentId, MeshEvent } from "@agentmesh/protocol";
import type { Viewer } from "../records/index.ts";

/** How far the events have come: what is behind none of the two numbers has been told. Both only grow. */
export interface EventPlace {
  readonly timeline: number;
  readonly event: number;
}

/** One event, who may see it beside the owner of the mesh key, and the place behind it. */
export interface EventRecord {
  readonly event: MeshEvent;
  readonly concerns: readonly AgentId[];
  readonly place: EventPlace;
}

/** Some events in the order of happening, and the place behind them; `more` when there may be others by now. */
export interface EventPage {
  readonly events: readonly EventRecord[];
  readonly cursor: string;
  readonly place: EventPlace;
  readonly more: boolean;
}

/** What happened, in the order of the acts that made it so. */
export interface EventStore {
  /**
   * Events behind a cursor; without one, none, and the place where the next one will be.
   * @throws MeshError invalid_request, cursor_invalid, cursor_gone
   */
  events(query: {
    readonly after: string | undefined;
    readonly limit: number;
    readonly viewer: Viewer;
    /** Awaited between the pieces of a long one. */
    readonly turn?: () => Promise<void>;
  }): Promise<EventPage>;
  /** Tells of each agent whose presence is not the one that was told last; returns of how many. */
  tellPresences(staleAfterMs: number): Promise<number>;
}
