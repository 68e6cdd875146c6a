/** Routes about the broker itself. */
import { createHmac } from "node:crypto";
import {
  type BrokerStatus,
  FOLDER_PROOF_HEADER,
  folderProofText,
  IDEMPOTENCY_WINDOW_MS,
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

/** What the broker knows of its own process. */
export interface BrokerFacts {
  readonly meshKey: string;
  readonly home: string;
  /** What tells the state folder from its copies. */
  readonly folder: string;
  readonly synchronous: "full" | "normal";
  /** What opens the database, and why, where it is a substitute. */
  readonly driver: NonNullable<BrokerStatus["storage"]["driver"]>;
  readonly startedAt: string;
  /** The older schema that the database had at the start, and where the copy of it is. */
  readonly migrated: BrokerStatus["storage"]["migrated"];
  /** Copies of the database from before migrations, the newest first. */
  backups(): BrokerStatus["storage"]["backups"];
  url(): string;
  /** The usual port, where the broker took another one by itself. */
  insteadOf(): number | undefined;
  port(): number;
  /** Counts the predecessor's peers, where its wire is served. */
  readonly countPeers?: () => Promise<number>;
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
      const proof = createHmac("sha256", facts.meshKey).update(proofText(nonce, facts.port())).digest("base64url");
      const place = folderProofText(nonce, facts.port(), facts.folder);
      reply.header(PROOF_HEADER, proof);
      reply.header(FOLDER_PROOF_HEADER, createHmac("sha256", facts.meshKey).update(place).digest("base64url"));
    }
    return { status: "ok" as const, version: VERSION, ...(facts.countPeers && { peers: await facts.countPeers() }) };
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
      home: facts.home,
      startedAt: facts.startedAt,
      agents: await mesh.agents.count(caller, signal),
      deliveries,
      streams: mesh.streams.size,
      webhooks: mesh.webhooks.counts,
      storage: {
        bytes,
        synchronous: facts.synchronous,
        driver: facts.driver,
        ...(facts.migrated && { migrated: facts.migrated }),
        backups: facts.backups(),
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
