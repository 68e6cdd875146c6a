/** Routes of agents and sessions. */
import type { Mesh } from "../../mesh/mesh.ts";
import type { Bind } from "../bind.ts";
import { isSecure } from "../servers.ts";
import type { BrokerFacts } from "./system.ts";

/** Binds them. */
export function agentRoutes(bind: Bind, mesh: Mesh, facts: BrokerFacts): void {
  bind("register", ({ body, caller }) => mesh.agents.register(caller, body));
  bind("listAgents", ({ query, caller, signal }) => mesh.agents.list(caller, query, signal));
  bind("getAgent", async ({ params, caller }) => mesh.agents.show(await mesh.agents.resolve(params.agent, caller)));
  bind("setSummary", ({ body, caller }) => mesh.agents.setSummary(caller, body.summary));
  bind("setFocus", ({ params, body, caller }) => mesh.agents.setFocus(caller, params.agent, body));
  bind("endFocus", ({ params, caller }) => mesh.agents.setFocus(caller, params.agent, undefined));
  bind("getPolicy", ({ params, caller }) => mesh.policies.show(caller, params.agent));
  bind("setAgentCard", ({ params, body, caller }) => mesh.agentCards.set(caller, params.agent, body));
  bind("getAgentCard", ({ params, caller }) => mesh.agentCards.show(caller, params.agent));
  bind("removeAgentCard", ({ params, caller }) => mesh.agentCards.remove(caller, params.agent));
  bind("setPolicy", ({ params, body, caller }) => mesh.policies.set(caller, params.agent, body));
  bind("renameAgent", ({ params, body, caller }) => mesh.agents.rename(caller, params.agent, body.name));
  bind("removeAgent", ({ params, caller }) => mesh.agents.remove(caller, params.agent));
  bind("revokeAgent", ({ params, caller }) => mesh.agents.revoke(caller, params.agent));

  bind("listSessions", ({ params, caller }) => mesh.sessions.list(caller, params.agent));
  bind("openSession", ({ body, caller }) => mesh.sessions.open(caller, body));
  bind.usual("heartbeat", async ({ params, body, caller, raw }) => ({
    ...(await mesh.sessions.heartbeat(caller, params.session, body)),
    // Who came over TLS is told where else to come: the address may be another one the next time.
    ...(isSecure(raw.socket) && { urls: facts.reachedAt().urls }),
  }));
  bind("endSession", ({ params, caller }) => mesh.sessions.end(caller, params.session));
}
