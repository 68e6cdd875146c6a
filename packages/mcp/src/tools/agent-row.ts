/** One agent as a tool shows it: a line of text and the same as data. */
import {
  type Agent,
  type DeliveryForecast,
  dialogWords,
  doubtWords,
  type Focus,
  fenceAttribute,
  heardWords,
  type ListedPushPath,
  type Message,
  plainLine,
  presenceWords,
  proofWords,
  reachOf,
  type TimeWords,
  toldTrust,
  waitingWords,
} from "@agentmesh/protocol";
import { defangLine, quoted, quotedUnlessWord } from "../shown/render.ts";

/** Times as a model is told them. */
export const times: TimeWords = { past: (at) => plainLine(at, 30), coming: (at) => plainLine(at, 30) };

/**
 * The line. Everything an agent says of itself is made harmless and marked as its words; its machine is named when that is
 * not `here`.
 */
export function agentLine(agent: Agent, own: boolean, here?: string): string {
  const repo = repoOf(agent);
  return [
    `${agent.name}${own ? " (you)" : ""}: ${presenceWords(agent, times)}`,
    ...(own || agent.presence === "stale" ? [] : [heardOf(agent)]),
    ...(agent.trust === "verified" ? [] : [agent.trust]),
    ...(agent.client === undefined ? [] : [quotedUnlessWord(agent.client, 64)]),
    ...(isElsewhere(agent, here) ? [`on ${quotedUnlessWord(agent.host, 100)}`] : []),
    ...(agent.directory === undefined ? [] : [`in ${quotedUnlessWord(agent.directory, 300)}`]),
    ...(repo === undefined ? [] : [`repo ${repo}`]),
    pushWords(agent),
    ...(agent.focus ? [focusWords(agent.focus)] : []),
    `waiting: ${waitingWords(agent)}`,
    ...(agent.summary ? [`says of itself: ${quoted(agent.summary)}`] : []),
  ].join("; ");
}

/** The same facts as data. */
export function agentData(agent: Agent, own: boolean, here?: string): Record<string, unknown> {
  const repo = repoOf(agent);
  return {
    name: agent.name,
    ...(own && { you: true }),
    presence: agent.presence,
    ...(agent.doubt && { doubt: doubtWords(agent.doubt, times) }),
    ...(agent.dialog && { stands_at: dialogWords(agent.dialog, times) }),
    ...(agent.lastSeenAt !== undefined && { last_heard_of: agent.lastSeenAt }),
    ...(agent.trust !== "verified" && { trust: agent.trust }),
    ...(agent.client !== undefined && { client: defangLine(agent.client, 64) }),
    ...(isElsewhere(agent, here) && { host: defangLine(agent.host, 100) }),
    ...(agent.directory !== undefined && { directory: defangLine(agent.directory, 300) }),
    ...(repo !== undefined && { repo }),
    ...pushData(agent),
    ...(agent.focus && { focus: focusWords(agent.focus) }),
    ...waitingData(agent),
    ...(agent.summary && { says_of_itself: defangLine(agent.summary) }),
  };
}

/** Also of one that is online: one whose machine has lost its network is called so for a while. */
function heardOf({ lastSeenAt }: Agent): string {
  return lastSeenAt === undefined ? "never heard of" : `last heard of ${times.past(lastSeenAt)}`;
}

function isElsewhere(agent: Agent, here: string | undefined): agent is Agent & { host: string } {
  return agent.host !== undefined && here !== undefined && agent.host !== here;
}

/** A focus in words. */
function focusWords({ until, allows, reason }: Focus): string {
  const why = reason === undefined ? "" : `, ${quoted(reason)}`;
  return `in focus until ${until} (${allows === "interrupt" ? "interrupts only" : "nothing is pushed"}${why})`;
}

/** How a session is reached, in words: never more than was proven. */
export function pushWords(agent: Pick<Agent, "doubt" | "pushPaths">): string {
  if (agent.pushPaths.length === 0) return "no push path";
  const { now, before } = reachOf(agent);
  const said = (paths: readonly ListedPushPath[]) =>
    paths.map((path) => `${path.path} (${proofWords(path, times)})`).join(", ");
  const was = before.length === 0 ? "" : `, before its stream closed ${said(before)}`;
  return `push: ${said(now) || "nothing now"}${was}`;
}

/** A recipient at the moment of a send. */
export function recipientWords(recipient: DeliveryForecast["recipient"]): string {
  return `${presenceWords(recipient, times)}${heardWords(recipient)}; ${pushWords(recipient)}`;
}

/** The same as data. */
export function recipientData(recipient: DeliveryForecast["recipient"]): Record<string, unknown> {
  return {
    presence: recipient.presence,
    ...(heardWords(recipient) !== "" && { heard_of_ms_ago: recipient.heardMs }),
    ...(recipient.doubt && { doubt: doubtWords(recipient.doubt, times) }),
    ...(recipient.dialog && { stands_at: dialogWords(recipient.dialog, times) }),
    ...pushData(recipient),
  };
}

/** How a session is reached, as data: what reached it before its stream closed stands apart. */
function pushData(agent: Pick<Agent, "doubt" | "pushPaths">): Record<string, unknown> {
  const { now, before } = reachOf(agent);
  return { push: now.map(pathData), ...(before.length > 0 && { push_before: before.map(pathData) }) };
}

/** What an inbox holds, as data. */
export function waitingData({
  queued,
  oldestQueuedMs,
  held = 0,
  inHand,
}: Pick<Agent, "queued" | "inHand" | "oldestQueuedMs"> & Partial<Pick<Agent, "held">>): Record<string, number> {
  return {
    waiting: queued,
    ...(queued > 0 && oldestQueuedMs !== undefined && { oldest_waiting_ms: oldestQueuedMs }),
    ...(inHand > 0 && { in_hand: inHand }),
    ...(held > 0 && { held }),
  };
}

/** What is said of how a message's sender came in, as data. */
export function trustData(trust: string | undefined, message: Pick<Message, "trust">): { trust?: string } {
  const told = toldTrust(trust, message);
  return told === undefined ? {} : { trust: fenceAttribute(told) };
}

/** A push path as data, with its proof in the same words. */
export function pathData(path: ListedPushPath): Record<string, string> {
  return { path: path.path, proof: proofWords(path, times) };
}

function repoOf(agent: Agent): string | undefined {
  if (agent.repo === undefined) return undefined;
  const root = quotedUnlessWord(agent.repo, 300);
  return agent.branch === undefined ? root : `${root}@${quotedUnlessWord(agent.branch, 100)}`;
}
