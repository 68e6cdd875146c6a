/** The records of history that go through the Store port. */
import type { HistoryEntry, ThreadId } from "@agentmesh/protocol";
import type { SearchTerm } from "../names/words.ts";
import type { Viewer } from "./agent.ts";

/** Which messages of the past, and from where. */
export interface HistoryQuery {
  /** Sent or got by this agent; undefined for all. */
  readonly party: Viewer;
  /** Only what went between the party and this one. */
  readonly other: Viewer;
  readonly thread: ThreadId | undefined;
  readonly topic: string | undefined;
  /** All of them in the body; at least one. */
  readonly terms: readonly SearchTerm[] | undefined;
  /** Who looks: of what was published it is shown its own delivery, unless it sent it. */
  readonly viewer: Viewer;
  /** Oldest first and ahead, or newest first and back. */
  readonly ahead: boolean;
  /** Place of an earlier answer; undefined for the end of all messages. */
  readonly from: string | undefined;
  readonly limit: number;
  /** Most bytes of bodies; the first message is given whatever its size. */
  readonly maxBytes: number;
  /** Most messages to look at in this read. */
  readonly lookAt: number;
  /** Awaited after what this look had to wait for. */
  readonly turn?: () => Promise<void>;
}

/** What one read found. */
export interface HistoryPart {
  readonly entries: HistoryEntry[];
  /** Whether more follow; undefined when as many messages as were to be looked at did not show it. */
  readonly more: boolean | undefined;
  /** Where the next read begins. */
  readonly place: string;
  /** Behind every message there is now. */
  readonly end: string;
}
