/** One agent as a tool shows it: a line of text and the same as data. */
import { type Agent, type Focus, type ListedPushPath, plainLine } from "@agentmesh/protocol";
import { defangLine, quoted, quotedUnlessWord } from "../shown/render.ts";

/** The line. Everything an agent says of itself is made harmless and marked as its words. */
export function agentLine(agent: Agent, own: boolean): string {
  const repo = repoOf(agent);
  return [
    `${agent.name}${own ? " (you)" : ""}: ${agent.presence}`,
    ...(agent.trust === "verified" ? [] : [agent.trust]),
    ...(agent.client === undefined ? [] : [quotedUnlessWord(agent.client, 64)]),
    ...(agent.directory === undefined ? [] : [`in ${quotedUnlessWord(agent.directory, 300)}`]),
    ...(repo === undefined ? [] : [`repo ${repo}`]),
    pushWords(agent.pushPaths),
    ...(agent.focus ? [focusWords(agent.focus)] : []),
    `${agent.queued} waiting`,
    ...(agent.summary ? [`says of itself: ${quoted(agent.summary)}`] : []),
  ].join("; ");
}

/** The same facts as data. */
export function agentData(agent: Agent, own: boolean): Record<string, unknown> {
  const repo = repoOf(agent);
  return {
    name: agent.name,
    ...(own && { you: true }),
    presence: agent.presence,
    ...(agent.trust !== "verified" && { trust: agent.trust }),
    ...(agent.client !== undefined && { client: defangLine(agent.client, 64) }),
    ...(agent.directory !== undefined && { directory: defangLine(agent.directory, 300) }),
    ...(repo !== undefined && { repo }),
    push: agent.pushPaths.map(pathData),
    ...(agent.focus && { focus: focusWords(agent.focus) }),
    waiting: agent.queued,
    ...(agent.summary && { says_of_itself: defangLine(agent.summary) }),
  };
}

/** A focus in words. */
function focusWords({ until, allows, reason }: Focus): string {
  const why = reason === undefined ? "" : `, ${quoted(reason)}`;
  return `in focus until ${until} (${allows === "interrupt" ? "interrupts only" : "nothing is pushed"}${why})`;
}

/** How a session is reached, in words: never more than was proven. */
export function pushWords(paths: readonly ListedPushPath[]): string {
  if (paths.length === 0) return "no push path";
  return `push: ${paths.map((path) => `${path.path} (${proof(path)})`).join(", ")}`;
}

/** A push path as data, with its proof in the same words. */
export function pathData(path: ListedPushPath): Record<string, string> {
  return { path: path.path, proof: proof(path) };
}

function proof(path: ListedPushPath): string {
  const rests = path.nextTryAt === undefined ? "" : `, rests until ${path.nextTryAt}`;
  if (path.failedWhy !== undefined) return `failing: ${quoted(path.failedWhy)}${rests}`;
  return path.provenAt === undefined ? "not proven yet" : `proven ${plainLine(path.provenAt, 30)}`;
}

function repoOf(agent: Agent): string | undefined {
  if (agent.repo === undefined) return undefined;
  const root = quotedUnlessWord(agent.repo, 300);
  return agent.branch === undefined ? root : `${root}@${quotedUnlessWord(agent.branch, 100)}`;
}
