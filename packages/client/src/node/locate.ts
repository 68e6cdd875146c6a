/** Where the broker is, and whether the one that answers there is ours. */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import {
  DEFAULT_PORT,
  endpoints,
  FOLDER_PROOF_HEADER,
  folderId,
  folderProofText,
  Health,
  isCalled,
  loopbackHost,
  NONCE_HEADER,
  PortSetting,
  PROOF_HEADER,
  proofText,
  settingOf,
  shareProcesses,
  systemRefusal,
  WrongSettingError,
} from "@agentmesh/protocol";
import type { DirectAnswer } from "../direct-answer.ts";
import { directFetch } from "../direct-fetch.ts";
import { BrokerUnreachableError, Hindrance } from "../errors.ts";
import { type Answer, absenceOf } from "./absence.ts";
import { refusalSentences } from "./refusal-sentences.ts";
import { announced, announcedAgain, isServed, ownStandpoint, rememberedPort } from "./running-broker.ts";
import { readMeshKey, type StateFolder } from "./state-folder.ts";

/** Something answers at the broker's address but cannot prove that it holds this mesh's key. No token was sent. */
export class UntrustedBrokerError extends Hindrance {
  override readonly name = "UntrustedBrokerError";
}

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
  /** What named it, as in `--url` or `AGENTMESH_PORT`. */
  readonly namedBy?: string;
}

/** A broker that proved itself. */
export interface FoundBroker {
  readonly url: string;
  readonly version: string;
}

/** How long an address has to answer, in seconds: more where this folder's broker said it is, on a busy machine. */
const ANSWERS_WITHIN_S = { announced: 6, unknown: 2 };

const PORT_NAMES = ["AGENTMESH_PORT", "CLAUDE_PEERS_PORT"] as const;
const URL_NAMES = ["AGENTMESH_URL", "CLAUDE_PEERS_BROKER_URL"] as const;

/**
 * The address from, in this order: `flag`, AGENTMESH_URL, CLAUDE_PEERS_BROKER_URL, the running broker's file,
 * AGENTMESH_PORT, CLAUDE_PEERS_PORT, the port it had last, 7899.
 * @throws WrongAddressError, StateFolderError
 */
export function locate(folder: StateFolder, env: NodeJS.ProcessEnv = process.env, flag?: string): BrokerAddress {
  if (flag) return addressOf(flag, "--url");
  for (const name of URL_NAMES) {
    const said = env[name];
    if (said) return addressOf(said, name);
  }
  // Before anything is looked for: what a broker would refuse is not overlooked here.
  const named = portOf(env);
  const running = announced(folder);
  if (running) return { url: running.url, local: true, unnamed: true };
  if (named) return { url: `http://127.0.0.1:${named.port}`, local: true, namedBy: named.name };
  return { url: `http://127.0.0.1:${rememberedPort(folder) ?? DEFAULT_PORT}`, local: true, unnamed: true };
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
  const answer = await whoAnswers(folder, address, signal);
  if (answer.who === "ours") return { url: address.url, version: answer.version };
  if (isStranger(folder, address, answer)) throw strangerAt(folder, address, answer);
  const byUrl = address.namedBy !== undefined && !PORT_NAMES.some((name) => name === address.namedBy);
  const running = address.local && !byUrl ? await announcedAgain(folder, signal) : undefined;
  const found = running && (await findBroker(folder, { url: running.url, local: true, unnamed: true }, signal));
  if (found) return found;
  throw absenceOf(folder, address.url, answer);
}

/**
 * Who is at an address. The key itself is never sent: the broker returns an HMAC-SHA256 of a fresh nonce and its port.
 * @throws BrokerUnreachableError when this process cannot ask
 */
async function whoAnswers(folder: StateFolder, address: BrokerAddress, signal?: AbortSignal): Promise<Answer> {
  const nonce = randomBytes(24).toString("base64url");
  const seconds = ANSWERS_WITHIN_S[announced(folder)?.url === address.url ? "announced" : "unknown"];
  const inTime = AbortSignal.timeout(seconds * 1_000);
  let response: DirectAnswer | undefined;
  let said: unknown;
  try {
    response = await directFetch(address.url + endpoints.health.path, {
      headers: { [NONCE_HEADER]: nonce },
      signal: signal ? AbortSignal.any([signal, inTime]) : inTime,
    });
    said = await response.json();
  } catch (error) {
    signal?.throwIfAborted();
    if (inTime.aborted || (error instanceof Error && error.name === "TimeoutError")) return { who: "silent", seconds };
    if (response) return { who: "another program" };
    const refusal = systemRefusal(error);
    if (refusal && ["EMFILE", "ENFILE", "ENOMEM", "EPERM", "EACCES"].includes(refusal.code)) {
      const about = `The broker at ${address.url}`;
      throw new BrokerUnreachableError(refusalSentences(refusal, { about, denied: "cannot be asked" }), {
        cause: error,
      });
    }
    return { who: speaksOtherwise(error) ? "another program" : "nobody" };
  }
  const health = Health.safeParse(said).data;
  if (!health) return { who: "another program" };
  const key = readMeshKey(folder);
  const port = Number(new URL(address.url).port) || 80;
  const { headers } = response;
  if (key === undefined || !proves(headers.get(PROOF_HEADER), key, proofText(nonce, port))) {
    return { who: "another broker" };
  }
  if (servesCopy(folder, address, headers.get(FOLDER_PROOF_HEADER), (id) => [key, folderProofText(nonce, port, id)])) {
    return { who: "another folder" };
  }
  return { who: "ours", version: health.version };
}

/**
 * Whether a broker that holds the key serves another directory: one is a copy of the other. A broker of an earlier version
 * does not say. A container or a virtual machine may number the same directory otherwise: there its lock tells.
 */
function servesCopy(
  folder: StateFolder,
  { url }: BrokerAddress,
  proof: string | null,
  expected: (id: string) => readonly [key: string, text: string],
): boolean {
  // With the key alone a folder is no copy of a mesh: its programs use a broker elsewhere, as through a tunnel.
  if (proof === null || !existsSync(join(folder.path, "mesh.db"))) return false;
  const stat = statSync(folder.path, { bigint: true, throwIfNoEntry: false });
  if (stat && proves(proof, ...expected(folderId(stat)))) return false;
  const running = announced(folder);
  const elsewhere = running?.standpoint && shareProcesses(ownStandpoint(), running.standpoint) === false;
  return !(elsewhere && running.url === url && isServed(folder));
}

/** Whether an answer came that is no HTTP, or leads elsewhere. */
function speaksOtherwise(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  if (!(cause instanceof Error)) return false;
  return ("code" in cause && String(cause.code).startsWith("HPE_")) || cause.message === "unexpected redirect";
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

function proves(proof: string | null, key: string, text: string): boolean {
  const expected = createHmac("sha256", key).update(text).digest();
  const given = Buffer.from(proof ?? "", "base64url");
  return given.length === expected.length && timingSafeEqual(given, expected);
}
