/** What a workload needs of the brokers that it is done to. */
import type { MeshClient } from "@agentmesh/client";

/** What senders and receivers talk to: one broker, or several of one mesh. */
export interface MeshUnderLoad {
  /** Of several brokers every client knows all; with which it begins differs. */
  readonly url: string | readonly string[];
  /** A client that holds the mesh key. */
  readonly admin: MeshClient;
  agent(name: string): Promise<{ readonly token: string }>;
  /** Everything that was logged. */
  log(): string;
}
