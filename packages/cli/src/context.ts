/** What every command needs: the state folder, a client with the mesh key, and a client that acts as an agent. */
import { hostname } from "node:os";
import { resolve } from "node:path";
import { BrokerUnreachableError, type MeshClient } from "@agentmesh/client";
import {
  type BrokerAddress,
  connect,
  findBroker,
  locate,
  openStateFolder,
  readMeshKey,
  type StateFolder,
  StateFolderError,
  sharedIdentity,
} from "@agentmesh/client/node";
import { type Agent, AgentName } from "@agentmesh/protocol";
import { usageError } from "./command-error.ts";

/** Options that every command takes. */
export interface GlobalOptions {
  readonly url?: string;
  readonly home?: string;
  readonly json?: true;
  readonly as?: string;
}

/** The agent that a command acts as. */
export interface Acting {
  readonly client: MeshClient;
  readonly agent: Agent;
}

/** Where a command runs. */
export interface Context {
  readonly folder: StateFolder;
  readonly json: boolean;
  /** Name of the agent that commands act as: `cli`, or what `--as` says. */
  readonly name: string;
  /** Address from `--url`. */
  readonly url: string | undefined;
  /** The broker's address, whether it runs or not. */
  address(): BrokerAddress;
  /** A client with the mesh key. @throws BrokerUnreachableError at once when no broker runs */
  admin(options?: { readonly retryForMs?: number }): Promise<MeshClient>;
  /** A client that acts as the agent {@link name}, registered on first use. */
  acting(): Promise<Acting>;
  /** Id of the agent {@link name} if it is this machine's; registers nobody. */
  ownId(agents: readonly Agent[]): Promise<string | undefined>;
}

/** Opens the context of one command. @throws StateFolderError, CommandError */
export function openContext(options: GlobalOptions): Context {
  const folder = openStateFolder(options.home === undefined ? undefined : resolve(options.home));
  const name = AgentName.safeParse(options.as ?? "cli");
  if (!name.success) {
    throw usageError(`"${options.as}" cannot be an agent's name: ${name.error.issues[0]?.message}.`);
  }
  const address = () => locate(folder, process.env, options.url);

  async function client(token: string, retryForMs = 10_000): Promise<MeshClient> {
    const { url, local } = address();
    if (local && !(await findBroker(folder, { url, local }))) {
      throw new BrokerUnreachableError(`No broker runs at ${url}. Start it with: agentmesh up`);
    }
    return connect({ folder, token, retryForMs, ...(options.url !== undefined && { url: options.url }) });
  }

  function meshKey(): string {
    const key = readMeshKey(folder);
    if (key !== undefined) return key;
    throw new StateFolderError(
      `There is no mesh key in ${folder.keyFile}. A broker makes it when it starts here (agentmesh up); for a mesh on another machine, copy its key to this path.`,
    );
  }

  async function admin({ retryForMs }: { readonly retryForMs?: number } = {}): Promise<MeshClient> {
    const { url, local } = address();
    const key = local ? (readMeshKey(folder) ?? "") : meshKey();
    if (local && key === "") await refuseWithoutKey(folder, { url, local });
    return client(key, retryForMs);
  }

  return {
    folder,
    json: options.json === true,
    name: name.data,
    url: options.url,
    address,
    admin,
    async acting() {
      const registrar = await admin();
      const { token } = sharedIdentity(folder, "cli", name.data);
      const { agent } = await registrar.register({ name: name.data, token, client: "cli", host: hostname() });
      return { client: await client(token), agent };
    },
    async ownId(agents) {
      if (!agents.some((agent) => agent.name === name.data && agent.client === "cli")) return undefined;
      const { token } = sharedIdentity(folder, "cli", name.data);
      const own = await (await client(token)).getAgent({ agent: "me" }).catch(() => undefined);
      return own?.id;
    },
  };
}
