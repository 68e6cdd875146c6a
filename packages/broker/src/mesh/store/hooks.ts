/** The part of the Store port that keeps hooks. */
import type { AgentId, HookId } from "@agentmesh/protocol";
import type { By, HookRecord, HookToMake } from "../records/index.ts";

/** Hooks, each with an agent that goes when it goes. */
export interface HookStore {
  /** Makes a hook and its agent. @throws MeshError agent_name_taken */
  makeHook(hook: HookToMake, by: By): Promise<HookRecord | "full">;
  /** One whose agent is in the mesh. */
  hook(id: HookId): Promise<HookRecord | undefined>;
  /** Whether what an agent sends comes from a hook. */
  isHook(agentId: AgentId): Promise<boolean>;
  /** The newest first. */
  listHooks(limit: number): Promise<HookRecord[]>;
  /** Notes that a post was taken. */
  noteHook(id: HookId): Promise<void>;
}
