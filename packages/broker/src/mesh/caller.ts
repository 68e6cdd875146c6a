/** Who is calling: one agent, or the owner of the mesh key. */
import { MeshError } from "./errors.ts";
import type { AgentRecord, KnownAgent, Viewer } from "./store.ts";

/** A caller that holds an agent's token. */
export interface AgentCaller {
  readonly kind: "agent";
  readonly agent: KnownAgent;
}

/** One of which all is known that is known of an agent. */
export interface WholeCaller extends AgentCaller {
  readonly agent: AgentRecord;
}

/** A caller that holds the mesh key. */
export interface KeyCaller {
  readonly kind: "key";
}

/** Either. */
export type Caller = AgentCaller | KeyCaller;

/** The agent whose things a caller asks for: its own, or with the mesh key anyone's. @throws MeshError forbidden */
export function mayActFor(caller: Caller, agent: Pick<AgentRecord, "id" | "name">): void {
  if (caller.kind === "key" || caller.agent.id === agent.id) return;
  throw new MeshError(
    "forbidden",
    `The token of ${caller.agent.name} does not open what belongs to ${agent.name}. Use that agent's token or the mesh key.`,
  );
}

/** Whose messages a caller may see: its own, or with the mesh key everybody's. */
export function viewerOf(caller: Caller): Viewer {
  return caller.kind === "agent" ? caller.agent.id : undefined;
}
