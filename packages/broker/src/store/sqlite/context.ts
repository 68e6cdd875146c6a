/** What every statement file of the engine works with. */
import type { AgentId } from "@agentmesh/protocol";
import type { Database } from "better-sqlite3";
import type { Clock } from "../../mesh/clock.ts";

/** The open database, its clock, and the hints an act leaves for after the commit. */
export interface EngineContext {
  readonly db: Database;
  readonly clock: Clock;
  /** Says that something may be leasable for an agent. */
  ready(agentId: AgentId): void;
  /** Says that a delivery becomes leasable at a time: it is announced then, also when that time had passed before. */
  delayed(readyAt: number): void;
  /** Says that the timeline grew. */
  advanced(): void;
}
