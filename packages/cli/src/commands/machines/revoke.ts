/** `agentmesh revoke`: a machine, an agent or a browser at the page is put out, for good. */
import { MeshApiError, type MeshClient } from "@agentmesh/client";
import { type Agent, type JoinedMachine, MachineId, PageLinkId, plainLine, SignInId } from "@agentmesh/protocol";
import * as z from "zod";
import { usageError } from "../../command-error.ts";
import type { Context } from "../../context.ts";
import { jsonText, print, tell } from "../../terminal/output.ts";
import { confirmEnd, ownAgents } from "./ending.ts";

/** Puts out what is called so. @throws CommandError where that is a machine and an agent, MeshApiError */
export async function revoke(context: Context, name: string, options: { readonly yes?: true }): Promise<void> {
  const admin = await context.admin();
  const atPage = z.union([SignInId, PageLinkId]).safeParse(name).data;
  if (atPage !== undefined) return revokeAtPage(context, admin, atPage);
  const yes = options.yes === true;
  const { machines } = await admin.listMachines({ limit: 1_000 });
  const named = machines.filter(({ id, host }) => id === name || host === name);
  const agent = MachineId.safeParse(name).success ? undefined : await agentOf(admin, name, named.length > 0);
  const [machine, ...others] = named;
  if (machine && (agent || others.length > 0)) {
    const which = [
      ...named.map(({ id, host }) => `the machine ${host} (${id})`),
      ...(agent ? [`the agent ${agent.name} (${agent.id})`] : []),
    ];
    throw usageError(`${JSON.stringify(name)} means more than one: ${which.join(", ")}. Name the id of one.`);
  }
  if (agent) return revokeAgent(context, admin, agent, yes);
  await revokeMachine(context, admin, machine, { name, yes });
}

async function revokeAtPage(context: Context, admin: MeshClient, id: SignInId | PageLinkId): Promise<void> {
  const reply = await admin.revokeSignIn({ id });
  if (context.json) return print(jsonText(reply));
  const { ended } = reply;
  const what = ended === 1 ? "A browser is" : `${ended} browsers are`;
  await tell(
    `${id} is void, or was before. ${ended === 0 ? "Nobody was signed in by it." : `${what} signed out by that.`}`,
  );
}

async function revokeMachine(
  context: Context,
  admin: MeshClient,
  machine: JoinedMachine | undefined,
  { name, yes }: { readonly name: string; readonly yes: boolean },
): Promise<void> {
  if (machine) {
    await confirmEnd(plainLine(machine.host), await ownAgents(admin, machine.id), { yes, verb: "Put it out" });
  }
  const reply = await admin.revokeMachine({ machine: machine?.id ?? name });
  if (context.json) return print(jsonText(reply));
  const { agents } = reply;
  await tell(
    `${plainLine(reply.machine.host)} is out of the mesh for good${agents === 0 ? "" : `, and ${agents === 1 ? "its agent" : `its ${agents} agents`} with it`}: what waited for them is dead letters, whose senders are told. It comes back by a new invite: agentmesh invite`,
  );
}

async function revokeAgent(context: Context, admin: MeshClient, agent: Agent, yes: boolean): Promise<void> {
  await confirmEnd(plainLine(agent.name), [agent], { yes, verb: "Put it out" });
  const reply = await admin.revokeAgent({ agent: agent.id });
  if (context.json) return print(jsonText({ ...reply, agent: agent.id }));
  await tell(
    `${plainLine(agent.name)} is out of the mesh, and its token is void for good.${reply.dead === 0 ? "" : ` ${reply.dead} that waited ${reply.dead === 1 ? "is a dead letter" : "are dead letters"}.`}`,
  );
}

/** The agent of this very name or id; where a machine is meant, none is no error. */
async function agentOf(admin: MeshClient, name: string, isMachine: boolean): Promise<Agent | undefined> {
  try {
    const agent = await admin.getAgent({ agent: name });
    return agent.name === name || agent.id === name || !isMachine ? agent : undefined;
  } catch (error) {
    const isUnknown = error instanceof MeshApiError && ["agent_not_found", "invalid_request"].includes(error.code);
    if (isMachine && isUnknown) return undefined;
    throw error;
  }
}
