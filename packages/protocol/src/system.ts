/** What the broker says of itself. */
import * as z from "zod";
import { KeepingStatus } from "./keeping.ts";
import { DeliveryState } from "./message/delivery-state.ts";
import { object } from "./shapes/lazy-object.ts";
import { Timestamp } from "./time.ts";

/** Answer of `GET /health`: safe to show to anybody. */
export const Health = object(() => ({
  status: z.literal("ok"),
  version: z.string(),
  peers: z.int().optional().meta({ description: "with --legacy: agents that are here, as the predecessor said" }),
}));
export type Health = z.infer<typeof Health>;

/** Counts, limits and settings of a running broker. */
export const BrokerStatus = object(() => ({
  version: z.string(),
  protocol: z.int(),
  instanceId: z.string().meta({ description: "identity of the database, made once" }),
  pid: z.int(),
  url: z.string(),
  insteadOf: z
    .int()
    .optional()
    .meta({ description: "the usual port, where the broker took another one by itself because that was taken" }),
  home: z.string(),
  startedAt: Timestamp,
  agents: z.object({ online: z.int(), stale: z.int(), offline: z.int(), archived: z.int().default(0) }),
  deliveries: z.record(DeliveryState, z.int()),
  streams: z.int(),
  webhooks: z
    .object({ total: z.int(), resting: z.int(), disabled: z.int() })
    .default({ total: 0, resting: 0, disabled: 0 })
    .meta({ description: "resting and disabled ones are posted nothing now" }),
  storage: z.object({
    bytes: z.int().meta({ description: "size of the database" }),
    synchronous: z.enum(["full", "normal"]),
    driver: z
      .object({
        name: z.string().meta({ description: "better-sqlite3, or node-sqlite for Node's own" }),
        sqlite: z.string().meta({ description: "version of SQLite" }),
        why: z.string().optional().meta({ description: "why it is not better-sqlite3, which is taken first" }),
      })
      .optional()
      .meta({ description: "what opens the database" }),
    migrated: z.object({ from: z.int(), to: z.int(), backup: z.string().optional() }).optional().meta({
      description: "the schema that the database had when this broker started, where that was older; and its copy",
    }),
    backups: z
      .array(z.object({ path: z.string(), schema: z.int(), madeAt: Timestamp, bytes: z.int() }))
      .default([])
      .meta({ description: "copies of the database from before it was brought to a newer schema, the newest first" }),
    freeBytes: z.int().optional().meta({ description: "free on its disk, the ballast counted in" }),
    minFreeBytes: z.int().default(0).meta({ description: "free bytes below which nothing new is accepted" }),
    ballastBytes: z.int().default(0).meta({ description: "kept for acks on a full disk" }),
    intake: z
      .enum(["open", "closed"])
      .default("open")
      .meta({ description: "closed: sends, publishes and new agents are refused" }),
    closedWhy: z.string().optional(),
  }),
  keeping: KeepingStatus.optional(),
  retention: z
    .object({
      endedMs: z.int().meta({ description: "how long ended deliveries are kept" }),
      idempotencyKeyMs: z.int(),
      retainedPerTopic: z.int().meta({ description: "published messages kept for later subscribers" }),
      archiveAfterMs: z.int().meta({ description: "time without a sign of life after which an agent is archived" }),
    })
    .optional(),
  limits: z.object({
    maxBodyBytes: z.int(),
    inboxMaxMessages: z.int(),
    inboxMaxBytes: z.int(),
    maxAttempts: z.int(),
    messageTtlMs: z.int(),
    maxHops: z.int(),
    senderPerMinute: z.int(),
    pairPerMinute: z.int(),
    repeatsPerMinute: z
      .int()
      .default(0)
      .meta({ description: "the same text to the same agent within a minute; 0 for any number" }),
  }),
}));
export type BrokerStatus = z.infer<typeof BrokerStatus>;

/** Headers by which a client asks a broker to prove, before any token is sent, that it holds the mesh key. */
export const NONCE_HEADER = "agentmesh-nonce";
export const PROOF_HEADER = "agentmesh-proof";

/** The text whose HMAC-SHA256 under the mesh key is the proof. */
export function proofText(nonce: string, port: number): string {
  return `agentmesh broker proof\n${nonce}\n${port}`;
}

/** Header by which a broker proves, with its answer to a nonce, which state folder it serves: a copy has the same key. */
export const FOLDER_PROOF_HEADER = "agentmesh-folder-proof";

/** The text whose HMAC-SHA256 under the mesh key proves the folder: a copy of it is another directory. */
export function folderProofText(nonce: string, port: number, folder: string): string {
  return `agentmesh folder proof\n${nonce}\n${port}\n${folder}`;
}

/** What tells a directory from its copies, by whatever path it is reached. */
export function folderId({ dev, ino }: { readonly dev: bigint; readonly ino: bigint }): string {
  return `${dev}:${ino}`;
}
