/** `agentmesh agents`: who is there, and whether a message would be noticed. */

import type { Agent } from "@agentmesh/protocol";
import {
  livingNamesakes,
  MAX_SUMMARY_CHARS,
  presenceWords,
  quoted,
  quotedUnlessWord,
  reachOf,
  waitingWords,
} from "@agentmesh/protocol";
import { allAgents } from "../../all-agents.ts";
import type { Context } from "../../context.ts";
import { focusText, heard, presenceStyle, reachedBy, times, whereOf } from "../../describe.ts";
import { jsonText, print, tell, warn } from "../../terminal/output.ts";
import { type Cell, type Column, table } from "../../terminal/table.ts";

/** Options of `agents`. */
export interface AgentsOptions {
  readonly live?: true;
  readonly archived?: true;
}

/** Lists every agent, live ones first. @throws BrokerUnreachableError */
export async function agents(context: Context, options: AgentsOptions): Promise<void> {
  const admin = await context.admin();
  const presence = options.archived ? "archived" : options.live ? "live" : "all";
  const found = await allAgents(admin, presence);
  const ownId = await context.ownId(found);
  if (context.json) {
    return print(jsonText({ agents: found, total: found.length, ...(ownId !== undefined && { ownId }) }));
  }
  if (found.length === 0) {
    const { archived } = (await admin.status()).agents;
    return tell(
      presence === "all" && archived > 0
        ? `No agent has been heard of for long: ${archived} archived. See who: agentmesh agents --archived`
        : NOBODY[presence],
    );
  }
  await print(table(columns(ownId), found));
  for (const sentence of livingNamesakes(found.filter(({ id }) => id !== ownId))) warn(sentence);
}

const NOBODY = {
  live: "No agent is live. All of them: agentmesh agents",
  archived: "No agent is archived. All that are there: agentmesh agents",
  all: "No agent has joined this mesh yet.",
};

function columns(ownId: string | undefined): Column<Agent>[] {
  return [
    { title: "NAME", cell: (agent) => (agent.id === ownId ? `${agent.name} (you)` : agent.name), min: 20 },
    { title: "PRESENCE", cell: presence, min: 12 },
    { title: "HEARD", cell: heard },
    { title: "CLIENT", cell: ({ client }) => (client ? quotedUnlessWord(client) : ""), min: 8, fold: true },
    { title: "REACHED BY", cell: reached, min: 28 },
    { title: "WAITING", cell: waitingWords },
    { title: "WHERE", cell: whereOf, min: 36, fold: true, cutAt: "start" },
    {
      title: "SUMMARY",
      cell: ({ summary }) => (summary ? quoted(summary, MAX_SUMMARY_CHARS) : ""),
      min: 40,
      fold: true,
    },
  ];
}

function presence(agent: Agent): Cell {
  return { text: presenceWords(agent, times), style: presenceStyle[agent.presence] };
}

function reached(agent: Agent): Cell {
  const text = [...(agent.focus ? [focusText(agent.focus)] : []), reachedBy(agent)].filter(Boolean).join("; ");
  const failing = agent.pushPaths.length > 0 && reachOf(agent).now.every(({ failedWhy }) => failedWhy !== undefined);
  return failing ? { text, style: "yellow" } : text;
}
