/** A client whose broker is found, proven and, where wanted, started; and by what a program registers agents there. */

import type { Search } from "../connections/places.ts";
import { MeshClient } from "../mesh-client.ts";
import { type BrokerAddress, locate, requireBroker } from "./addresses/locate.ts";
import { saidAddress } from "./addresses/named.ts";
import { ensureBroker } from "./ensure-broker.ts";
import { type JoinedMesh, keepAddresses } from "./joined-mesh.ts";
import { thisProcess } from "./running-broker.ts";
import { readMeshKey, type StateFolder, StateFolderError } from "./state-folder.ts";

/** How to reach the mesh of a state folder. */
export interface ConnectOptions {
  readonly folder: StateFolder;
  readonly token: string;
  /** Address from a flag, or several with commas between; else the environment, the running broker's file, the default port. */
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
  let joined: JoinedMesh | undefined;
  const url = async ({ lost }: Search) => {
    const address = locate(folder, process.env, flag);
    joined = address.joined;
    if (brokerBin !== undefined) return ensureBroker({ folder, address, brokerBin, lost });
    return requireBroker(folder, address, undefined, lost);
  };
  const onBrokerUrls = (urls: readonly string[]) => keepAddresses(folder, joined, urls);
  return new MeshClient({ ...rest, url, onBrokerUrls, process: thisProcess() });
}

/** By what agents are registered and looked at: the mesh key, or on a machine that joined its machine credential. */
export interface Credential {
  readonly kind: "key" | "machine";
  readonly token: string;
}

/** The credential for the broker at an address. @throws StateFolderError that says what to run where there is none */
export function credentialFor(folder: StateFolder, address: BrokerAddress): Credential {
  if (address.joined) return { kind: "machine", token: address.joined.token };
  const key = readMeshKey(folder);
  if (key !== undefined) return { kind: "key", token: key };
  throw new StateFolderError(
    address.local
      ? `There is no mesh key in ${folder.keyFile}. The broker of that folder makes one when it starts: agentmesh up`
      : `${folder.path} holds no credential for the broker at ${saidAddress(address)}. Run agentmesh invite on that broker's machine, and here what it prints: agentmesh join LINE`,
  );
}
