/** What every statement file of the engine works with. */
import type { AgentId, EventFacts, MessageId, NotedEventType, PolicyAction } from "@agentmesh/protocol";
import type { Clock } from "../../mesh/clock.ts";
import type { Leasable } from "./commits/leasable.ts";
import type { Database } from "./driver/database.ts";
import type { CallersInMemory } from "./memory/callers.ts";
import type { Undo } from "./memory/undo.ts";

/** The open database, its clock, and the hints an act leaves for after the commit. */
export interface EngineContext {
  readonly db: Database;
  readonly clock: Clock;
  /** What becomes of a message from another machine where its recipient has no rule for that. */
  readonly remoteSenders: PolicyAction;
  /** How often the database was written to. */
  readonly changes: { count: number };
  /** What acts change in memory goes back with them. */
  readonly undo: Undo;
  /** Whose tokens are known; whatever changes the row of an agent forgets it here. */
  readonly callers: CallersInMemory;
  /** What becomes leasable, and what is leased for streams. */
  readonly leasable: Leasable;
  /** Messages that are being published: not all who get them have them. */
  readonly publishing: Map<MessageId, Promise<unknown>>;
  /** Messages whose publishing was cut off, as by a full disk: who has not got them is on disk with them. */
  readonly cutOff: Set<MessageId>;
  /** Says that an agent has left the mesh. */
  left(agentId: AgentId): void;
  /** Says that a delivery becomes leasable at a time: it is announced then, also when that time had passed before. */
  delayed(readyAt: number): void;
  /** Until when delays that are over have been announced. */
  readonly announced: { until: number };
  /** Says that a message was accepted, whose words are to be indexed. */
  worded(): void;
  /** Says that the timeline grew. */
  advanced(): void;
  /** Says that the audit log grew. */
  audited(): void;
  /** Notes an event in the act under way; of an agent that has left nothing is told any more. */
  happened<T extends NotedEventType>(agentPk: number, type: T, facts: EventFacts<T>): void;
  /** Tells the broker's log what an operator should know. */
  readonly notice: Notice;
}

/** Told what an operator should know: a dotted event name and its facts. */
export type Notice = (level: "info" | "warn" | "error", event: string, fields: Record<string, unknown>) => void;
