/** Agents, push paths and timeline entries in words; everything of other agents leaves here as one plain line. */
import { sep } from "node:path";
import { machineName, userHome } from "@agentmesh/client/node";
import type {
  Agent,
  DeliveryState,
  Focus,
  ListedPushPath,
  LogEntry,
  Message,
  Presence,
  TimelineEntry,
  TimeWords,
} from "@agentmesh/protocol";
import {
  heardWords,
  plainLine,
  presenceWords,
  proofWords,
  quoted,
  quotedReason,
  quotedUnlessWord,
  reachOf,
  TimelineEvent,
  toldTrust,
  waitingWords,
} from "@agentmesh/protocol";
import { inLocalTime, localTime, since, until } from "./terminal/clock.ts";
import type { Style } from "./terminal/output.ts";

/** Colour of a presence. */
export const presenceStyle: Readonly<Record<Presence, Style>> = { online: "green", stale: "yellow", offline: "dim" };

/** Colour of a delivery state. */
export const stateStyle: Readonly<Record<DeliveryState, Style>> = {
  queued: "yellow",
  leased: "cyan",
  acked: "green",
  dead: "red",
  expired: "red",
  cancelled: "dim",
  held: "yellow",
  refused: "red",
};

/** Colour of what happened. */
const eventStyles: Readonly<Record<TimelineEvent, Style>> = {
  accepted: "bold",
  leased: "cyan",
  pushed: "cyan",
  push_failed: "yellow",
  extended: "dim",
  nacked: "yellow",
  released: "yellow",
  acked: "green",
  rejected: "red",
  dead: "red",
  expired: "red",
  cancelled: "dim",
  redriven: "bold",
  dismissed: "dim",
  bounced: "yellow",
  held: "yellow",
  admitted: "bold",
  refused: "red",
  waived: "dim",
};

/** The style of a timeline event; a newer broker may know events this command line does not. */
export function eventStyle(event: string): Style {
  const known = TimelineEvent.safeParse(event).data;
  return known === undefined ? "dim" : eventStyles[known];
}

/** Times in what is said of agents. */
export const times: TimeWords = { past: (at) => `${since(at)} ago`, coming: (at) => localTime(at) };

/** What an agent's push paths are worth now, best first: `claude-inbox, proven 2m ago`. A webhook needs no session. */
export function reachedBy(agent: Pick<Agent, "presence" | "doubt" | "pushPaths">): string {
  if (agent.pushPaths.length === 0) return agent.presence === "offline" ? "" : "no push path";
  const { now, before } = reachOf(agent);
  const was = before.length === 0 ? [] : [`before its stream closed ${before.map(pushPath).join("; ")}`];
  return [now.map(pushPath).join("; ") || "nothing now", ...was].join("; ");
}

/** Presence and push paths of a recipient in a sentence: `online, reached by claude-inbox, proven 2m ago`. */
export function recipientText(
  recipient: Pick<Agent, "presence" | "doubt" | "dialog" | "pushPaths"> & { readonly heardMs?: number | undefined },
): string {
  const presence = `${presenceWords(recipient, times)}${heardWords(recipient)}`;
  const { now, before } = reachOf(recipient);
  const working = now.filter(({ failedWhy }) => failedWhy === undefined);
  if (working.length > 0) return `${presence}, reached by ${working.map(pushPath).join("; ")}`;
  const [first] = now;
  if (first !== undefined) return `${presence}, the last push through ${first.path} failed`;
  return recipient.presence === "offline" || before.length > 0 ? presence : `${presence}, no push path`;
}

function pushPath(path: ListedPushPath): string {
  return `${path.path}, ${proofWords(path, times)}`;
}

/** What is known of an agent's state, a fact a line: for whoever looks at one agent, and for oneself. */
export function stateFacts(agent: Agent): [string, string][] {
  const archived = agent.archivedAt === undefined ? undefined : `archived ${since(agent.archivedAt)} ago`;
  return [
    ["presence", archived ?? presenceWords(agent, times)],
    ["last heard", heard(agent)],
    ["reached by", reachedBy(agent) || "nothing now; mail waits in its inbox"],
    ["waiting", waitingWords(agent)],
    ...(agent.focus ? [["focus", focusText(agent.focus)] satisfies [string, string]] : []),
  ];
}

/** How a message came in, where that is worth a word to a person: neither from this machine nor from themselves. */
export function trustWords(trust: string | undefined, message: Pick<Message, "trust">): string {
  const told = toldTrust(trust, message);
  return told === undefined || told === "operator" ? "" : plainLine(told);
}

/** Whose message it is, with how it came where that is worth a word: `lap-far (remote)`. */
export function fromWords(trust: string | undefined, message: Pick<Message, "from" | "trust">): string {
  const told = trustWords(trust, message);
  return `${plainLine(message.from.name)}${told === "" ? "" : ` (${told})`}`;
}

/** When an agent was last heard of. */
export function heard({ lastSeenAt }: Pick<Agent, "lastSeenAt">): string {
  return lastSeenAt === undefined ? "never" : `${since(lastSeenAt)} ago`;
}

/** A focus in words: `in focus for 20m, only interrupts are pushed (blocked on a dialog)`. */
export function focusText({ until: end, allows, reason }: Focus): string {
  const why = reason === undefined ? "" : ` (${quoted(reason)})`;
  return `in focus for ${until(end)}, ${allows === "interrupt" ? "only interrupts are" : "nothing is"} pushed${why}`;
}

/** Where an agent works: repository or directory, with its branch, and its machine when that is another one. */
export function whereOf(agent: Agent): string {
  const place = agent.repo ?? agent.directory;
  const host = agent.host !== undefined && agent.host !== machineName() ? `${quotedUnlessWord(agent.host)}:` : "";
  if (place === undefined) return host.slice(0, -1);
  return `${host}${quotedUnlessWord(shortPath(place), 300)}${agent.branch === undefined ? "" : `@${quotedUnlessWord(agent.branch)}`}`;
}

/** A path with the home directory as `~`. */
export function shortPath(path: string): string {
  const home = ownHome();
  if (home === undefined) return path;
  if (path === home) return "~";
  return path.startsWith(home + sep) ? `~${path.slice(home.length)}` : path;
}

function ownHome(): string | undefined {
  try {
    return userHome();
  } catch {
    return undefined;
  }
}

/** A body in one line: an agent's as its words, a notice of the mesh as it is. */
export function bodyLine({ kind, body }: Pick<Message, "kind" | "body">): string {
  return kind === "message" ? quoted(body, 400) : plainLine(inLocalTime(body), 400);
}

/** A whole body: an agent's as it is, the times in a notice of the mesh as people read them. */
export function bodyText({ kind, body }: Pick<Message, "kind" | "body">): string {
  return kind === "message" ? body : inLocalTime(body);
}

/** Attempt, path and reason of a timeline entry, as far as it has them. */
export function detailOf(entry: TimelineEntry | LogEntry): string {
  const parts: string[] = [];
  if (entry.event === "leased") parts.push(`attempt ${entry.attempt}`);
  if (entry.path !== undefined) parts.push(entry.event === "pushed" ? `through ${entry.path}` : entry.path);
  if (entry.reason !== undefined) parts.push(quotedReason(entry.event, entry.reason));
  return parts.join(": ");
}
