/** What an operation of A2A is given, and what it gives. */
import type { AgentCard } from "@agentmesh/protocol";
import type { AgentCaller } from "../mesh/caller.ts";
import type { Mesh } from "../mesh/mesh.ts";

/** One call: by whom, of which agent, and until when somebody waits for it. */
export interface A2aCall {
  readonly caller: AgentCaller;
  readonly card: AgentCard;
  readonly params: unknown;
  readonly signal: AbortSignal;
}

/** What a call is answered with; `taken` is to be called when that was written. */
export type A2aAnswer =
  | { readonly result: object; readonly taken?: () => void }
  /** One after the other, as they come. */
  | { readonly updates: AsyncIterable<TaskUpdate> };

/** What is told of a task; or, behind all that is, what is to be called when it was written. */
export type TaskUpdate = { readonly body: object } | { readonly taken: () => void };

/** The verbs of the mesh that operations are made of. */
export type A2aVerbs = Pick<Mesh, "asks" | "events" | "messages" | "webhooks">;

/** One operation. @throws A2aRefusal, MeshError */
export type Operation = (mesh: A2aVerbs, call: A2aCall) => Promise<A2aAnswer>;
