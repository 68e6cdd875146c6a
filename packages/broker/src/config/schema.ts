/** Every setting of the broker, declared once: type, default, what it is for. Flags, environment and docs follow. */
import {
  DEFAULT_PORT,
  HEARTBEAT_MS,
  loopbackHost,
  MAX_BODY_BYTES,
  MAX_WEBHOOK_TIMEOUT_MS,
  OFFLINE_AFTER_MS,
  oneOf,
  PolicyAction,
  PortSetting,
  STALE_AFTER_MS,
  SwitchSetting,
  wholeNumber,
} from "@agentmesh/protocol";
import * as z from "zod";
import { DatabaseSetting } from "./database-address.ts";
import { TlsPlaceSetting } from "./tls-place.ts";

const list = z.union([
  z.array(z.string()),
  z.string().transform((text) =>
    text
      .split(",")
      .map((item) => item.trim())
      .filter((item) => item !== ""),
  ),
]);
const DAY_MS = 86_400_000;

/** An address, a network or an origin that webhooks may have. */
const egressEntry = z.union(
  [
    z.ipv4(),
    z.ipv6(),
    z.cidrv4(),
    z.cidrv6(),
    z.string().refine((text) => /^https?:\/\//.test(text) && URL.canParse(text) && new URL(text).origin === text),
  ],
  { error: "addresses, networks or origins such as 192.168.1.7,10.0.0.0/8,http://hermes:8644" },
);

/** Loopback as it is listened on: `::1`, never a name that a resolver may lead elsewhere. */
function usualHost(host: string): string {
  const own = loopbackHost(host)?.replace(/^\[|\]$/g, "");
  return own?.endsWith(".localhost") ? "localhost" : (own ?? host);
}

/** The settings. Keys are camelCase in the file, kebab-case as flags, AGENTMESH_UPPER_SNAKE in the environment. */
export const ConfigSchema = z.strictObject({
  host: z
    .string()
    .min(1)
    .transform(usualHost)
    .default("127.0.0.1")
    .describe("address to listen on; loopback unless you say more"),
  port: PortSetting.default("auto").describe(
    `port to listen on; auto: ${DEFAULT_PORT}, or another when that is taken; 0 takes a free one`,
  ),
  home: z.string().min(1).default("~/.agentmesh").describe("state folder: database, key, logs"),
  behindTlsProxy: SwitchSetting.default(false).describe("a TLS proxy is in front: allows a host other than loopback"),
  trustedNetwork: SwitchSetting.default(false).describe(
    "the network is trusted, e.g. a tailnet: allows another host without TLS",
  ),
  tls: TlsPlaceSetting.default("").describe(
    "[HOST:]PORT to listen on over TLS too, for other machines; without HOST on every address; 0 takes a free port",
  ),
  tlsCert: z
    .string()
    .default("")
    .describe(
      "certificate for --tls as PEM, its chain behind it, read again when it changes; none: by the broker's own authority",
    ),
  tlsKey: z.string().default("").describe("private key of --tls-cert as PEM, without a passphrase"),
  tlsCertificateMs: wholeNumber(2_000, 825 * DAY_MS)
    .default(90 * DAY_MS)
    .describe("how long a certificate by the broker's own authority lasts; it is renewed when a third of that is left"),
  allowedHosts: list
    .default([])
    .describe("more names the Host header may have, comma-separated, each as clients send it, e.g. mesh.example"),
  logLevel: oneOf(["trace", "debug", "info", "warn", "error"]).default("info").describe("least important line logged"),
  logFormat: oneOf(["auto", "json", "pretty"]).default("auto").describe("auto: pretty on a terminal, else json"),
  logMaxBytes: wholeNumber(65_536, 2 ** 40)
    .default(16 * 1_048_576)
    .describe("size at which broker.log is put aside as broker.log.1, in place of the one before"),
  database: DatabaseSetting.default("").describe(
    "postgres://USER@HOST/DATABASE, which several brokers may share; none: SQLite in the state folder",
  ),
  databasePasswordFile: z
    .string()
    .default("")
    .describe(
      "file with the password for --database, read for each connection; none: PGPASSFILE, PGPASSWORD or ~/.pgpass",
    ),
  databaseConnections: wholeNumber(2, 500)
    .default(10)
    .describe("connections to --database that acts and looks share; one more hears what other brokers call"),
  databaseWaitMs: wholeNumber(0, 3_600_000)
    .default(30_000)
    .describe("how long a start waits for --database while that cannot be reached"),
  sqliteSynchronous: oneOf(["full", "normal"])
    .default("full")
    .describe("full: a 202 survives a power cut; normal: faster, a power cut may undo the last moments"),
  sqliteDriver: oneOf(["auto", "better-sqlite3", "node-sqlite"])
    .default("auto")
    .describe("what opens the database; auto: better-sqlite3 where its addon loads, else Node's own SQLite"),
  legacy: SwitchSetting.default(false).describe(
    "serve claude-peers and agentmesh 0.1 clients too, without tokens, on loopback alone: docs/legacy.md",
  ),
  mcpEvents: SwitchSetting.default(false).describe(
    "serve MCP Events at /mcp, and the revision 2026-07-28 that they are made for; to be tried",
  ),
  noUi: SwitchSetting.default(false).describe("serve no page in the browser: agentmesh ui is refused"),
  startEmpty: SwitchSetting.default(false).describe("move a damaged database aside and begin an empty mesh"),
  noBackup: SwitchSetting.default(false).describe(
    "bring an older database up to date without a copy made first, where there is no room for one",
  ),
  minFreeDiskBytes: wholeNumber(0, 2 ** 50)
    .default(256 * 1_048_576)
    .describe("free bytes on the disk below which nothing new is accepted (507), acks and reads go on; 0: no limit"),
  ballastBytes: wholeNumber(0, 2 ** 30)
    .default(32 * 1_048_576)
    .describe("bytes held by the file ballast, given up for acks when the disk is full; 0: none"),
  maxBodyBytes: wholeNumber(1, MAX_BODY_BYTES).default(MAX_BODY_BYTES).describe("largest message body in bytes"),
  inboxMaxMessages: wholeNumber(1, 1_000_000).default(10_000).describe("most open messages of one inbox; then 429"),
  inboxMaxBytes: wholeNumber(1, 2 ** 40)
    .default(64 * 1_048_576)
    .describe("most bytes of open messages of one inbox; then 429"),
  agentKeptMessages: wholeNumber(0, 2 ** 40)
    .default(250_000)
    .describe("most messages of one sender that are kept, history included; then 429; 0: any number"),
  agentKeptBytes: wholeNumber(0, 2 ** 50)
    .default(512 * 1_048_576)
    .describe("most bytes kept of one sender, history and indexes included; then 429; 0: any number"),
  meshKeptMessages: wholeNumber(0, 2 ** 40)
    .default(4_000_000)
    .describe("most messages that are kept of all senders together; then 429; 0: any number"),
  meshKeptBytes: wholeNumber(0, 2 ** 50)
    .default(8_192 * 1_048_576)
    .describe("most bytes kept of all senders together; then 429; 0: any number"),
  maxAttempts: wholeNumber(1, 1_000)
    .default(10)
    .describe("failed attempts of one delivery before it becomes a dead letter"),
  maxHops: wholeNumber(1, 1_000)
    .default(32)
    .describe("most answers in a row by agents in one chain; a person's message starts anew"),
  senderPerMinute: wholeNumber(0, 1_000_000)
    .default(120)
    .describe("messages a minute that one agent may send; 0: any number"),
  pairPerMinute: wholeNumber(0, 1_000_000)
    .default(30)
    .describe("messages a minute from one agent to one other; 0: any number"),
  repeatsPerMinute: wholeNumber(0, 1_000_000)
    .default(3)
    .describe("how often the same text may go from one agent to one other within a minute; 0: as often as it likes"),
  remoteSenders: oneOf(PolicyAction.options)
    .default("accept")
    .describe(
      "what becomes of messages from other machines where an agent's policy has no rule for them: accept (they are marked), hold or refuse",
    ),
  heartbeatMs: wholeNumber(50, 600_000).default(HEARTBEAT_MS).describe("how often sessions renew themselves"),
  staleAfterMs: wholeNumber(50, 3_600_000)
    .default(STALE_AFTER_MS)
    .describe("age of the last heartbeat that makes an agent stale"),
  offlineAfterMs: wholeNumber(50, 86_400_000)
    .default(OFFLINE_AFTER_MS)
    .describe("age of the last heartbeat that ends a session"),
  streamGraceMs: wholeNumber(0, 600_000)
    .default(2_000)
    .describe("how long a closed stream keeps its leases for a reconnect"),
  retentionMs: wholeNumber(DAY_MS, 3_650 * DAY_MS)
    .default(7 * DAY_MS)
    .describe("how long ended deliveries are kept as history, a day at least: idempotency keys live that long"),
  archiveAfterMs: wholeNumber(DAY_MS, 3_650 * DAY_MS)
    .default(30 * DAY_MS)
    .describe(
      "time without a sign of life after which an agent is archived: not listed, not written to, back by its token",
    ),
  webhookAllow: list
    .pipe(z.array(egressEntry))
    .default([])
    .describe(
      "addresses, networks and origins that webhooks may have beside loopback and https to public ones, comma-separated, e.g. 10.0.0.0/8,http://hermes:8644",
    ),
  webhookLoopback: oneOf(["auto", "allow", "refuse"])
    .default("auto")
    .describe("webhooks on this machine's loopback; auto: allowed unless other machines may reach the broker"),
  webhookTimeoutMs: wholeNumber(100, MAX_WEBHOOK_TIMEOUT_MS)
    .default(10_000)
    .describe("longest time that a post to a webhook takes"),
  webhookRestMs: wholeNumber(10, 600_000)
    .default(30_000)
    .describe("first rest of a webhook after 5 failures in a row; each failed try doubles it, up to 10 minutes"),
  requestWithinMs: wholeNumber(100, 600_000)
    .default(15_000)
    .describe("a request whose head and body have not come whole by then is ended"),
  wrongTokensPerMinute: wholeNumber(0, 1_000_000)
    .default(20)
    .describe("wrong tokens that one address may show in a minute; 0: any number; right ones are taken at any time"),
});

/** Resolved settings. */
export type Config = Readonly<z.output<typeof ConfigSchema>>;

/** Name of a setting. */
export type ConfigKey = keyof Config;

/** A setting's names and help. */
export interface ConfigRow {
  readonly key: ConfigKey;
  readonly flag: string;
  readonly env: string;
  readonly aliases: readonly string[];
  readonly isSwitch: boolean;
  readonly fallback: string;
  readonly help: string;
}

/** Environment names of the predecessor that still work. */
const ALIASES: Partial<Record<ConfigKey, readonly string[]>> = {
  home: ["CLAUDE_PEERS_DB"],
  port: ["CLAUDE_PEERS_PORT"],
  host: ["CLAUDE_PEERS_BIND"],
};

/** Every setting with its names, in order. */
export const configRows: readonly ConfigRow[] = ConfigSchema.keyof().options.map((key) => {
  const field = ConfigSchema.shape[key];
  const fallback = field.parse(undefined);
  return {
    key,
    flag: `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
    env: `AGENTMESH_${key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`,
    aliases: ALIASES[key] ?? [],
    isSwitch: typeof fallback === "boolean",
    fallback: Array.isArray(fallback) ? fallback.join(",") : String(fallback),
    help: field.description ?? "",
  };
});
