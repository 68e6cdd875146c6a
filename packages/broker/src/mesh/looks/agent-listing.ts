/** The listing of agents: live ones first, then by name, page by page, in turns. */
import {
  type Agent,
  AgentId,
  type EndpointReply,
  type EndpointRequest,
  type endpoints,
  Presence,
  type SessionId,
} from "@agentmesh/protocol";
import type { AgentRecord, Store } from "../store.ts";
import { webhookOf } from "../webhook/path.ts";
import type { Look } from "./turns.ts";

type Query = EndpointRequest<(typeof endpoints)["listAgents"]>["query"];

/** So many agents are looked at in a row. */
const PAGE = 64;

const rankOf: Record<Presence, number> = { online: 0, stale: 1, offline: 2 };

/** What a listing is made of. */
interface Parts {
  readonly store: Store;
  readonly look: Look;
  /** Who is to be listed at all, left out everybody. */
  readonly near?: ((record: AgentRecord) => boolean) | undefined;
  show(record: AgentRecord): Agent;
}

/**
 * One page of the agents that fit a query, and how many fit in all. Live ones are found by their sessions. The others are
 * gone through by name: from the page's place and no further than the page where the query takes everybody.
 */
export async function listAgents(parts: Parts, query: Query): Promise<EndpointReply<(typeof endpoints)["listAgents"]>> {
  const { store, show, look, near } = parts;
  const from = query.after === undefined ? undefined : placeOf(query.after);
  const ofArchive = query.presence === "archived";
  const live = ofArchive ? [] : (await liveAgents(parts)).filter((agent) => fits(agent, query));
  const page = live.filter((agent) => !from || isBehind(agent, from)).sort(inOrder);
  let total = live.length;
  if (query.presence !== "live") {
    const known = new Set(live.map(({ id }) => id));
    const counted =
      takesAll(query) && !near ? (await store.stats()).agents[ofArchive ? "archived" : "present"] : undefined;
    const start = counted !== undefined && from?.presence === "offline" ? from : undefined;
    for await (const record of byName(store, look, ofArchive, start)) {
      // Counted before it is looked at: the rest of them would bring nothing.
      if (counted !== undefined && page.length > query.limit) break;
      const agent = known.has(record.id) || near?.(record) === false ? undefined : show(record);
      if (!agent || !fits(agent, query)) continue;
      total++;
      if (page.length <= query.limit && (!from || isBehind(agent, from))) page.push(agent);
    }
    total = counted ?? total;
  }
  const agents = page.slice(0, query.limit);
  const last = agents.at(-1);
  return {
    agents,
    total,
    ...(page.length > query.limit && last && { nextAfter: `${last.presence}/${last.name}/${last.id}` }),
  };
}

/** Whether everybody there, or in the archive, fits: they have been counted. */
function takesAll({ presence, directory, repo, client }: Query): boolean {
  return (
    (presence === "all" || presence === "archived") &&
    directory === undefined &&
    repo === undefined &&
    client === undefined
  );
}

/** Those who have a session and are not offline by it, each once. */
async function liveAgents({ store, show, look, near }: Parts): Promise<Agent[]> {
  const found = new Map<AgentId, Agent>();
  for (let after: SessionId | undefined; ; ) {
    await look.turn();
    const sessions = await store.sessionsAfter(after, PAGE);
    for (const { agentId } of sessions) {
      if (found.has(agentId)) continue;
      const record = await store.findAgent(agentId);
      if (record && near?.(record) !== false) found.set(agentId, show(record));
    }
    after = sessions.at(-1)?.id;
    if (sessions.length < PAGE) break;
  }
  return [...found.values()].filter(({ presence }) => presence !== "offline");
}

async function* byName(
  store: Store,
  look: Look,
  archived: boolean,
  from: Place | undefined,
): AsyncIterable<AgentRecord> {
  for (let after: Pick<Place, "name" | "id"> | undefined = from; ; ) {
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
  return inOrder(agent, from) > 0;
}

/** Live ones first; then by name, as the store compares names. */
function inOrder(a: Place, b: Place): number {
  if (a.presence !== b.presence) return rankOf[a.presence] - rankOf[b.presence];
  if (a.name !== b.name) return a.name > b.name ? 1 : -1;
  return a.id === b.id ? 0 : a.id > b.id ? 1 : -1;
}
