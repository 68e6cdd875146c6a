/** The act of registering: an agent is made, or the one that owns the token is resumed; a machine's credential is for its own. */
import type { AgentToRegister, KnownMachine, MachineRecord, RegisteredAgent } from "../../../mesh/store.ts";
import { namesFor, ofAnotherMachine, oneAgentOnly, revokedToken } from "../../shared/registering.ts";
import type { Engine } from "../engine.ts";

/** Does it. @throws MeshError agent_name_taken, forbidden, token_revoked */
export function registerAgent(engine: Engine, asked: AgentToRegister): RegisteredAgent {
  const { agents, machines, audit, tokens } = engine;
  const former = tokens.formerOf(asked.tokenHash);
  if (former && !former.isGood) throw revokedToken(former.name);
  const agent = former ? { ...asked, tokenHash: former.hash } : asked;
  const own = agent.machine && presentMachine(engine, agent.machine);
  const owner = agents.ownerOf(agent.tokenHash);
  if (own && owner && owner.machine_pk !== own.pk) {
    throw ofAnotherMachine(owner.name, own.machine.host);
  }
  if (!owner) {
    const gone = machines.voidToken(agent.tokenHash);
    if (gone) throw revokedToken(gone.name);
    if (own?.machine.kind === "agent" && machines.countAgents(own.pk) > 0) {
      throw oneAgentOnly(own.machine.host);
    }
  }
  const registered = agents.register({ ...agent, ...namesFor(agent, own?.machine.names) }, own?.pk ?? null);
  if (agent.by && registered.created) {
    audit.note({ act: "agent_registered", by: agent.by, about: registered.agent });
  }
  return registered;
}

/** The machine, as long as it is in the mesh. @throws MeshError token_revoked */
function presentMachine({ machines }: Engine, { id, host }: KnownMachine) {
  const pk = machines.pkOf(id);
  const machine: MachineRecord | undefined = pk === undefined ? undefined : machines.record(pk);
  if (pk === undefined || !machine) throw revokedToken(host);
  return { pk, machine };
}
