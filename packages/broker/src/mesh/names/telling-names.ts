/** Names that say more than a number, for an agent whose name another one has: by what differs between the two. */
import { type AgentName, type AgentProfile, MAX_NAME_LENGTH, toAgentName } from "@agentmesh/protocol";

/** Names to try before a numbered one, the most telling first; none when nothing that is known differs. */
export function tellingNames(wanted: AgentName, own: AgentProfile, holder: AgentProfile): AgentName[] {
  const names = [
    ...machine(own, holder),
    ...folders(own, holder),
    ...(differ("branch", own, holder) ? [own.branch] : []),
    ...(differ("client", own, holder) ? [own.client] : []),
  ].flatMap((word) => named(wanted, word));
  return [...new Set(names)];
}

/** The first label of the machine's name, when the two are on different ones. */
function machine(own: AgentProfile, holder: AgentProfile): (string | undefined)[] {
  return differ("host", own, holder) ? [own.host?.split(".")[0]] : [];
}

/** Folders that only one of them is in, the innermost first: of one repository below its top, else on the way to the place. */
function folders(own: AgentProfile, holder: AgentProfile): string[] {
  if (differ("host", own, holder)) return [];
  const isOneRepo = own.repo !== undefined && own.repo === holder.repo;
  const place = (agent: AgentProfile) => (isOneRepo ? undefined : agent.repo) ?? agent.directory;
  const [mine, other] = [place(own), place(holder)];
  if (mine === undefined || other === undefined || mine === other) return [];
  const way = steps(mine);
  const known = steps(other);
  const top = isOneRepo && own.repo !== undefined ? steps(own.repo).length : 0;
  return way.slice(0, Math.max(0, way.length - top)).filter((step) => !known.includes(step));
}

/** The names in a path, the innermost first. */
function steps(path: string): string[] {
  return path
    .split(/[\\/]+/)
    .filter((step) => step !== "")
    .reverse();
}

function differ(field: "host" | "branch" | "client", own: AgentProfile, holder: AgentProfile): boolean {
  return own[field] !== undefined && holder[field] !== undefined && own[field] !== holder[field];
}

/** A name and a word; none when the word would not be seen whole in it, is a number, or stands in the name already. */
function named(wanted: AgentName, word = ""): AgentName[] {
  const said = toAgentName(word);
  const isWhole = word.toLowerCase().replaceAll(/[^a-z0-9._-]+/g, "-") === said;
  if (!isWhole || /^\d+$/.test(said) || wanted.split("-").includes(said) || said === wanted) return [];
  const name = `${wanted}-${said}`;
  return name.length > MAX_NAME_LENGTH ? [] : [toAgentName(name)];
}
