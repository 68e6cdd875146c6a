/**
 * What is known of an agent in words: how sure its presence is, what reaches it, what waits for it. All surfaces take them
 * from here, so that none says more than another, nor less.
 */
import type { Agent, Dialog, Doubt, ListedPushPath } from "../agent.ts";
import { WEBHOOK_PATH } from "../names/push-paths.ts";
import { quoted } from "./quote.ts";
import { shortDuration } from "./short-duration.ts";

/** How a surface writes times of the mesh: short for people, RFC 3339 for models. */
export interface TimeWords {
  /** One that is past: `2m ago`. */
  past(at: string): string;
  /** One that is to come: `13:29:33`. */
  coming(at: string): string;
}

/** Why a stale agent may be gone: `its stream closed 3s ago`. */
export function doubtWords({ why, since }: Doubt, { past }: TimeWords): string {
  if (why === "stream_closed") return `its stream closed ${past(since)}`;
  if (why === "broker_started") return `not heard of since the broker started ${past(since)}`;
  return `last heard of ${past(since)}`;
}

/** What a session stands at: `a permission prompt, opened 2m ago`. */
export function dialogWords({ about, since }: Dialog, { past }: TimeWords): string {
  return `${about === "permission" ? "a permission prompt" : "a question to its user"}, opened ${past(since)}`;
}

/**
 * Presence with what makes it doubtful, or keeps messages from the model: `online`, `stale: its stream closed 3s ago`,
 * `online: stands at a permission prompt, opened 2m ago`.
 */
export function presenceWords(
  { presence, doubt, dialog }: Pick<Agent, "presence" | "doubt" | "dialog">,
  times: TimeWords,
): string {
  if (doubt !== undefined) return `${presence}: ${doubtWords(doubt, times)}`;
  return dialog === undefined ? presence : `${presence}: stands at ${dialogWords(dialog, times)}`;
}

/** Push paths that reach an agent now, and those that did before its stream closed; a webhook needs no stream. */
export function reachOf({ doubt, pushPaths }: Pick<Agent, "doubt" | "pushPaths">): {
  readonly now: readonly ListedPushPath[];
  readonly before: readonly ListedPushPath[];
} {
  if (doubt?.why !== "stream_closed") return { now: pushPaths, before: [] };
  const isWebhook = ({ path }: ListedPushPath) => path === WEBHOOK_PATH;
  return { now: pushPaths.filter(isWebhook), before: pushPaths.filter((path) => !isWebhook(path)) };
}

/**
 * That an agent is there only as far as it was heard of: `, heard of 12s ago`, behind its presence. Nothing for one that a path reaches
 * which is proven, or of which presence says more.
 */
export function heardWords(
  recipient: Pick<Agent, "doubt" | "pushPaths"> & { readonly heardMs?: number | undefined },
): string {
  const isProven = reachOf(recipient).now.some((path) => path.provenAt !== undefined && path.failedWhy === undefined);
  return isProven || recipient.heardMs === undefined ? "" : `, heard of ${shortDuration(recipient.heardMs)} ago`;
}

/** When a push path was last seen to work, or that or why it was not: `proven 2m ago`. */
export function proofWords({ provenAt, failedWhy, nextTryAt }: ListedPushPath, times: TimeWords): string {
  const rests = nextTryAt === undefined ? "" : `, rests until ${times.coming(nextTryAt)}`;
  if (failedWhy !== undefined) return `failing: ${quoted(failedWhy)}${rests}`;
  return provenAt === undefined ? "not proven yet" : `proven ${times.past(provenAt)}`;
}

/** What an inbox holds: `3, oldest 4m; 1 in hand; 2 held`. */
export function waitingWords({
  queued,
  oldestQueuedMs,
  held = 0,
  inHand,
}: Pick<Agent, "queued" | "inHand" | "oldestQueuedMs"> & Partial<Pick<Agent, "held">>): string {
  const oldest = queued === 0 || oldestQueuedMs === undefined ? "" : `, oldest ${shortDuration(oldestQueuedMs)}`;
  return `${queued}${oldest}${inHand > 0 ? `; ${inHand} in hand` : ""}${held > 0 ? `; ${held} held` : ""}`;
}
