/** A client whose broker is found, proven and, where wanted, started. */

import { MeshClient } from "../mesh-client.ts";
import { ensureBroker } from "./ensure-broker.ts";
import { locate, requireBroker } from "./locate.ts";
import { thisProcess } from "./running-broker.ts";
import type { StateFolder } from "./state-folder.ts";

/** How to reach the mesh of a state folder. */
export interface ConnectOptions {
  readonly folder: StateFolder;
  readonly token: string;
  /** Address from a flag; else the environment, the running broker's file, the default port. */
  readonly url?: string;
  /** Starts a missing local broker with this program. Without it a missing broker is an error. */
  readonly brokerBin?: string;
  readonly timeoutMs?: number;
  readonly retryForMs?: number;
  /** Told with each answer how far the broker's clock is ahead of this machine's, in milliseconds. */
  readonly onBrokerTime?: (aheadMs: number) => void;
}

/** A client that checks the broker's proof before each first use of an address and after each lost connection. */
export function connect(options: ConnectOptions): MeshClient {
  const { folder, brokerBin, url: flag, ...rest } = options;
  const url = async () => {
    const address = locate(folder, process.env, flag);
    if (brokerBin !== undefined) return ensureBroker({ folder, address, brokerBin });
    return requireBroker(folder, address);
  };
  return new MeshClient({ ...rest, url, process: thisProcess() });
}
