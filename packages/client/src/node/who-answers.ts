/** Who answers at an address: the folder's broker, which proves that it holds the mesh key, a stranger, or nobody. */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import {
  endpoints,
  FOLDER_PROOF_HEADER,
  folderId,
  folderProofText,
  Health,
  NONCE_HEADER,
  PROOF_HEADER,
  proofText,
  shareProcesses,
  systemRefusal,
} from "@agentmesh/protocol";
import { pause } from "../backoff.ts";
import type { DirectAnswer } from "../direct-answer.ts";
import { directFetch, isRefusedAnswer } from "../direct-fetch.ts";
import { BrokerUnreachableError } from "../errors.ts";
import type { Answer } from "./absence.ts";
import { refusalSentences } from "./refusal-sentences.ts";
import { announced, isServed, ownStandpoint } from "./running-broker.ts";
import { readMeshKey, type StateFolder } from "./state-folder.ts";

interface Address {
  readonly url: string;
}

/** How long an address has to answer, in seconds: more where this folder's broker said it is, on a busy machine. */
const ANSWERS_WITHIN_S = { announced: 6, unknown: 2 };

/** How a connection ends that somebody had taken. */
const HANGS_UP: ReadonlySet<string> = new Set(["ECONNRESET", "ECONNABORTED", "EPIPE"]);

/** How long who hangs up is left alone before it is asked again. */
const HUNG_UP_MS = 150;

/** Who is at an address. @throws BrokerUnreachableError when this process cannot ask */
export async function whoAnswers(folder: StateFolder, address: Address, signal?: AbortSignal): Promise<Answer> {
  const first = await askedAt(folder, address, signal);
  if (first.who !== "hung up") return first;
  // A broker that is just ended hangs up too, and is not there any more then.
  await pause(HUNG_UP_MS, signal);
  const again = await askedAt(folder, address, signal);
  return again.who === "hung up" ? { who: isServed(folder) ? "nobody" : "another program" } : again;
}

/**
 * Who answers at an address now. The key itself is never sent: the broker returns an HMAC-SHA256 of a fresh nonce and its port.
 * @throws BrokerUnreachableError when this process cannot ask
 */
async function askedAt(
  folder: StateFolder,
  address: Address,
  signal?: AbortSignal,
): Promise<Answer | { readonly who: "hung up" }> {
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
    // A broker that is about to end answers so by a connection that it has.
    if (response.status === 503) return { who: "hung up" };
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
    if (isRefusedAnswer(error)) return { who: "another program" };
    return { who: refusal && HANGS_UP.has(refusal.code) ? "hung up" : "nobody" };
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
  { url }: Address,
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

function proves(proof: string | null, key: string, text: string): boolean {
  const expected = createHmac("sha256", key).update(text).digest();
  const given = Buffer.from(proof ?? "", "base64url");
  return given.length === expected.length && timingSafeEqual(given, expected);
}
