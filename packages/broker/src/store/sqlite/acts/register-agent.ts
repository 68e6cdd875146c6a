/** The act of registering: an agent is made, or the one that owns the token is resumed; a machine's credential is for its own. */
import { fitsPattern, fittedName } from "@agentmesh/protocol";
import { MeshError } from "../../../mesh/errors.ts";
import type { AgentToRegister, KnownMachine, MachineRecord, RegisteredAgent } from "../../../mesh/store.ts";
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
    throw new MeshError(
      "forbidden",
      `The token is that of ${owner.name}, an agent of another machine. The credential of ${own.machine.host} registers agents of its own machine only. Nothing was changed.`,
    );
  }
  if (!owner) {
    const gone = machines.voidToken(agent.tokenHash);
    if (gone) throw revokedToken(gone.name);
    if (own?.machine.kind === "agent" && machines.countAgents(own.pk) > 0) {
      throw new MeshError(
        "forbidden",
        `The invite by which ${own.machine.host} joined was for one agent, and that is registered. For more, join anew by an invite for a machine.`,
      );
    }
  }
  const registered = agents.register({ ...agent, ...namesFor(agent, own?.machine.names) }, own?.pk ?? null);
  if (agent.by && registered.created) {
    audit.note({ act: "agent_registered", by: agent.by, about: registered.agent });
  }
  return registered;
}

/** The error for a token that is void for good. */
export function revokedToken(name: string): MeshError {
  return new MeshError(
    "token_revoked",
    `The token of ${name} was revoked, for good. Nothing was done. Register with a new token, or join again by a new invite.`,
  );
}

/** The machine, as long as it is in the mesh. @throws MeshError token_revoked */
function presentMachine({ machines }: Engine, { id, host }: KnownMachine) {
  const pk = machines.pkOf(id);
  const machine: MachineRecord | undefined = pk === undefined ? undefined : machines.record(pk);
  if (pk === undefined || !machine) throw revokedToken(host);
  return { pk, machine };
}

/** Names by which a machine's agents are known as such, where its invite says which. */
function namesFor({ name, otherNames }: AgentToRegister, pattern: string | undefined) {
  if (pattern === undefined) return {};
  return {
    name: fittedName(name, pattern),
    otherNames: (...holder: Parameters<NonNullable<typeof otherNames>>) =>
      (otherNames?.(...holder) ?? []).filter((each) => fitsPattern(each, pattern)),
  };
}
