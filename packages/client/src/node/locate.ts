/** Where the broker is, and whether the one that answers there is ours. */
import { DEFAULT_PORT, isCalled, loopbackHost, PortSetting, settingOf, WrongSettingError } from "@agentmesh/protocol";
import { BrokerUnreachableError, Hindrance, UntrustedBrokerError } from "../errors.ts";
import { type Answer, absenceOf } from "./absence.ts";
import { addressesOf, type JoinedMesh, readJoinedMesh } from "./joined-mesh.ts";
import { type FoundBroker, provenRemote } from "./remote-broker.ts";
import { announced, announcedAgain, isServed, rememberedPort } from "./running-broker.ts";
import type { StateFolder } from "./state-folder.ts";
import { whoAnswers } from "./who-answers.ts";

export type { FoundBroker };

/** What a flag or the environment says of the broker's address is none. */
export class WrongAddressError extends Hindrance {
  override readonly name = "WrongAddressError";
}

/** The address to try. */
export interface BrokerAddress {
  readonly url: string;
  /** The broker of this state folder: it has to prove itself, and may be started where it is missing. */
  readonly local: boolean;
  /** Nobody named it: it is where the folder's broker was last or usually is, and that may be on another port by now. */
  readonly unnamed?: true;
  /** What named it, as in `--url` or `AGENTMESH_PORT`; of a joined mesh its file. */
  readonly namedBy?: string;
  /** It is the broker of the mesh that this machine has joined. */
  readonly joined?: JoinedMesh;
}

const PORT_NAMES = ["AGENTMESH_PORT", "CLAUDE_PEERS_PORT"] as const;
const URL_NAMES = ["AGENTMESH_URL", "CLAUDE_PEERS_BROKER_URL"] as const;

/**
 * The address from, in this order: `flag`, AGENTMESH_URL, CLAUDE_PEERS_BROKER_URL, the mesh that this machine has joined, the
 * running broker's file, AGENTMESH_PORT, CLAUDE_PEERS_PORT, the port it had last, 7899.
 * @throws WrongAddressError, StateFolderError
 */
export function locate(folder: StateFolder, env: NodeJS.ProcessEnv = process.env, flag?: string): BrokerAddress {
  const named = flag ? addressOf(flag, "--url") : namedIn(env);
  if (named?.local) return named;
  const joined = readJoinedMesh(folder);
  if (named) return joined && addressesOf(folder, joined).includes(named.url) ? { ...named, joined } : named;
  const [url] = joined?.urls ?? [];
  if (joined && url !== undefined) return { url, local: false, namedBy: folder.joinedFile, joined };
  // Before anything is looked for: what a broker would refuse is not overlooked here.
  const port = portOf(env);
  const running = announced(folder);
  if (running) return { url: running.url, local: true, unnamed: true };
  if (port) return { url: `http://127.0.0.1:${port.port}`, local: true, namedBy: port.name };
  return { url: `http://127.0.0.1:${rememberedPort(folder) ?? DEFAULT_PORT}`, local: true, unnamed: true };
}

/** The address that the environment names. @throws WrongAddressError */
function namedIn(env: NodeJS.ProcessEnv): BrokerAddress | undefined {
  for (const name of URL_NAMES) {
    const said = env[name];
    if (said) return addressOf(said, name);
  }
  return undefined;
}

/** The port that the environment names; `auto` and 0 leave it to the broker. @throws WrongAddressError */
function portOf(env: NodeJS.ProcessEnv): { readonly name: string; readonly port: number } | undefined {
  const name = PORT_NAMES.find((each) => env[each]);
  if (name === undefined) return undefined;
  try {
    const port = settingOf(name, PortSetting, env[name]);
    return port === "auto" || port === 0 ? undefined : { name, port };
  } catch (error) {
    throw error instanceof WrongSettingError ? new WrongAddressError(error.message) : error;
  }
}

function addressOf(text: string, namedBy: string): BrokerAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== "http:" && url?.protocol !== "https:") {
    throw new WrongAddressError(
      `${namedBy} takes an address such as http://127.0.0.1:7899, not ${JSON.stringify(text)}.`,
    );
  }
  if (!isCalled(Number(url.port))) {
    throw new WrongAddressError(
      `${namedBy} takes an address with a port that fetch and browsers connect to, such as http://127.0.0.1:7899, not ${JSON.stringify(text)}.`,
    );
  }
  const host = url.protocol === "http:" ? loopbackHost(url.hostname) : undefined;
  // A name below localhost is how a proxy in front of a broker is reached, never what a broker listens on.
  if (host === undefined || host.endsWith(".localhost")) return { url: url.origin, local: false, namedBy };
  return { url: `http://${host}${url.port === "" ? "" : `:${url.port}`}`, local: true, namedBy };
}

/**
 * Asks who answers at the address: a broker that holds the mesh key, or undefined for nobody. A stranger at an address
 * that nobody named is nobody: the folder's broker will be elsewhere.
 * @throws UntrustedBrokerError for a stranger at an address that was named, StateFolderError; the signal's reason
 */
export async function findBroker(
  folder: StateFolder,
  address: BrokerAddress,
  signal?: AbortSignal,
): Promise<FoundBroker | undefined> {
  if (!address.local) return remoteOrNobody(folder, address, signal);
  const answer = await whoAnswers(folder, address, signal);
  if (answer.who === "ours") return { url: address.url, version: answer.version };
  if (isStranger(folder, address, answer)) throw strangerAt(folder, address, answer);
  return undefined;
}

/**
 * The broker at the address, or where the folder's broker says that it is.
 * @throws BrokerUnreachableError that says why it is not there, UntrustedBrokerError, StateFolderError; the signal's reason
 */
export async function requireBroker(
  folder: StateFolder,
  address: BrokerAddress,
  signal?: AbortSignal,
): Promise<FoundBroker> {
  if (!address.local) return provenRemote(folder, address, signal);
  return requireAnswered(folder, address, await whoAnswers(folder, address, signal), signal);
}

/** `requireBroker` on this machine, where it is known already who answers at the address. @throws what that does */
export async function requireAnswered(
  folder: StateFolder,
  address: BrokerAddress,
  answer: Answer,
  signal?: AbortSignal,
): Promise<FoundBroker> {
  if (answer.who === "ours") return { url: address.url, version: answer.version };
  if (isStranger(folder, address, answer)) throw strangerAt(folder, address, answer);
  const byUrl = address.namedBy !== undefined && !PORT_NAMES.some((name) => name === address.namedBy);
  const running = !byUrl ? await announcedAgain(folder, signal) : undefined;
  const found = running && (await findBroker(folder, { url: running.url, local: true, unnamed: true }, signal));
  if (found) return found;
  throw absenceOf(folder, address.url, answer);
}

async function remoteOrNobody(
  folder: StateFolder,
  address: BrokerAddress,
  signal: AbortSignal | undefined,
): Promise<FoundBroker | undefined> {
  try {
    return await provenRemote(folder, address, signal);
  } catch (error) {
    if (error instanceof BrokerUnreachableError) return undefined;
    throw error;
  }
}

/** Whether somebody else is where the broker was said to be. Who is silent while the folder is held may well be ours. */
function isStranger(folder: StateFolder, { unnamed }: BrokerAddress, { who }: Answer): boolean {
  if (who === "nobody" || unnamed) return false;
  return who !== "silent" || !isServed(folder);
}

function strangerAt(folder: StateFolder, address: BrokerAddress, answer: Answer): UntrustedBrokerError {
  const { url, namedBy } = address;
  const named = namedBy === undefined ? url : `${url}, as ${namedBy} says,`;
  const without = `leave ${namedBy ?? "the port"} out: the broker of ${folder.path} then takes a free port by itself, and is found by that folder`;
  if (answer.who === "silent") {
    return new UntrustedBrokerError(
      `Whatever listens at ${named} does not answer within ${answer.seconds} s. If it is a broker, look at ${folder.logFile}; if it is another program, ${without}.`,
      { passes: true },
    );
  }
  if (answer.who === "another folder") {
    return new UntrustedBrokerError(
      `The broker at ${named} holds the key of ${folder.path} and serves another folder: one is a copy of the other. It was not touched. Set AGENTMESH_HOME to the folder it serves, or ${without}.`,
    );
  }
  return new UntrustedBrokerError(
    answer.who === "another broker"
      ? `The broker at ${named} does not hold the key of ${folder.path}: it serves another state folder, or another user of this machine. Name another address, or ${without}. If that broker is yours, set AGENTMESH_HOME to its folder.`
      : `${named} is taken by a program that is not an agentmesh broker. Name another address, or ${without}.`,
  );
}
