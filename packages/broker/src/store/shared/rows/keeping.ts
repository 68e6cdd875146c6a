/** What is kept, as an engine returns it, and the records the mesh gets. */
import type { AgentId, Keeper } from "@agentmesh/protocol";
import { timestamp } from "../../../mesh/clock.ts";
import { MESH_AGENT_ID } from "./messages.ts";

/** What one sender keeps. */
export interface KeeperRow {
  readonly id: AgentId;
  readonly name: string;
  readonly removed_at: number | null;
  readonly messages: number;
  readonly bytes: number;
  readonly oldest: number | null;
}

/** A message on the way from the oldest to the newest, and whether its history may go. */
export interface OldRow {
  readonly pk: number;
  readonly accepted_at: number;
  readonly ended: 0 | 1;
}

/** Who keeps how much. */
export function keeperOf({ id, name, removed_at, messages, bytes, oldest }: KeeperRow): Keeper {
  return {
    agent: { id, name },
    // The mesh itself is no agent, and never was there to go.
    isGone: removed_at !== null && id !== MESH_AGENT_ID,
    messages,
    bytes,
    ...(oldest !== null && { oldestAt: timestamp(oldest) }),
  };
}
