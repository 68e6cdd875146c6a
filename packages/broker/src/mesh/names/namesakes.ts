/** Agents beside one that is away: that asked for its name or are numbered like it. A sender may mean one of them. */
import { type Agent, baseName, numberedName, type Party, quoted } from "@agentmesh/protocol";

/** How many numbers are looked at: a send must not cost more when a mesh is large. */
const NUMBERS = 12;

/**
 * Those who are online, when `agent` is offline, of the same place first, without the sender; at most a dozen names and a dozen
 * who asked for it are looked up.
 */
export async function namesakesOnline(
  agent: Agent,
  sender: Party,
  find: (names: readonly string[], limit: number) => Promise<Agent[]>,
): Promise<Agent[]> {
  if (agent.presence !== "offline") return [];
  const base = agent.askedName ?? baseName(agent.name);
  const names = [base, ...Array.from({ length: NUMBERS - 1 }, (_, i) => numberedName(base, i + 2))];
  const found = (await find(names, NUMBERS)).filter(({ id }) => id !== agent.id && id !== sender.id);
  const online = found.filter(({ presence }) => presence === "online");
  return [...online.filter((other) => samePlace(agent, other)), ...online.filter((other) => !samePlace(agent, other))];
}

/** What a sender to `agent` is told of its namesakes, of whom there is one at least. */
export function namesakesInWords(agent: Agent, namesakes: readonly Agent[]): string {
  const near = namesakes.filter((other) => samePlace(agent, other));
  const one = namesakes.length === 1;
  const where = agent.repo === undefined ? "directory" : "repository";
  const parts = [
    ...(near.length === 0
      ? []
      : [
          near.length === 1
            ? `${near[0]?.name} works in the same ${where} and is online`
            : `${near.map(({ name }) => name).join(", ")} work in the same ${where} and are online`,
        ]),
    ...namesakes
      .filter((other) => !near.includes(other))
      .map((other) => `${other.name} is online${elsewhere(agent, other)}`),
  ];
  return `${agent.name} is offline; ${parts.join("; ")}. If you mean ${one ? "that agent" : "one of them"}, send it to ${namesakes[0]?.name}.`;
}

function elsewhere(agent: Agent, other: Agent): string {
  const place = other.repo ?? other.directory;
  const host = other.host === undefined || other.host === agent.host ? "" : ` on ${quoted(other.host)}`;
  return `${place === undefined ? "" : ` in ${quoted(place)}`}${host}`;
}

function samePlace(a: Agent, b: Agent): boolean {
  const same = (field: "repo" | "directory") => a[field] !== undefined && a[field] === b[field];
  return a.host === b.host && (same("repo") || same("directory"));
}
