/** Agents of all pages, and those that a machine acts for. */
import type { MeshClient } from "@agentmesh/client";
import type { BrokerAddress } from "@agentmesh/client/node";
import { type Agent, plainLine } from "@agentmesh/protocol";
import { usageError } from "./command-error.ts";
import type { Context } from "./context.ts";
import { commandLine } from "./terminal/shell-word.ts";

/** Names in a sentence. */
const MOST_NAMED = 8;

/** Every agent of this presence, live ones first; who becomes live between two pages is in it once. */
export async function allAgents(admin: MeshClient, presence: "all" | "live" | "archived"): Promise<Agent[]> {
  const all = new Map<string, Agent>();
  for await (const { agents } of admin.pages("listAgents", { presence, limit: 1_000 })) {
    for (const agent of agents) all.set(agent.id, agent);
  }
  return [...all.values()];
}

/** Those that a command here acts for, archived ones behind the others: on a machine that joined, those of that machine. */
export async function ownToAll(admin: MeshClient, { joined }: BrokerAddress): Promise<Agent[]> {
  const agents = await alsoArchived(admin);
  return joined ? agents.filter(({ machine }) => machine === joined.machine) : agents;
}

/** Whose is looked at: of a machine that joined each of its agents is asked for, elsewhere all at once. */
export async function eachOf(
  context: Context,
  admin: MeshClient,
  agent: string | undefined,
): Promise<readonly { readonly agent?: string }[]> {
  const address = context.address();
  if (agent !== undefined || !address.joined) return [{ ...(agent !== undefined && { agent }) }];
  return (await ownToAll(admin, address)).map(({ id }) => ({ agent: id }));
}

/**
 * A machine that joined looks at one of its agents at a time where what is looked at has an order of its own.
 * @throws CommandError that says the command with each of their names, where none was named
 */
export async function requireOne(
  context: Context,
  admin: MeshClient,
  agent: string | undefined,
  command: readonly string[],
): Promise<void> {
  const address = context.address();
  if (agent !== undefined || !address.joined) return;
  const [first, ...more] = (await ownToAll(admin, address)).map(({ name }) => plainLine(name));
  const how = first === undefined ? "none has registered yet" : commandLine(["agentmesh", ...command, first]);
  const others = more.length === 0 ? "" : `; its others are ${more.slice(0, MOST_NAMED).join(", ")}`;
  throw usageError(
    `This machine has joined the mesh at ${address.url}, and looks at one of its agents at a time: ${how}${others}. The whole mesh is seen where the broker runs.`,
  );
}

/** Every agent, archived ones behind the others. */
export async function alsoArchived(admin: MeshClient): Promise<Agent[]> {
  return [...(await allAgents(admin, "all")), ...(await allAgents(admin, "archived"))];
}
