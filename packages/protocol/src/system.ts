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
  engine: z.enum(["sqlite", "postgres"]).optional().meta({ description: "what keeps the mesh" }),
  peers: z.int().optional().meta({ description: "with --legacy: agents that are here, as the predecessor said" }),
}));
export type Health = z.infer<typeof Health>;

/** How other machines reach a broker that listens over TLS. */
export const RemotePlace = object(() => ({
  urls: z.array(z.string()).meta({ description: "addresses, each tried by a machine that joins" }),
  pin: z.string().optional().meta({
    description: "SHA-256 in hex of the certificate to trust; absent where every system trusts its authority",
  }),
  endsAt: Timestamp.meta({ description: "when the certificate that is shown now ends; the broker renews its own" }),
}));
export type RemotePlace = z.infer<typeof RemotePlace>;

/** Answer of `GET /v1/ca`: what a machine that joins compares with the pin of its invite before it trusts it. */
export const Authority = object(() => ({
  ca: z.string().optional().meta({
    description:
      "certificate to trust alone for this broker, as PEM; absent where it is reached without TLS, or every system trusts its authority",
  }),
}));
export type Authority = z.infer<typeof Authority>;

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
  remote: RemotePlace.optional().meta({ description: "with --tls: how other machines reach this broker" }),
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
    engine: z.enum(["sqlite", "postgres"]).default("sqlite").meta({ description: "what keeps the mesh" }),
    server: z
      .object({
        address: z.string().meta({ description: "without a password" }),
        version: z.string(),
        brokers: z.int().meta({ description: "brokers of this mesh that have it open now" }),
        isOnDuty: z
          .boolean()
          .meta({ description: "whether this broker does now what one does for all: care, reminders, webhooks" }),
      })
      .optional()
      .meta({ description: "the server of Postgres, where that keeps the mesh" }),
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
