/** What events are written to. */
import type { MeshEvent } from "@agentmesh/protocol";

/** Something with room for events: a stream. */
export interface EventSink {
  /** False while enough is written that was not taken, and when it is closed. */
  readonly hasRoom: boolean;
  /** Calls the listener each time there is room again. */
  onRoom(listener: () => void): void;
  onClose(listener: () => void): void;
  event(event: MeshEvent): void;
  /** Whoever reads it has all that they may see up to a cursor. */
  passed(cursor: string): void;
  /** Says goodbye and ends it; with `reconnect` whoever reads it may come back. */
  close(code: string, reconnect: boolean): void;
}
