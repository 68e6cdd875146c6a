/** `agentmesh status`: what the broker says of itself. */
import { existsSync } from "node:fs";
import type { BrokerStatus, DeliveryState, Keeper, KeepingStatus } from "@agentmesh/protocol";
import type { Context } from "../../context.ts";
import { shortPath } from "../../describe.ts";
import { shortDuration, since } from "../../terminal/clock.ts";
import { facts, jsonText, print } from "../../terminal/output.ts";
import { bytes, counted } from "../../terminal/sizes.ts";
import { migratedFacts, otherPort, remoteFacts, warnOfOtherVersion } from "./up.ts";

/** Prints counts, limits and settings. @throws BrokerUnreachableError */
export async function status(context: Context): Promise<void> {
  const admin = await context.admin();
  const broker = await admin.status();
  if (context.json) return print(jsonText(broker));
  // A broker from before there were quotas has no list of keepers, and a machine that joined is not shown others'.
  const keepers =
    broker.keeping && !context.address().joined ? (await admin.listKeepers({ limit: SHOWN_KEEPERS })).keepers : [];
  const { agents, deliveries, limits, retention, storage, webhooks } = broker;
  const { logFile } = context.folder;
  const { joined } = context.address();
  await print(
    facts([
      ...(joined === undefined ? [] : [["mesh", `joined as ${joined.host}, of another machine`] as const]),
      [
        "broker",
        `${joined === undefined ? broker.url : context.address().url}, version ${broker.version}, pid ${broker.pid}, up ${since(broker.startedAt)}`,
      ],
      ...otherPort(broker),
      ...(broker.remote ? remoteFacts(broker.remote) : []),
      [
        "home",
        `${joined === undefined ? shortPath(broker.home) : `${broker.home} there`}${storage.server ? "" : `, ${bytes(storage.bytes)} on disk, synchronous ${storage.synchronous}`}`,
      ],
      ...(storage.server === undefined
        ? []
        : [["database", serverText(storage.server, bytes(storage.bytes))] as const]),
      ...(storage.driver?.why === undefined ? [] : [["database", substituteText(storage.driver)] as const]),
      ...migratedFacts(storage),
      ...backupFacts(storage.backups),
      ...(storage.server ? [] : [["disk", diskText(storage)] as const]),
      ...(storage.closedWhy === undefined
        ? []
        : [["intake", `closed: nothing new is accepted. ${storage.closedWhy}`] as const]),
      ...(existsSync(logFile) ? [["log", shortPath(logFile)] as const] : []),
      [
        "agents",
        `${agents.online} online, ${agents.stale} stale, ${agents.offline} offline, ${agents.archived} archived`,
      ],
      ["deliveries", states(deliveries, ["queued", "leased", "held"])],
      ["", states(deliveries, ["acked", "dead", "refused", "expired", "cancelled"])],
      ["streams", `${broker.streams} open`],
      ...(webhooks.total > 0 ? [["webhooks", webhooksText(webhooks)] as const] : []),
      ...(broker.keeping ? keepingFacts(broker.keeping, keepers) : []),
      ...(retention ? retentionFacts(retention) : []),
      [
        "limits",
        `${bytes(limits.maxBodyBytes)} a message, ${counted(limits.maxAttempts, "attempt")}, ${shortDuration(limits.messageTtlMs)} to live`,
      ],
      ["", `${counted(limits.inboxMaxMessages, "message")} or ${bytes(limits.inboxMaxBytes)} an inbox`],
      ["", `${rate(limits.senderPerMinute)} of one agent, ${rate(limits.pairPerMinute)} to one other`],
      ["", `the same text to one other ${limits.repeatsPerMinute || "any number of"} times a minute`],
      ["", `${counted(limits.maxHops, "answer")} in a row without a person`],
    ]),
  );
  warnOfOtherVersion(broker);
}

/** How many of the largest keepers are shown. */
const SHOWN_KEEPERS = 3;

function keepingFacts(keeping: KeepingStatus, keepers: readonly Keeper[]): (readonly [string, string])[] {
  const { messages, maxMessages, maxBytes, letGo } = keeping;
  return [
    [
      "kept",
      `${ofMost(messages.toLocaleString("en"), maxMessages.toLocaleString("en"), maxMessages)} messages, ${ofMost(bytes(keeping.bytes), bytes(maxBytes), maxBytes)}`,
    ],
    ...keepers.map(
      ({ agent, isGone, messages, bytes: kept, oldestAt }) =>
        [
          "",
          `${agent.name}${isGone ? " (gone)" : ""} ${counted(messages, "message")}, ${bytes(kept)}${oldestAt === undefined ? "" : `, the oldest ${since(oldestAt)} old`}`,
        ] as const,
    ),
    ...(letGo === undefined
      ? []
      : [["", `history up to ${letGo.until} was let go for a quota: ${counted(letGo.messages, "message")}`] as const]),
  ];
}

function ofMost(now: string, most: string, limit: number): string {
  return limit === 0 ? now : `${now} of ${most}`;
}

function states(deliveries: BrokerStatus["deliveries"], shown: readonly DeliveryState[]): string {
  return shown.map((state) => `${deliveries[state]} ${state}`).join(", ");
}

function webhooksText({ total, resting, disabled }: BrokerStatus["webhooks"]): string {
  return `${total} set${resting > 0 ? `, ${resting} resting` : ""}${disabled > 0 ? `, ${disabled} disabled` : ""}`;
}

function retentionFacts(retention: NonNullable<BrokerStatus["retention"]>): (readonly [string, string])[] {
  const { endedMs, idempotencyKeyMs, retainedPerTopic, archiveAfterMs } = retention;
  return [
    ["retention", `${shortDuration(endedMs)} ended deliveries, ${shortDuration(idempotencyKeyMs)} idempotency keys`],
    [
      "",
      `${counted(retainedPerTopic, "message")} of a topic; agents are archived after ${shortDuration(archiveAfterMs)} of silence`,
    ],
  ];
}

/** Where Postgres keeps the mesh, and with how many brokers this one shares it. */
function serverText(
  { address, version, brokers, isOnDuty }: NonNullable<BrokerStatus["storage"]["server"]>,
  size: string,
): string {
  const duty = isOnDuty ? "this one is on duty" : "another one is on duty";
  return `Postgres ${version} at ${address}, ${size}, ${counted(brokers, "broker")}${brokers > 1 ? `, ${duty}` : ""}`;
}

/** Said where the first choice did not load. */
function substituteText({ sqlite, why }: NonNullable<BrokerStatus["storage"]["driver"]>): string {
  return `opened by Node's own SQLite ${sqlite}, because the addon of better-sqlite3 does not load: ${why}`;
}

/** Each copy, so that whoever needs one or its room finds it. */
function backupFacts(backups: BrokerStatus["storage"]["backups"]): (readonly [string, string])[] {
  return backups.map(({ path, schema, madeAt, bytes: size }, i) => [
    i === 0 ? "backups" : "",
    `${shortPath(path)}, ${bytes(size)}, of schema ${schema}, ${since(madeAt)} old`,
  ]);
}

function diskText({ freeBytes, minFreeBytes, ballastBytes }: BrokerStatus["storage"]): string {
  const free = freeBytes === undefined ? "free space not known" : `${bytes(freeBytes)} free`;
  const kept = minFreeBytes === 0 ? "no threshold" : `the last ${bytes(minFreeBytes)} are kept for acks and reads`;
  return `${free}, ${kept}${ballastBytes === 0 ? "" : `, ${bytes(ballastBytes)} of them as ballast`}`;
}

function rate(perMinute: number): string {
  return perMinute === 0 ? "any number" : `${counted(perMinute, "message")} a minute`;
}
