/** The broker as this adapter reaches it: found, proven, started when it is missing and local. */
import { fileURLToPath } from "node:url";
import { BrokerUnreachableError, MeshClient } from "@agentmesh/client";
import type { StateFolder } from "@agentmesh/client/node";
import {
  ensureBroker,
  findBroker,
  locate,
  openStateFolder,
  readMeshKey,
  StateFolderError,
} from "@agentmesh/client/node";
import type { Config } from "./config.ts";

const CALL_LIMITS = { timeoutMs: 5_000, retryForMs: 1_500 };

/** Ways to the broker. */
export interface Broker {
  readonly folder: StateFolder;
  /** A client that acts as the owner of this token. */
  clientFor(token: string): MeshClient;
  /** A client with the mesh key, once a broker is there. @throws StateFolderError and what `clientFor`'s calls throw */
  clientWithKey(): Promise<MeshClient>;
}

/** Opens the state folder. After `left` aborts no broker is started any more. @throws StateFolderError */
export function reachBroker(config: Config, left: AbortSignal): Broker {
  if (config.homeFault !== undefined) throw new StateFolderError(config.homeFault);
  const folder = openStateFolder(config.home);
  const url = async () => {
    const address = locate(folder, undefined, config.url);
    if (!address.local) return address.url;
    if (!left.aborted) {
      const brokerBin = fileURLToPath(import.meta.resolve("agentmesh-broker/bin"));
      return (await ensureBroker({ folder, address, brokerBin })).url;
    }
    const found = await findBroker(folder, address);
    if (!found) throw new BrokerUnreachableError(`No broker runs at ${address.url}.`);
    return found.url;
  };
  return {
    folder,
    clientFor: (token) => new MeshClient({ url, token, ...CALL_LIMITS }),
    async clientWithKey() {
      // The key exists from the first start of a broker on.
      const address = await url();
      const key = readMeshKey(folder);
      if (key !== undefined) return new MeshClient({ url, token: key, ...CALL_LIMITS });
      throw new StateFolderError(
        `No mesh key in ${folder.path}. Copy the file "key" of the mesh at ${address} to ${folder.keyFile}, or set AGENTMESH_HOME to a folder that has it.`,
      );
    },
  };
}
