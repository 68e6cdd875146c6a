/** Which clients a run is about: those that were named, or those that are found. */
import { CommandError, usageError } from "../command-error.ts";
import type { Client, Surroundings } from "./clients/client.ts";
import { clients } from "./clients/clients.ts";
import { type FoundClient, findClient } from "./found-client.ts";

/** A client of a run. */
export interface ChosenClient {
  readonly client: Client;
  /** How it was found; undefined for one that was named and is not there. */
  readonly found: FoundClient | undefined;
}

/** The clients named, or all that are found, or of which files may be left. @throws CommandError for a name that is not known */
export async function chooseClients(
  at: Surroundings,
  names: readonly string[] | undefined,
  alsoMissing: boolean,
): Promise<ChosenClient[]> {
  const unknown = names?.find((name) => !clients.some((client) => client.name === name));
  if (unknown !== undefined) {
    throw usageError(`"${unknown}" is no client that is known here. Known: ${knownNames()}.`);
  }
  const asked = clients.filter(({ name }) => names === undefined || names.includes(name));
  const all = await Promise.all(asked.map(async (client) => ({ client, found: await findClient(client, at) })));
  return names === undefined && !alsoMissing ? all.filter(({ found }) => found !== undefined) : all;
}

/** There is nothing to set up. */
export function noClientFound(): CommandError {
  return new CommandError(
    "no_client",
    `No client was found: no program on PATH, no configuration folder. Name one to set it up all the same: agentmesh setup --client NAME, one of ${knownNames()}.`,
    "notFound",
  );
}

function knownNames(): string {
  return clients.map(({ name }) => name).join(", ");
}
