/** Where the broker is, and whether the one that answers there is ours. */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import {
  DEFAULT_PORT,
  endpoints,
  Health,
  loopbackHost,
  NONCE_HEADER,
  PROOF_HEADER,
  proofText,
} from "@agentmesh/protocol";
import { z } from "zod";
import { directFetch } from "../direct-fetch.ts";
import { readIfThere, readMeshKey, type StateFolder } from "./state-folder.ts";

/** Something answers at the broker's address but cannot prove that it holds this mesh's key. No token was sent. */
export class UntrustedBrokerError extends Error {
  override readonly name = "UntrustedBrokerError";
}

/** The address to try. `local`: this machine's loopback, where a missing broker may be started. */
export interface BrokerAddress {
  readonly url: string;
  readonly local: boolean;
}

/** A broker that proved itself. */
export interface FoundBroker {
  readonly url: string;
  readonly version: string;
}

/** How long an address has to answer, in seconds: more where this folder's broker said it is, on a busy machine. */
const ANSWERS_WITHIN_S = { announced: 6, unknown: 2 };

const RunningBroker = z.object({ url: z.string(), pid: z.int(), port: z.int() });

/** The address from, in this order: `flag`, AGENTMESH_URL, CLAUDE_PEERS_BROKER_URL, the running broker's file, the port. */
export function locate(folder: StateFolder, env: NodeJS.ProcessEnv = process.env, flag?: string): BrokerAddress {
  const said = flag || env.AGENTMESH_URL || env.CLAUDE_PEERS_BROKER_URL;
  if (said) return addressOf(said);
  const running = announced(folder);
  if (running) return addressOf(running.url);
  const port = Number(env.AGENTMESH_PORT || env.CLAUDE_PEERS_PORT) || DEFAULT_PORT;
  return { url: `http://127.0.0.1:${port}`, local: true };
}

function announced(folder: StateFolder): z.infer<typeof RunningBroker> | undefined {
  return RunningBroker.safeParse(parseJson(readIfThere(folder.brokerFile))).data;
}

function addressOf(text: string): BrokerAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== "http:" && url?.protocol !== "https:") {
    throw new UntrustedBrokerError(`"${text}" is not a broker address. Write it as http://127.0.0.1:7899`);
  }
  const host = url.protocol === "http:" ? loopbackHost(url.hostname) : undefined;
  // A name below localhost is how a proxy in front of a broker is reached, never what a broker listens on.
  if (host === undefined || host.endsWith(".localhost")) return { url: url.origin, local: false };
  return { url: `http://${host}${url.port === "" ? "" : `:${url.port}`}`, local: true };
}

/**
 * Asks who answers at the address: undefined for nobody, a broker that holds the mesh key, or an error.
 * The key itself is never sent: the broker returns an HMAC-SHA256 of a fresh nonce and its port.
 * @throws UntrustedBrokerError
 */
export async function findBroker(folder: StateFolder, address: BrokerAddress): Promise<FoundBroker | undefined> {
  const nonce = randomBytes(24).toString("base64url");
  const seconds = ANSWERS_WITHIN_S[announced(folder)?.url === address.url ? "announced" : "unknown"];
  let response: Response;
  try {
    response = await directFetch(address.url + endpoints.health.path, {
      headers: { [NONCE_HEADER]: nonce },
      signal: AbortSignal.timeout(seconds * 1_000),
    });
  } catch (error) {
    if (error instanceof Error && error.name === "TimeoutError") {
      throw new UntrustedBrokerError(
        `Whatever listens at ${address.url} does not answer within ${seconds} s. If it is a broker, look at ${folder.logFile}.`,
      );
    }
    return undefined;
  }
  const health = Health.safeParse(await response.json().catch(() => undefined)).data;
  const key = readMeshKey(folder);
  const port = Number(new URL(address.url).port) || 80;
  if (!health || !key || !proves(response.headers.get(PROOF_HEADER), key, nonce, port)) {
    throw new UntrustedBrokerError(
      health
        ? `The broker at ${address.url} does not hold the key of ${folder.path}: it serves another state folder. Set AGENTMESH_HOME to that folder, or choose another port with AGENTMESH_PORT.`
        : `Port ${port} is taken by a program that is not an agentmesh broker. Stop it, or choose another port with AGENTMESH_PORT.`,
    );
  }
  return { url: address.url, version: health.version };
}

function proves(proof: string | null, key: string, nonce: string, port: number): boolean {
  const expected = createHmac("sha256", key).update(proofText(nonce, port)).digest();
  const given = Buffer.from(proof ?? "", "base64url");
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function parseJson(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
