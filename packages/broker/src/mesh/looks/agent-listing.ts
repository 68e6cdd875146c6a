/** The listing of agents: live ones first, then by name, page by page; one way through all names, in turns. */
import {
  type Agent,
  AgentId,
  type EndpointReply,
  type EndpointRequest,
  type endpoints,
  Presence,
} from "@agentmesh/protocol";
import type { AgentPlace } from "../store/looks.ts";
import type { AgentRecord, Store } from "../store.ts";
import { webhookOf } from "../webhook/path.ts";
import type { Look } from "./turns.ts";

type Query = EndpointRequest<(typeof endpoints)["listAgents"]>["query"];

/** So many agents are looked at in a row. */
const PAGE = 64;

const rankOf: Record<Presence, number> = { online: 0, stale: 1, offline: 2 };

/** One page of the agents that fit a query, and how many fit in all. */
export async function listAgents(
  { store, show, look }: { store: Store; show: (record: AgentRecord) => Agent; look: Look },
  query: Query,
): Promise<EndpointReply<(typeof endpoints)["listAgents"]>> {
  const from = query.after === undefined ? undefined : placeOf(query.after);
  // Of each rank no more than a page: the way goes by name, as each rank does.
  const ranks: Agent[][] = [[], [], []];
  let total = 0;
  for await (const record of byName(store, look, query.presence === "archived")) {
    const agent = show(record);
    if (!fits(agent, query)) continue;
    total++;
    const rank = rankOf[agent.presence];
    const page = ranks[rank];
    if (page && page.length <= query.limit && (!from || isBehind(agent, from))) page.push(agent);
  }
  const found = ranks.flat();
  const agents = found.slice(0, query.limit);
  const last = agents.at(-1);
  return {
    agents,
    total,
    ...(found.length > query.limit && last && { nextAfter: `${last.presence}/${last.name}/${last.id}` }),
  };
}

async function* byName(store: Store, look: Look, archived: boolean): AsyncIterable<AgentRecord> {
  for (let after: AgentPlace | undefined; ; ) {
    await look.turn();
    const records = await store.agentsByName(archived, after, PAGE);
    yield* records;
    after = records.at(-1);
    if (records.length < PAGE) return;
  }
}

function fits(agent: Agent, { presence, directory, repo, client }: Query): boolean {
  return (
    (presence === "all" || presence === "archived" || isThere(agent, presence)) &&
    (directory === undefined || agent.directory === directory) &&
    (repo === undefined || agent.repo === repo) &&
    (client === undefined || agent.client === client)
  );
}

/** Live is who has a session; reachable also who is reached without one. */
function isThere(agent: Agent, asked: "live" | "reachable"): boolean {
  return agent.presence !== "offline" || (asked === "reachable" && webhookOf(agent)?.works === true);
}

type Place = Pick<Agent, "presence" | "name" | "id">;

function placeOf(cursor: string): Place {
  const [presence, name = "", id] = cursor.split("/");
  return { presence: Presence.parse(presence), name, id: AgentId.parse(id) };
}

function isBehind(agent: Place, from: Place): boolean {
  if (agent.presence !== from.presence) return rankOf[agent.presence] > rankOf[from.presence];
  return agent.name === from.name ? agent.id > from.id : agent.name > from.name;
}
