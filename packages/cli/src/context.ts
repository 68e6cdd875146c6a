/** What every command needs: the state folder, a client with the mesh key or the machine credential, and one that acts as an agent. */
import { MeshApiError, type MeshClient } from "@agentmesh/client";
import {
  type BrokerAddress,
  connect,
  credentialFor,
  forgetIdentity,
  knownIdentity,
  locate,
  machineName,
  openStateFolder,
  requireBroker,
  type StateFolder,
  sharedIdentity,
  typedPath,
} from "@agentmesh/client/node";
import { type Agent, AgentName, plainLine } from "@agentmesh/protocol";
import { CommandError } from "./command-error.ts";
import { meshWords } from "./mesh-words.ts";
import { typed } from "./option-values.ts";
import { asPerson, isRunByModel, registerPerson } from "./person.ts";
import { followBroker } from "./terminal/clock.ts";
import { warn } from "./terminal/output.ts";
import { canAsk, confirmed } from "./terminal/question.ts";

/** As which client the command line keeps its agents. */
export const CLIENT = "cli";

/** The agent that commands act as where `--as` names none. */
export const USUAL_NAME = "cli";

/** Options that every command takes. */
export interface GlobalOptions {
  readonly url?: string;
  readonly home?: string;
  readonly json?: true;
  readonly as?: string;
  readonly create?: true;
}

/** The agent that a command acts as. */
export interface Acting {
  readonly client: MeshClient;
  /** The same for a command that waits: it tries again by itself and says so, where this one's retries would be silent. */
  readonly patient: MeshClient;
  readonly agent: Agent;
  /** What is said of a message beside it: a model that runs the command is not the person. */
  readonly by: { readonly byProgram?: true };
}

/** An agent that was made, or was there, with its token. */
export interface MadeAgent {
  readonly agent: Agent;
  readonly created: boolean;
  readonly token: string;
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
  /** The words that name this mesh in another command: `--url` and `--home` where this one needed them. */
  meshWords(): readonly string[];
  /** The broker's address, whether it runs or not. */
  address(): BrokerAddress;
  /** A client with the mesh key, or on a machine that joined with its credential. @throws BrokerUnreachableError at once when no broker runs */
  admin(options?: { readonly retryForMs?: number }): Promise<MeshClient>;
  /**
   * A client that acts as the agent {@link name}. `cli` is made at its first act; one that `--as` names has to be there,
   * or is made with `--create` or a person's yes. @throws CommandError
   */
  acting(): Promise<Acting>;
  /** The same for a look, which makes nobody: undefined while `cli` has not acted. @throws CommandError for another name */
  own(): Promise<Acting | undefined>;
  /** The same for any name whose token is kept here; undefined where none is, or the mesh knows it no more. */
  knownAs(name: string): Promise<Acting | undefined>;
  /**
   * Makes the agent of a name, or finds the one that was made as it here; its token is kept, and without an answer too.
   * `client` is what it is said to be. @throws MeshApiError
   */
  make(name: AgentName, client: string | undefined): Promise<MadeAgent>;
  /** Id of the agent {@link name} if it is this machine's; registers nobody. */
  ownId(agents: readonly Agent[]): Promise<string | undefined>;
}

/** Opens the context of one command. @throws StateFolderError, CommandError */
export function openContext(options: GlobalOptions): Context {
  const folder = openStateFolder(options.home === undefined ? undefined : typedPath(options.home, "--home"));
  const ownName = typed("--as", AgentName, options.as ?? USUAL_NAME);
  const address = () => locate(folder, process.env, options.url);

  const client = (token: string, retryForMs = 5_000): MeshClient =>
    connect({
      folder,
      token,
      retryForMs,
      onBrokerTime: followBroker,
      ...(options.url !== undefined && { url: options.url }),
    });

  const actor = (token: string, agent: Agent) => {
    const by = agent.person === true && isRunByModel(process.env) ? { byProgram: true as const } : {};
    return { client: client(token), patient: client(token, 0), agent, by, token };
  };

  // Asked first, so that a missing broker is said at once and not after the client's retries.
  async function reach(): Promise<void> {
    await requireBroker(folder, address());
  }

  async function admin({ retryForMs }: { readonly retryForMs?: number } = {}): Promise<MeshClient> {
    await reach();
    return client(credentialFor(folder, address()).token, retryForMs);
  }

  /** Whether who is at this command line has the name with the host behind it: on a machine that joined, and where one of those has it. */
  async function isShared(name: string): Promise<boolean> {
    if (name !== USUAL_NAME || address().joined !== undefined) return name === USUAL_NAME;
    try {
      const { name: has, machine } = await (await admin()).getAgent({ agent: name });
      return has === name && machine !== undefined;
    } catch (error) {
      if (error instanceof MeshApiError && error.code === "agent_not_found") return false;
      throw error;
    }
  }

  async function own(): Promise<Acting | undefined> {
    const registrar = await admin();
    const known = await ownIn();
    if (!known && options.as !== undefined) throw await unknownAs(registrar);
    return known;
  }

  async function knownAs(name: string): Promise<ReturnType<typeof actor> | undefined> {
    const token = knownIdentity(folder, CLIENT, name)?.token;
    const agent = token === undefined ? undefined : await ownAgent(client(token));
    return token === undefined || agent === undefined ? undefined : actor(token, agent);
  }

  async function ownIn(): Promise<ReturnType<typeof actor> | undefined> {
    const known = await knownAs(ownName);
    if (known && known.agent.name !== ownName && !(await isShared(ownName))) {
      warn(
        `${ownName} is called ${known.agent.name} by now: somebody renamed it, or another agent took the name while it was archived.`,
      );
    }
    return known;
  }

  async function made(registrar: MeshClient, name: AgentName, as: string | undefined): Promise<MadeAgent> {
    const before = knownIdentity(folder, CLIENT, name);
    const { token } = before ?? sharedIdentity(folder, CLIENT, name);
    try {
      const ifTaken = (await isShared(name)) ? ("number" as const) : undefined;
      const said = {
        name,
        token,
        host: machineName(),
        ...(as !== undefined && { client: as }),
        ...(ifTaken && { ifTaken }),
      };
      const { agent, created } = await (as === CLIENT ? registerPerson(registrar, said) : registrar.register(said));
      return { agent, created, token };
    } catch (error) {
      // Without its word the agent may be there, and nobody else has this token.
      const refused = error instanceof MeshApiError && error.status < 500;
      if (refused && !before) forgetIdentity(folder, CLIENT, name);
      if (!(error instanceof MeshApiError) || error.code !== "agent_name_taken") throw error;
      throw new CommandError(
        error.code,
        `Another agent is named ${name}. Choose another name; who has which: agentmesh agents`,
        "refused",
      );
    }
  }

  async function unknownAs(registrar: MeshClient): Promise<CommandError> {
    const wanted = ownName;
    try {
      const other = await registrar.getAgent({ agent: wanted });
      if (other.name === wanted) {
        return new CommandError(
          "not_yours",
          `${wanted} belongs to another program${other.client === undefined ? "" : ` (${plainLine(other.client)})`}: only that one acts as it. To write to it: agentmesh send ${wanted} "…"`,
          "refused",
        );
      }
    } catch (error) {
      if (!(error instanceof MeshApiError) || error.code !== "agent_not_found") throw error;
      const near = error.problem.nearNames?.filter((each) => knownIdentity(folder, CLIENT, each)) ?? [];
      const known = near.length > 0 ? ` Did you mean ${near.join(", ")}?` : "";
      return new CommandError(
        "agent_not_found",
        `You have no agent named ${wanted}.${known} Make it: agentmesh agent add ${wanted}, or --create with a command that acts as it.`,
        "notFound",
      );
    }
    return new CommandError("agent_not_found", `You have no agent named ${wanted}.`, "notFound");
  }

  return {
    folder,
    json: options.json === true,
    env: process.env,
    name: ownName,
    url: options.url,
    meshWords: () => meshWords(process.env, folder, options.url),
    address,
    admin,
    own,
    knownAs,
    make: async (name, as) => made(await admin(), name, as),
    async acting() {
      const registrar = await admin();
      const known = await ownIn();
      if (known) return actor(known.token, await asPerson(registrar, CLIENT, known.agent, known.token));
      if (options.as !== undefined && !options.create) await mayMake(ownName, () => unknownAs(registrar));
      const { token, agent } = await made(registrar, ownName, CLIENT);
      return actor(token, agent);
    },
    async ownId(agents) {
      return agents.length === 0 ? undefined : (await knownAs(ownName))?.agent.id;
    },
  };
}

/** The agent that a token acts as; undefined when the mesh knows none. */
async function ownAgent(client: MeshClient): Promise<Agent | undefined> {
  try {
    return await client.getAgent({ agent: "me" });
  } catch (error) {
    if (error instanceof MeshApiError && error.code === "unauthenticated") return undefined;
    throw error;
  }
}

/** Asks whether the agent is to be made; where nobody can be asked, refuses. */
async function mayMake(name: string, refusal: () => Promise<CommandError>): Promise<void> {
  const unknown = await refusal();
  if (unknown.code !== "agent_not_found" || !canAsk()) throw unknown;
  if (!(await confirmed(`You have no agent named ${name}. Make it?`))) throw unknown;
}
