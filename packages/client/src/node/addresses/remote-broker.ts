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
  thisMachine,
} from "@agentmesh/protocol";
import { certificateRefusal } from "../../certificate-refusals.ts";
import { addressesOfName } from "../../connections/lookup.ts";
import type { BrokerPlace } from "../../connections/places.ts";
import { directFetch } from "../../direct-fetch.ts";
import { BrokerUnreachableError, UntrustedBrokerError } from "../../errors.ts";
import { addressesOf, type JoinedMesh } from "../joined-mesh.ts";
import { readMeshKey, type StateFolder } from "../state-folder.ts";
import { HEAD_START_MS, lastTried, provenOf, REMOTE_REMEDY, type Try } from "./proven-of.ts";

/** How long an address has to answer, in seconds: through a bad network a handshake takes several round trips. */
const ANSWERS_WITHIN_S = 5;

/** A broker that proved itself. */
export interface FoundBroker extends BrokerPlace {
  readonly version: string;
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
 * The broker at an address that is not this machine's. Of a joined mesh every address is asked, of a name with several each of them,
 * and the first that proves itself is taken. With neither a credential nor the mesh key nothing can be proved: then the certificate
 * alone speaks for it.
 * @throws UntrustedBrokerError, BrokerUnreachableError, StateFolderError; the signal's reason
 */
export async function provenRemote(
  folder: StateFolder,
  { url, joined, namedBy }: RemoteAddress,
  signal?: AbortSignal,
  lost?: BrokerPlace,
): Promise<FoundBroker> {
  const isOfMesh = joined && namedBy === folder.joinedFile;
  const urls = isOfMesh ? addressesOf(folder, joined) : [url];
  const proof = proofFor(folder, joined);
  const places = (await Promise.all(urls.map(placesOf))).flat();
  const tries = places.map((place): Try<FoundBroker> & { readonly place: Place } => ({
    place,
    url: place.at === undefined ? place.url : `${place.url} at ${place.at}`,
    prove: (ended) => provenAt(place, proof, joined?.ca, ended),
  }));
  const found = await provenOf(
    lastTried(tries, ({ place }) => place.url === lost?.url && place.at === lost.at),
    {
      // The addresses of a mesh that was joined are of one broker in several networks, and few of them lead there at a time.
      headStartMs: isOfMesh ? 0 : HEAD_START_MS,
      named: isOfMesh ? "any address of the joined mesh" : `any address that the name in ${url} has`,
      signal,
    },
  );
  return { ...found, others: tries.length - 1 };
}

type Place = Pick<BrokerPlace, "url" | "at">;

/** An address, or each of those that its name has; a name for this machine is no matter of DNS. */
async function placesOf(url: string): Promise<Place[]> {
  const { hostname } = new URL(url);
  if (thisMachine(hostname) !== undefined || /^[\d.]+$|^\[/.test(hostname)) return [{ url }];
  const addresses = await addressesOfName(hostname, ANSWERS_WITHIN_S * 1_000);
  return addresses.length < 2 ? [{ url }] : addresses.map((at) => ({ url, at }));
}

function proofFor(folder: StateFolder, joined: JoinedMesh | undefined): Proof | undefined {
  if (joined) return { key: createHash("sha256").update(joined.token).digest(), machine: joined.machine };
  const key = readMeshKey(folder);
  return key === undefined ? undefined : { key, machine: undefined };
}

async function provenAt(
  { url, at }: Place,
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
      at,
    });
    if (answer.status === 503) throw new BrokerStopsError("it is stopping");
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
      { why: "it is no broker" },
    );
  }
  const isBroker = {
    url,
    version: known.version,
    ...(ca !== undefined && { ca }),
    ...(at !== undefined && { at }),
  };
  if (!proof || proves(given, proof.key, addressProofText(nonce, new URL(url).host))) return isBroker;
  // An authority that every system knows has vouched for the name: that address is who it says.
  if (proof.machine === undefined && url.startsWith("https:")) return isBroker;
  throw new UntrustedBrokerError(
    proof.machine === undefined
      ? `The broker at ${url} does not hold the mesh key that is in this state folder, or a proxy on the way changes the Host header. Nothing secret was sent. Name another address, or set AGENTMESH_HOME to the folder with its key.`
      : `The broker at ${url} does not know this machine any more, or it is the broker of another mesh. Nothing secret was sent. Join again: agentmesh leave here, agentmesh invite on the broker's machine, and agentmesh join here with what it prints.`,
    { why: proof.machine === undefined ? "it does not hold the mesh key" : "it does not know this machine" },
  );
}

/** What a broker answers that is about to end. */
class BrokerStopsError extends Error {
  override readonly name = "BrokerStopsError";
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
  return new BrokerUnreachableError(`No broker answers at ${url} (${why}). ${REMOTE_REMEDY}`, {
    cause: error,
    passes: true,
    why,
  });
}

/** Whether any of the proofs is the one: while a token is exchanged for another there are two. */
function proves(proofs: string | null, key: string | Buffer, text: string): boolean {
  const expected = createHmac("sha256", key).update(text).digest();
  return (proofs ?? "").split(",").some((proof) => {
    const given = Buffer.from(proof.trim(), "base64url");
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
}
