/** Routes about the broker itself. */
import { createHmac } from "node:crypto";
import {
  ADDRESS_PROOF_HEADER,
  addressProofText,
  type BrokerStatus,
  FOLDER_PROOF_HEADER,
  folderProofText,
  IDEMPOTENCY_WINDOW_MS,
  MACHINE_HEADER,
  MAX_RETAINED,
  NONCE_HEADER,
  openApiPieces,
  PROOF_HEADER,
  PROTOCOL_VERSION,
  proofText,
  VERSION,
} from "@agentmesh/protocol";
import type { Intake } from "../../mesh/acceptance/intake.ts";
import type { Mesh } from "../../mesh/mesh.ts";
import type { Bind } from "../bind.ts";
import { isSecure } from "../servers.ts";

/** What other machines are told of the broker's address. */
export interface RemoteFacts {
  readonly urls: readonly string[];
  /** The certificate to trust, as PEM, and its SHA-256; undefined where every system trusts the authority already. */
  readonly ca: string | undefined;
  readonly pin: string | undefined;
  /** When the certificate that is shown now ends. */
  readonly endsAt: string;
}

/** What an engine tells of itself. */
export type EngineFacts = Pick<
  BrokerStatus["storage"],
  "engine" | "server" | "synchronous" | "driver" | "migrated" | "backups"
>;

/** What the broker knows of its own process. */
export interface BrokerFacts {
  readonly meshKey: string;
  readonly home: string;
  /** What tells the state folder from its copies. */
  readonly folder: string;
  /** What keeps the mesh. */
  readonly engine: BrokerStatus["storage"]["engine"];
  readonly startedAt: string;
  /** What is told of that. */
  storage(): Promise<EngineFacts>;
  url(): string;
  /** How other machines reach it, where it listens over TLS. */
  remote(): RemoteFacts | undefined;
  /** Where another machine reaches it, the best first, and the pin of the certificate it shows there. */
  reachedAt(): { readonly urls: string[]; readonly ca?: string };
  /** The usual port, where the broker took another one by itself. */
  insteadOf(): number | undefined;
  /** The port of the plain listener, or of the one that speaks TLS. */
  port(isSecure: boolean): number;
  /** Counts the predecessor's peers, where its wire is served. */
  readonly countPeers?: () => Promise<number>;
  /** SHA-256, in hex, of the tokens that a machine which joined may show now; none of one that is not known. */
  machineHashes(machine: string): Promise<readonly string[]>;
  /** Begins a graceful stop. */
  stop(): void;
}

/** The room on the disk, and whether something new is accepted. */
function storageOf({ room, closedWhy }: Intake) {
  const { freeBytes, minFreeBytes, ballastBytes } = room;
  return {
    ...(freeBytes !== undefined && { freeBytes }),
    minFreeBytes,
    ballastBytes,
    intake: closedWhy === undefined ? ("open" as const) : ("closed" as const),
    ...(closedWhy !== undefined && { closedWhy }),
  };
}

/** Where other machines reach the broker. */
function remoteOf(remote: RemoteFacts | undefined): Pick<BrokerStatus, "remote"> {
  if (!remote) return {};
  const { urls, pin, endsAt } = remote;
  return { remote: { urls: [...urls], ...(pin !== undefined && { pin }), endsAt } };
}

/** What the broker proves itself with: to a machine what that one's credential is known by, to everybody else the mesh key. */
async function addressKeys(facts: BrokerFacts, machine: string | string[] | undefined): Promise<(string | Buffer)[]> {
  if (typeof machine !== "string") return [facts.meshKey];
  const hashes = await facts.machineHashes(machine);
  return hashes.map((hash) => Buffer.from(hash, "hex"));
}

/** Binds them. */
export function systemRoutes(bind: Bind, mesh: Mesh, facts: BrokerFacts): void {
  // Made once, for the first who asks: it is the largest answer that needs no secret, and a fifth of a start.
  let openApi: Promise<Buffer> | undefined;
  bind("livez", async () => ({ status: "ok" as const }));
  bind("openapi", async ({ reply }) => {
    openApi ??= contract();
    reply
      .code(200)
      .type("application/json; charset=utf-8")
      .send(await openApi);
    return undefined;
  });
  bind("health", async ({ request, reply }) => {
    const nonce = request.headers[NONCE_HEADER];
    if (typeof nonce === "string" && /^[\w-]{16,128}$/.test(nonce)) {
      const port = facts.port(isSecure(request.raw.socket));
      const proof = (text: string) => createHmac("sha256", facts.meshKey).update(text).digest("base64url");
      reply.header(PROOF_HEADER, proof(proofText(nonce, port)));
      reply.header(FOLDER_PROOF_HEADER, proof(folderProofText(nonce, port, facts.folder)));
      const keys = await addressKeys(facts, request.headers[MACHINE_HEADER]);
      const text = addressProofText(nonce, request.headers.host ?? "");
      const proofs = keys.map((each) => createHmac("sha256", each).update(text).digest("base64url"));
      reply.header(ADDRESS_PROOF_HEADER, proofs.join(", "));
    }
    const { engine } = facts;
    return {
      status: "ok" as const,
      version: VERSION,
      engine,
      ...(facts.countPeers && { peers: await facts.countPeers() }),
    };
  });
  bind("authority", async () => {
    const ca = facts.remote()?.ca;
    return { ...(ca !== undefined && { ca }) };
  });
  bind("status", async ({ caller, signal }) => {
    const { deliveries, bytes } = await mesh.stats();
    const { maxBodyBytes, inboxMaxMessages, inboxMaxBytes, maxAttempts, messageTtlMs } = mesh.policy;
    const { maxHops, senderPerMinute, pairPerMinute, repeatsPerMinute } = mesh.policy;
    const insteadOf = facts.insteadOf();
    return {
      version: VERSION,
      protocol: PROTOCOL_VERSION,
      instanceId: mesh.instanceId,
      pid: process.pid,
      url: facts.url(),
      ...(insteadOf !== undefined && { insteadOf }),
      ...remoteOf(facts.remote()),
      home: facts.home,
      startedAt: facts.startedAt,
      agents: await mesh.agents.count(caller, signal),
      deliveries,
      streams: mesh.streams.size,
      webhooks: mesh.webhooks.counts,
      storage: {
        bytes,
        ...(await facts.storage()),
        ...storageOf(mesh.intake),
      },
      keeping: await mesh.keeping(),
      retention: {
        endedMs: mesh.policy.retentionMs,
        idempotencyKeyMs: IDEMPOTENCY_WINDOW_MS,
        retainedPerTopic: MAX_RETAINED,
        archiveAfterMs: mesh.policy.archiveAfterMs,
      },
      limits: {
        maxBodyBytes,
        inboxMaxMessages,
        inboxMaxBytes,
        maxAttempts,
        messageTtlMs,
        maxHops,
        senderPerMinute,
        pairPerMinute,
        repeatsPerMinute,
      },
    };
  });
  bind("listKeepers", async ({ query }) => ({ keepers: await mesh.listKeepers(query.limit) }));
  bind("shutdown", async ({ reply }) => {
    reply.raw.once("finish", () => facts.stop());
    return { stopping: true as const, pid: process.pid };
  });
}

/** The contract as JSON, made in many turns of the event loop. */
async function contract(): Promise<Buffer> {
  const pieces = openApiPieces();
  for (;;) {
    const { done, value } = pieces.next();
    if (done) return Buffer.from(JSON.stringify(value));
    await new Promise(setImmediate);
  }
}
