/** The broker as this adapter reaches it: found, proven, started when it is missing and local. */
import { fileURLToPath } from "node:url";
import { MeshClient } from "@agentmesh/client";
import type { StateFolder } from "@agentmesh/client/node";
import {
  ensureBroker,
  locate,
  openStateFolder,
  readMeshKey,
  requireBroker,
  StateFolderError,
  thisProcess,
} from "@agentmesh/client/node";
import type { Config } from "./config/config.ts";

const CALL_LIMITS = { timeoutMs: 5_000, retryForMs: 1_500 };

/** Ways to the broker. */
export interface Broker {
  /** The state folder. @throws StateFolderError where the environment names none that can be */
  readonly folder: StateFolder;
  /** A client that acts as the owner of this token. */
  clientFor(token: string): MeshClient;
  /** A client with the mesh key, once a broker is there. @throws StateFolderError and what `clientFor`'s calls throw */
  clientWithKey(): Promise<MeshClient>;
}

/** Finds the ways when they are first gone. After `left` aborts no broker is started any more. */
export function reachBroker(config: Config, left: AbortSignal): Broker {
  const folderOf = () => {
    if (config.homeFault !== undefined) throw new StateFolderError(config.homeFault);
    return openStateFolder(config.home);
  };
  const url = async () => {
    const folder = folderOf();
    const address = locate(folder, undefined, config.url);
    if (left.aborted || !address.local) return requireBroker(folder, address);
    const brokerBin = fileURLToPath(import.meta.resolve("agentmesh-broker/bin"));
    return ensureBroker({ folder, address, brokerBin });
  };
  return {
    get folder() {
      return folderOf();
    },
    clientFor: (token) => new MeshClient({ url, token, process: thisProcess(), ...CALL_LIMITS }),
    async clientWithKey() {
      // The key exists from the first start of a broker on.
      const address = (await url()).url;
      const folder = folderOf();
      const key = readMeshKey(folder);
      if (key !== undefined) return new MeshClient({ url, token: key, ...CALL_LIMITS });
      throw new StateFolderError(
        `No mesh key in ${folder.path}. Copy the file "key" of the mesh at ${address} to ${folder.keyFile}, or set AGENTMESH_HOME to a folder that has it.`,
      );
    },
  };
}
