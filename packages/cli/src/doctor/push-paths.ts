/** Whether what is sent reaches the sessions of each client that is set up. */
import { type Agent, plainLine, reachOf } from "@agentmesh/protocol";
import { allAgents } from "../all-agents.ts";
import { reachedBy } from "../describe.ts";
import { isConfigured, isPushedTo, type Planned } from "../setup/survey.ts";
import { type Check, type Finding, ok, skipped } from "./check.ts";
import { command, type Site } from "./site.ts";

/** Whether a push through each client was ever noticed. */
export const pushPaths: Check = {
  name: "push paths",
  looksAt: "the push paths of the sessions that are online, by client: failing, never proven, proven and when",
  async look(site) {
    const configured = (await site.clients()).planned.filter(isConfigured);
    if (configured.length === 0) return [skipped("push paths", "no client is set up")];
    const mesh = await site.mesh();
    if (mesh === undefined) return [skipped("push paths", "no broker answers")];
    const agents = await allAgents(mesh.admin, "all");
    return configured.map((one) => ofClient(one, agents, site));
  },
};

/** Of many sessions the worst is told. */
function ofClient(one: Planned, agents: readonly Agent[], site: Site): Finding {
  const { client } = one;
  const about = `push into ${client.title}`;
  const own = agents.filter((agent) => agent.presence !== "offline" && agent.client?.startsWith(client.name));
  if (own.length === 0) return skipped(about, `no session of ${client.title} is online: open one, then run this again`);
  const silent = own.find(({ pushPaths: paths }) => paths.length === 0);
  if (silent && !isPushedTo(one)) return ok(about, "has none: messages wait until its model calls check_messages");
  const [failing] = own.filter((agent) => agent.pushPaths.length > 0 && working(agent).length === 0);
  const worst = failing ?? silent;
  if (worst) return told("fault", about, worst, site);
  const [unproven] = own.filter((agent) => !working(agent).some(({ provenAt }) => provenAt !== undefined));
  if (unproven) return told("warning", about, unproven, site);
  const [first] = own;
  const more = own.length > 1 ? `; ${own.length - 1} more` : "";
  return ok(about, first ? `${plainLine(first.name)} by ${reachedBy(first)}${more}` : "");
}

function working(agent: Agent) {
  return reachOf(agent).now.filter(({ failedWhy }) => failedWhy === undefined);
}

function told(verdict: "warning" | "fault", about: string, agent: Agent, site: Site): Finding {
  const name = plainLine(agent.name);
  return { verdict, about, says: `${name}: ${reachedBy(agent)}`, remedy: command(site, "ping", name) };
}
