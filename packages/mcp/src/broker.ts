/** The broker as this adapter reaches it: found, proven, started when it is missing and local. */
import { fileURLToPath } from "node:url";
import { MeshClient, type Search } from "@agentmesh/client";
import type { StateFolder } from "@agentmesh/client/node";
import {
  type BrokerAddress,
  credentialFor,
  ensureBroker,
  type JoinedMesh,
  keepAddresses,
  locate,
  openStateFolder,
  requireBroker,
  StateFolderError,
  saidAddress,
  thisProcess,
} from "@agentmesh/client/node";
import type { Config } from "./config/config.ts";

const CALL_LIMITS = { timeoutMs: 5_000, retryForMs: 1_500 };

/** Ways to the broker. */
export interface Broker {
  /** The state folder. @throws StateFolderError where the environment names none that can be */
  readonly folder: StateFolder;
  /** Where it is on another machine; undefined on this one, and where the settings say no place that can be. Never throws. */
  readonly elsewhere: string | undefined;
  /** A client that acts as the owner of this token, or of what the function says at each call. */
  clientFor(token: string | (() => string)): MeshClient;
  /**
   * A client with what registers agents here, once a broker is there: the mesh key, or the credential of a machine that joined.
   * @throws StateFolderError and what `clientFor`'s calls throw
   */
  registrar(): Promise<MeshClient>;
}

/** Finds the ways when they are first gone. After `left` aborts no broker is started any more. */
export function reachBroker(config: Config, left: AbortSignal): Broker {
  const folderOf = () => {
    if (config.homeFault !== undefined) throw new StateFolderError(config.homeFault);
    return openStateFolder(config.home);
  };
  let mesh: string | undefined;
  let joined: JoinedMesh | undefined;
  const addressOf = (folder: StateFolder): BrokerAddress => {
    const address = locate(folder, undefined, config.url);
    const now = address.joined?.machine ?? "its own";
    mesh ??= now;
    if (mesh === now) return address;
    // A token of one mesh is not shown to the broker of another.
    throw new StateFolderError(
      "This machine has joined or left a mesh since this session began, and the session's agent is of the one before. Start the session anew.",
    );
  };
  const url = async ({ lost }: Search = {}) => {
    const folder = folderOf();
    const address = addressOf(folder);
    joined = address.joined;
    if (left.aborted || !address.local) return requireBroker(folder, address, undefined, lost);
    const brokerBin = fileURLToPath(import.meta.resolve("agentmesh-broker/bin"));
    return ensureBroker({ folder, address, brokerBin });
  };
  const onBrokerUrls = (urls: readonly string[]) => keepAddresses(folderOf(), joined, urls);
  return {
    get folder() {
      return folderOf();
    },
    get elsewhere() {
      try {
        const address = addressOf(folderOf());
        const isHere = address.several?.every(({ local }) => local) ?? address.local;
        return isHere ? undefined : saidAddress(address);
      } catch {
        return undefined;
      }
    },
    clientFor: (token) => new MeshClient({ url, token, onBrokerUrls, process: thisProcess(), ...CALL_LIMITS }),
    async registrar() {
      const folder = folderOf();
      const address = addressOf(folder);
      // Nobody has to answer to say what to run; on this machine the key exists from the first start of a broker on.
      if (address.local) await url();
      const { token } = credentialFor(folder, address);
      return new MeshClient({ url, token, ...CALL_LIMITS });
    },
  };
}
