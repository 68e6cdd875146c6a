/** The records of hooks that go through the Store port. */
import type { AgentId, HookId, HookKind, Party } from "@agentmesh/protocol";
import type { AgentToRegister } from "./agent.ts";

/** Where what is posted at a hook goes. */
export type HookTarget =
  | { readonly topic: string; readonly recipientId?: undefined }
  | { readonly topic?: undefined; readonly recipientId: AgentId };

/** A hook to make, with the agent that its messages are from. */
export interface HookToMake {
  readonly id: HookId;
  readonly kind: HookKind;
  readonly agent: AgentToRegister;
  readonly target: HookTarget;
  /** Opaque to the engine. */
  readonly sealed: string;
  /** So many may be there. */
  readonly most: number;
}

/** A hook as stored; it is there as long as its agent is. */
export interface HookRecord {
  readonly id: HookId;
  readonly kind: HookKind;
  readonly agent: Party;
  readonly topic: string | undefined;
  /** By the name it has now; one that has left by its last. */
  readonly recipient: Party | undefined;
  readonly sealed: string;
  readonly madeAt: number;
  /** Time since the last post that was noted, in milliseconds. */
  readonly quietMs: number | undefined;
  readonly lastAt: number | undefined;
}
