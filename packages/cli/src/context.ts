/** What every command needs: the state folder, a client with the mesh key, and a client that acts as an agent. */
import type { MeshClient } from "@agentmesh/client";
import {
  type BrokerAddress,
  connect,
  locate,
  machineName,
  openStateFolder,
  readMeshKey,
  requireBroker,
  type StateFolder,
  StateFolderError,
  sharedIdentity,
  typedPath,
} from "@agentmesh/client/node";
import { type Agent, AgentName, inWords } from "@agentmesh/protocol";
import { usageError } from "./command-error.ts";
import { warn } from "./output.ts";

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
  /** The environment, for commands that look for other programs. */
  readonly env: NodeJS.ProcessEnv;
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
  const folder = openStateFolder(options.home === undefined ? undefined : typedPath(options.home, "--home"));
  const name = AgentName.safeParse(options.as ?? "cli", inWords);
  if (!name.success) {
    throw usageError(`"${options.as}" cannot be an agent's name: ${name.error.issues[0]?.message}.`);
  }
  const address = () => locate(folder, process.env, options.url);

  const client = (token: string, retryForMs = 5_000): MeshClient =>
    connect({ folder, token, retryForMs, ...(options.url !== undefined && { url: options.url }) });

  // Asked first, so that a missing broker is said at once and not after the client's retries.
  async function reach(): Promise<void> {
    const found = address();
    if (found.local) await requireBroker(folder, found);
  }

  async function admin({ retryForMs }: { readonly retryForMs?: number } = {}): Promise<MeshClient> {
    await reach();
    const key = readMeshKey(folder);
    if (key !== undefined) return client(key, retryForMs);
    throw new StateFolderError(
      `There is no mesh key in ${folder.keyFile}. For a mesh on another machine, copy that mesh's key to this path.`,
    );
  }

  return {
    folder,
    json: options.json === true,
    env: process.env,
    name: name.data,
    url: options.url,
    address,
    admin,
    async acting() {
      const registrar = await admin();
      const { token } = sharedIdentity(folder, "cli", name.data);
      const own = { name: name.data, token, client: "cli", host: machineName() };
      const { agent, renamedFrom } = await registrar.register(own);
      if (renamedFrom !== undefined) {
        warn(
          `"${renamedFrom}" was archived, and another agent has that name by now: it is "${agent.name}" from now on.`,
        );
      }
      return { client: client(token), agent };
    },
    async ownId(agents) {
      if (!agents.some((agent) => agent.name === name.data && agent.client === "cli")) return undefined;
      const { token } = sharedIdentity(folder, "cli", name.data);
      const own = await client(token)
        .getAgent({ agent: "me" })
        .catch(() => undefined);
      return own?.id;
    },
  };
}
