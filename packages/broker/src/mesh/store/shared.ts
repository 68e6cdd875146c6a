/** The part of the Store port that holds for all brokers of a mesh, where there may be several. */
import type { AgentId, MessageId } from "@agentmesh/protocol";

/** A budget that fills up by the minute. */
export interface Budget {
  readonly key: string;
  readonly perMinute: number;
}

/** A text on its way from one agent to another, and the name of this send of it. */
export interface CountedText {
  readonly key: string;
  readonly name: string;
  /** How many sends of it a minute has. */
  readonly most: number;
}

/** What is used up: the text, or one of the budgets, of which so much is left. */
export type UsedUp = { readonly what: "text" } | { readonly what: "budget"; readonly n: number; readonly rest: number };

/** What several brokers share beside the mesh's truth. */
export interface SharedMesh {
  /** Counts a text and spends one of each budget, all of it or nothing; undefined when it did. */
  spend(text: CountedText | undefined, budgets: readonly Budget[]): Promise<UsedUp | undefined>;
  /** A text was not accepted after all. */
  takeBack(text: CountedText): Promise<void>;
  /** Begins to wait for an agent's answer, and names that; undefined where the agent waits for the asker. */
  beginWaiting(asker: AgentId, asked: AgentId, forMs: number): Promise<string | undefined>;
  /** Which message is waited on. */
  waitsOn(call: string, ask: MessageId): Promise<void>;
  endWaiting(call: string): Promise<void>;
  /** Whether a call, at whichever broker, waits for the answer to this message. */
  isAwaited(ask: MessageId): Promise<boolean>;
  /** Agents with a webhook whose mail goes into a stream at another broker. */
  streamedElsewhere(): Promise<ReadonlySet<AgentId>>;
}
