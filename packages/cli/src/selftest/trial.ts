/** What one trial of the self-test is. */
import type { ThrowAwayMesh } from "./throw-away-mesh.ts";

/** One row of the table that is shown. */
export interface Trial {
  /** What is tried: `stream path`. */
  readonly name: string;
  /** Runs it; what it resolves to is shown beside it. @throws Failed, and what a client throws, when it does not pass */
  run(mesh: ThrowAwayMesh): Promise<string>;
}
