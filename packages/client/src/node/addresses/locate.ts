/** Where the broker is, and whether the one that answers there is ours. */
import { DEFAULT_PORT } from "@agentmesh/protocol";
import type { BrokerPlace } from "../../connections/places.ts";
import { BrokerUnreachableError, UntrustedBrokerError } from "../../errors.ts";
import { type Answer, absenceOf } from "../absence.ts";
import { addressesOf, readJoinedMesh } from "../joined-mesh.ts";
import { announced, announcedAgain, isServed, rememberedPort } from "../running-broker.ts";
import type { StateFolder } from "../state-folder.ts";
import { whoAnswers } from "../who-answers.ts";
import { type BrokerAddress, namedIn, namedUrls, PORT_NAMES, portOf } from "./named.ts";
import { HEAD_START_MS, lastTried, provenOf, type Try } from "./proven-of.ts";
import { type FoundBroker, provenRemote } from "./remote-broker.ts";

export { WrongAddressError } from "./named.ts";
export type { BrokerAddress, FoundBroker };

/**
 * The address from, in this order: `flag`, AGENTMESH_URL, CLAUDE_PEERS_BROKER_URL, the mesh that this machine has joined, the
 * running broker's file, AGENTMESH_PORT, CLAUDE_PEERS_PORT, the port it had last, 7899.
 * @throws WrongAddressError, StateFolderError
 */
export function locate(folder: StateFolder, env: NodeJS.ProcessEnv = process.env, flag?: string): BrokerAddress {
  const named = flag ? namedUrls(flag, "--url") : namedIn(env);
  const [only] = named;
  if (only?.local && named.length === 1) return only;
  const joined = readJoinedMesh(folder);
  const known = joined ? addressesOf(folder, joined) : [];
  // Who names several speaks of one mesh: where one of them is of the mesh that was joined, each has to prove itself as that.
  const isJoined = named.some(({ url, local }) => !local && known.includes(url));
  if (only && named.length === 1) return joined && isJoined ? { ...only, joined } : only;
  if (only) {
    const several = named.map((each) => (joined && isJoined && !each.local ? { ...each, joined } : each));
    return { ...only, local: false, several, ...(joined && isJoined && { joined }) };
  }
  const [url] = joined?.urls ?? [];
  if (joined && url !== undefined) return { url, local: false, namedBy: folder.joinedFile, joined };
  // Before anything is looked for: what a broker would refuse is not overlooked here.
  const port = portOf(env);
  const running = announced(folder);
  if (running) return { url: running.url, local: true, unnamed: true };
  if (port) return { url: `http://127.0.0.1:${port.port}`, local: true, namedBy: port.name };
  return { url: `http://127.0.0.1:${rememberedPort(folder) ?? DEFAULT_PORT}`, local: true, unnamed: true };
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
  if (!address.local) return foundOrNobody(folder, address, signal);
  const answer = await whoAnswers(folder, address, signal);
  if (answer.who === "ours") return { url: address.url, version: answer.version };
  if (isStranger(folder, address, answer)) throw strangerAt(folder, address, answer);
  return undefined;
}

/**
 * The broker at the address, or where the folder's broker says that it is; of several addresses the first that proves itself.
 * `lost` is where one was lost just now: it is asked behind the others.
 * @throws BrokerUnreachableError that says why it is not there, UntrustedBrokerError, StateFolderError; the signal's reason
 */
export async function requireBroker(
  folder: StateFolder,
  address: BrokerAddress,
  signal?: AbortSignal,
  lost?: BrokerPlace,
): Promise<FoundBroker> {
  if (address.several) return provenOfSeveral(folder, address, address.several, lost, signal);
  if (!address.local) return provenRemote(folder, address, signal, lost);
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

/** Who names several addresses is told of each why it was none, whatever kept them. */
async function provenOfSeveral(
  folder: StateFolder,
  { namedBy }: BrokerAddress,
  several: readonly BrokerAddress[],
  lost: BrokerPlace | undefined,
  signal: AbortSignal | undefined,
): Promise<FoundBroker> {
  const tries = several.map(
    (each): Try<FoundBroker> => ({
      url: each.url,
      prove: (ended) => requireBroker(folder, each, ended, lost?.url === each.url ? lost : undefined),
    }),
  );
  const found = await provenOf(
    lastTried(tries, ({ url }) => url === lost?.url),
    {
      headStartMs: HEAD_START_MS,
      named: `any address that ${namedBy ?? "was named"}${namedBy === undefined ? "" : " names"}`,
      signal,
    },
  );
  return { ...found, others: several.length - 1 + (found.others ?? 0) };
}

async function foundOrNobody(
  folder: StateFolder,
  address: BrokerAddress,
  signal: AbortSignal | undefined,
): Promise<FoundBroker | undefined> {
  try {
    return await requireBroker(folder, address, signal);
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
      { passes: true, why: `no answer within ${answer.seconds} s` },
    );
  }
  if (answer.who === "another folder") {
    return new UntrustedBrokerError(
      `The broker at ${named} holds the key of ${folder.path} and serves another folder: one is a copy of the other. It was not touched. Set AGENTMESH_HOME to the folder it serves, or ${without}.`,
      { why: "it serves another folder with the same key: one is a copy of the other" },
    );
  }
  return new UntrustedBrokerError(
    answer.who === "another broker"
      ? `The broker at ${named} does not hold the key of ${folder.path}: it serves another state folder, or another user of this machine. Name another address, or ${without}. If that broker is yours, set AGENTMESH_HOME to its folder.`
      : `${named} is taken by a program that is not an agentmesh broker. Name another address, or ${without}.`,
    {
      why:
        answer.who === "another broker"
          ? `it does not hold the key of ${folder.path}`
          : "it is another program than a broker",
    },
  );
}
