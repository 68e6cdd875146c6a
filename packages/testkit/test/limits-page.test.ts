/** docs/protocol.md states every limit: each constant of the protocol, each budget of HTTP, each setting that is one. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { ConfigSchema } from "../../broker/src/config/schema.ts";
import { httpLimits } from "../../broker/src/http/budgets/limits.ts";
import * as limits from "../../protocol/src/limits.ts";

const page = readFileSync(fileURLToPath(new URL("../../../docs/protocol.md", import.meta.url)), "utf8");

/** Rows of the table of limits: what, and its limit. */
const rows = new Map(
  (/^## Limits\n([\s\S]*?)^The numbers both sides know/m.exec(page)?.[1] ?? "")
    .split("\n")
    .filter((line) => line.startsWith("| "))
    .map((line) => line.split(/(?<!`)\|/).map((cell) => cell.trim()))
    .map(([, what = "", limit = ""]) => [what, limit]),
);

const settings = ConfigSchema.parse({});
const count = (n: number) => n.toLocaleString("en");

function size(bytes: number): string {
  const [unit, divisor] =
    bytes % 2 ** 30 === 0 ? ["GiB", 2 ** 30] : bytes % 2 ** 20 === 0 ? ["MiB", 2 ** 20] : ["KiB", 2 ** 10];
  return `${count(bytes / divisor)} ${unit}`;
}

function time(ms: number): string {
  const units: [string, number][] = [
    ["days", 86_400_000],
    ["h", 3_600_000],
    ["minutes", 60_000],
    ["s", 1_000],
  ];
  const [unit, divisor] = units.find(([, each]) => ms % each === 0 && (each < 86_400_000 || ms > each)) ?? ["ms", 1];
  return `${ms / divisor} ${unit}`;
}

/** Where each constant stands, as it is written there; a constant without a row is not stated. */
const stated: Record<Exclude<keyof typeof limits, "DEFAULT_PORT">, readonly [what: string, says: string]> = {
  MAX_BODY_BYTES: ["message body", `${count(limits.MAX_BODY_BYTES)} bytes`],
  MAX_REQUEST_BYTES: ["request", `${count(limits.MAX_REQUEST_BYTES)} bytes`],
  MAX_SUMMARY_CHARS: ["summary", `${limits.MAX_SUMMARY_CHARS} characters`],
  MAX_DELIVERIES_PER_READ: ["deliveries per lease or inbox page", `${limits.MAX_DELIVERIES_PER_READ}`],
  MAX_BYTES_PER_READ: ["bytes of bodies per lease", count(limits.MAX_BYTES_PER_READ)],
  MAX_DELIVERIES_PER_LEASE: ["deliveries per lease or inbox page", `up to ${limits.MAX_DELIVERIES_PER_LEASE}`],
  MAX_BYTES_PER_LEASE: ["bytes of bodies per lease", `up to ${count(limits.MAX_BYTES_PER_LEASE)}`],
  MAX_ACKS_PER_CALL: ["acks in one call", `${limits.MAX_ACKS_PER_CALL}`],
  MAX_MESSAGES_PER_PAGE: ["messages of the past", `${limits.MAX_MESSAGES_PER_PAGE} per page`],
  MAX_BYTES_PER_PAGE: ["messages of the past", size(limits.MAX_BYTES_PER_PAGE)],
  MAX_DELIVERIES_PER_TRACE: ["deliveries in a trace", `${limits.MAX_DELIVERIES_PER_TRACE} a page`],
  MAX_STEPS_PER_TRACE: ["deliveries in a trace", `${limits.MAX_STEPS_PER_TRACE} steps`],
  MAX_NAMED_PER_PUBLISH: ["answer to a publish", `the first ${limits.MAX_NAMED_PER_PUBLISH} that were skipped`],
  MAX_KEPT_EVENTS: ["events beside the timeline", count(limits.MAX_KEPT_EVENTS)],
  MAX_WAIT_MS: ["long poll", `${limits.MAX_WAIT_MS / 1_000} s`],
  DEFAULT_LEASE_MS: ["lease", `${limits.DEFAULT_LEASE_MS / 1_000} s by default`],
  MIN_LEASE_MS: ["lease", `${time(limits.MIN_LEASE_MS)} to`],
  MAX_LEASE_MS: ["lease", `to ${time(limits.MAX_LEASE_MS)}`],
  DEFAULT_TTL_MS: ["life of a message", `${time(limits.DEFAULT_TTL_MS)} by default`],
  MIN_TTL_MS: ["life of a message", `${time(limits.MIN_TTL_MS)} to`],
  MAX_TTL_MS: ["life of a message", `to ${time(limits.MAX_TTL_MS)}`],
  MAX_RETAINED: ["retained messages", `${limits.MAX_RETAINED} per topic`],
  MAX_TOPICS_PER_PATTERN: ["retained messages", `${count(limits.MAX_TOPICS_PER_PATTERN)} topics`],
  DEFAULT_ANSWER_MS: ["answer to an ask", `after ${time(limits.DEFAULT_ANSWER_MS)}`],
  DEFAULT_FOCUS_MS: ["focus", `${time(limits.DEFAULT_FOCUS_MS)} by default`],
  MIN_FOCUS_MS: ["focus", `${time(limits.MIN_FOCUS_MS)} to`],
  MAX_FOCUS_MS: ["focus", `to ${time(limits.MAX_FOCUS_MS)}`],
  IDEMPOTENCY_WINDOW_MS: ["idempotency key", time(limits.IDEMPOTENCY_WINDOW_MS)],
  WEBHOOK_OVERLAP_MS: ["a webhook's secret after a rotation", `${time(limits.WEBHOOK_OVERLAP_MS)} by default`],
  MAX_WEBHOOK_OVERLAP_MS: ["a webhook's secret after a rotation", `to ${time(limits.MAX_WEBHOOK_OVERLAP_MS)}`],
  MAX_WEBHOOK_TIMEOUT_MS: ["answer of a webhook", `at most ${limits.MAX_WEBHOOK_TIMEOUT_MS / 1_000} s`],
  WEBHOOK_TOLERANCE_MS: ["time of a post", time(limits.WEBHOOK_TOLERANCE_MS)],
  HEARTBEAT_MS: ["session", `every ${time(limits.HEARTBEAT_MS)}`],
  STALE_AFTER_MS: ["session", `stale after ${time(limits.STALE_AFTER_MS)}`],
  OFFLINE_AFTER_MS: ["session", `over after ${limits.OFFLINE_AFTER_MS / 1_000} s`],
};

const budgets: Record<keyof typeof httpLimits, readonly [what: string, says: string]> = {
  connections: ["open connections", count(httpLimits.connections)],
  handshakes: ["TLS handshakes", `${httpLimits.handshakes} under way`],
  unprovenConnections: ["open connections", `${httpLimits.unprovenConnections} of them without`],
  connectionsPerAgent: ["open connections", `${httpLimits.connectionsPerAgent} of one agent`],
  pipelined: ["unanswered requests on one connection", `${httpLimits.pipelined}`],
  bodiesPerAgent: ["bodies being sent by one agent", `${httpLimits.bodiesPerAgent}`],
  bodiesUnproven: ["bodies being sent by one agent", `${httpLimits.bodiesUnproven} of all without a token`],
  jsonDepth: ["JSON of a body", `${httpLimits.jsonDepth} levels`],
  jsonKeys: ["JSON of a body", `${count(httpLimits.jsonKeys)} keys`],
  unreadPerCaller: ["answers that are not read", `${size(httpLimits.unreadPerCaller)} of one caller`],
  unreadUnproven: ["answers that are not read", `${size(httpLimits.unreadUnproven)} of all without`],
  unread: ["answers that are not read", `${size(httpLimits.unread)} in all`],
  leaveMs: ["what a broker that stops has taken", time(httpLimits.leaveMs)],
};

/** Settings that say how much a user may do; the others are the operator's own affair. */
const settled: Partial<Record<keyof typeof settings, readonly [what: string, says: string]>> = {
  maxBodyBytes: ["message body", count(settings.maxBodyBytes)],
  inboxMaxMessages: ["inbox", `${count(settings.inboxMaxMessages)} open messages`],
  inboxMaxBytes: ["inbox", size(settings.inboxMaxBytes)],
  agentKeptMessages: ["kept of one sender", `${count(settings.agentKeptMessages)} messages`],
  agentKeptBytes: ["kept of one sender", size(settings.agentKeptBytes)],
  meshKeptMessages: ["kept of all", `${count(settings.meshKeptMessages)} messages`],
  meshKeptBytes: ["kept of all", size(settings.meshKeptBytes)],
  maxAttempts: ["failed attempts", `${settings.maxAttempts}`],
  maxHops: ["hops", `${settings.maxHops}`],
  senderPerMinute: ["messages a minute", `${settings.senderPerMinute} of one sender`],
  pairPerMinute: ["messages a minute", `${settings.pairPerMinute} to one recipient`],
  repeatsPerMinute: ["same body to one recipient", `${settings.repeatsPerMinute} times`],
  retentionMs: ["history of ended deliveries", time(settings.retentionMs)],
  requestWithinMs: ["a request's head and body", time(settings.requestWithinMs)],
  wrongTokensPerMinute: ["wrong tokens", `${settings.wrongTokensPerMinute} a minute`],
  webhookTimeoutMs: ["answer of a webhook", `${settings.webhookTimeoutMs / 1_000} s`],
  logMaxBytes: ["lines of log that callers cause", size(settings.logMaxBytes)],
};

test("every limit of the protocol has a row, and the row its number", () => {
  expect(Object.keys(stated).sort()).toEqual(
    Object.keys(limits)
      .filter((name) => name !== "DEFAULT_PORT")
      .sort(),
  );
  expect(Object.keys(budgets).sort()).toEqual(Object.keys(httpLimits).sort());
  for (const [name, [what, says]] of Object.entries({ ...stated, ...budgets, ...settled })) {
    expect(rows.get(what) ?? `no row "${what}"`, name).toContain(says);
  }
});

test("a setting that is named as a most, or refuses with 429, is one of these limits", () => {
  const limiting = Object.entries(ConfigSchema.shape)
    .filter(([, field]) => /\b429\b|^most |^largest |that one \w+ may|\bmay send\b/.test(field.description ?? ""))
    .map(([name]) => name);
  expect(limiting.length).toBeGreaterThan(8);
  expect(Object.keys(settled)).toEqual(expect.arrayContaining(limiting));
});
