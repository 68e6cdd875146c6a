/** A broker on another machine: asked for its proof before a secret goes there, at each address that it may have. */
import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import {
  ADDRESS_PROOF_HEADER,
  addressProofText,
  endpoints,
  Health,
  MACHINE_HEADER,
  NONCE_HEADER,
  systemRefusal,
} from "@agentmesh/protocol";
import { certificateRefusal } from "../certificate-refusals.ts";
import { directFetch } from "../direct-fetch.ts";
import { BrokerUnreachableError, UntrustedBrokerError } from "../errors.ts";
import { addressesOf, type JoinedMesh } from "./joined-mesh.ts";
import { readMeshKey, type StateFolder } from "./state-folder.ts";

/** How long an address has to answer, in seconds: through a bad network a handshake takes several round trips. */
const ANSWERS_WITHIN_S = 5;

/** A broker that proved itself. */
export interface FoundBroker {
  readonly url: string;
  readonly version: string;
  /** The certificate to trust there, and no other authority, as PEM. */
  readonly ca?: string | undefined;
}

/** An address on another machine. */
interface RemoteAddress {
  readonly url: string;
  readonly namedBy?: string;
  readonly joined?: JoinedMesh;
}

/** With what the broker proves itself, and for whom. */
interface Proof {
  readonly key: string | Buffer;
  readonly machine: string | undefined;
}

/**
 * The broker at an address that is not this machine's. Of a joined mesh every address is asked, and the first that proves
 * itself is taken. With neither a credential nor the mesh key nothing can be proved: then the certificate alone speaks for it.
 * @throws UntrustedBrokerError, BrokerUnreachableError, StateFolderError; the signal's reason
 */
export async function provenRemote(
  folder: StateFolder,
  { url, joined, namedBy }: RemoteAddress,
  signal?: AbortSignal,
): Promise<FoundBroker> {
  const urls = joined && namedBy === folder.joinedFile ? addressesOf(folder, joined) : [url];
  const proof = proofFor(folder, joined);
  const over = new AbortController();
  const ended = signal ? AbortSignal.any([signal, over.signal]) : over.signal;
  try {
    return await Promise.any(urls.map((each) => provenAt(each, proof, joined?.ca, ended)));
  } catch (error) {
    signal?.throwIfAborted();
    const failures: unknown[] = error instanceof AggregateError ? error.errors : [error];
    throw failures.find((each) => each instanceof UntrustedBrokerError) ?? absentAt(urls, failures);
  } finally {
    over.abort();
  }
}

function proofFor(folder: StateFolder, joined: JoinedMesh | undefined): Proof | undefined {
  if (joined) return { key: createHash("sha256").update(joined.token).digest(), machine: joined.machine };
  const key = readMeshKey(folder);
  return key === undefined ? undefined : { key, machine: undefined };
}

async function provenAt(
  url: string,
  proof: Proof | undefined,
  ca: string | undefined,
  signal: AbortSignal,
): Promise<FoundBroker> {
  const nonce = randomBytes(24).toString("base64url");
  const inTime = AbortSignal.timeout(ANSWERS_WITHIN_S * 1_000);
  let health: unknown;
  let given: string | null;
  try {
    const answer = await directFetch(url + endpoints.health.path, {
      headers: { [NONCE_HEADER]: nonce, ...(proof?.machine !== undefined && { [MACHINE_HEADER]: proof.machine }) },
      signal: AbortSignal.any([signal, inTime]),
      ca,
    });
    given = answer.headers.get(ADDRESS_PROOF_HEADER);
    health = await answer.json();
  } catch (error) {
    signal.throwIfAborted();
    throw (
      certificateRefusal(url, error, { isPinned: ca !== undefined }) ??
      remoteAbsence(url, inTime.aborted ? inTime.reason : error)
    );
  }
  const known = Health.safeParse(health).data;
  if (!known) {
    throw new UntrustedBrokerError(
      `${url} is no agentmesh broker: another program or a proxy answers there. Nothing secret was sent.`,
    );
  }
  const isBroker = { url, version: known.version, ...(ca !== undefined && { ca }) };
  if (!proof || proves(given, proof.key, addressProofText(nonce, new URL(url).host))) return isBroker;
  // An authority that every system knows has vouched for the name: that address is who it says.
  if (proof.machine === undefined && url.startsWith("https:")) return isBroker;
  throw new UntrustedBrokerError(
    proof.machine === undefined
      ? `The broker at ${url} does not hold the mesh key that is in this state folder, or a proxy on the way changes the Host header. Nothing secret was sent. Name another address, or set AGENTMESH_HOME to the folder with its key.`
      : `The broker at ${url} does not know this machine any more, or it is the broker of another mesh. Nothing secret was sent. Join again: agentmesh leave here, agentmesh invite on the broker's machine, and agentmesh join here with what it prints.`,
  );
}

/** The error for an address where nobody answers as a broker on another machine would. */
export function remoteAbsence(url: string, error: unknown): BrokerUnreachableError {
  if (error instanceof BrokerUnreachableError) return error;
  const refusal = systemRefusal(error);
  const isSilent = error instanceof Error && error.name === "TimeoutError";
  const why = isSilent
    ? `no answer within ${ANSWERS_WITHIN_S} s`
    : refusal
      ? `${refusal.cause}, ${refusal.code}`
      : error instanceof Error
        ? error.message
        : String(error);
  return new BrokerUnreachableError(`No broker answers at ${url} (${why}). ${REMEDY}`, { cause: error, passes: true });
}

const REMEDY =
  "Look on that machine whether it runs (agentmesh status) and says this address, and whether a firewall or another network is between.";

/** Most addresses that an error names. */
const MOST_SAID = 6;

function absentAt(urls: readonly string[], failures: readonly unknown[]): unknown {
  const [first] = failures;
  if (urls.length === 1) return first;
  const each = failures.map((failure) => /\((.*?)\)\. /.exec(failure instanceof Error ? failure.message : "")?.[1]);
  const places = urls.slice(0, MOST_SAID).map((url, i) => `${url} (${each[i] ?? "no answer"})`);
  if (urls.length > MOST_SAID) places.push(`and ${urls.length - MOST_SAID} more`);
  return new BrokerUnreachableError(
    `No broker answers at any address of the joined mesh: ${places.join(", ")}. ${REMEDY}`,
    {
      cause: first,
      passes: true,
    },
  );
}

/** Whether any of the proofs is the one: while a token is exchanged for another there are two. */
function proves(proofs: string | null, key: string | Buffer, text: string): boolean {
  const expected = createHmac("sha256", key).update(text).digest();
  return (proofs ?? "").split(",").some((proof) => {
    const given = Buffer.from(proof.trim(), "base64url");
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
}
