/** What ends with a machine or an agent that is put out, for whoever is about to do it. */
import type { MeshClient } from "@agentmesh/client";
import { type Agent, plainLine } from "@agentmesh/protocol";
import { allAgents } from "../../all-agents.ts";
import { CommandError, usageError } from "../../command-error.ts";
import { canAsk, confirmed } from "../../terminal/question.ts";

/** The agents that came with a machine. @throws MeshApiError */
export async function ownAgents(client: MeshClient, machine: string): Promise<Agent[]> {
  return (await allAgents(client, "all")).filter((agent) => agent.machine === machine);
}

/** Asks where somebody is online or has mail that would die. @throws CommandError where nobody says yes */
export async function confirmEnd(
  who: string,
  agents: readonly Agent[],
  { yes, verb }: { readonly yes: boolean; readonly verb: string },
): Promise<void> {
  const loses = losses(agents);
  if (loses === "" || yes) return;
  if (!canAsk()) throw usageError(`${who} ${loses}. To do it all the same: --yes`);
  if (!(await confirmed(`${who} ${loses}. ${verb}?`))) throw new CommandError("not_done", "Nothing was done.");
}

function losses(agents: readonly Agent[]): string {
  const online = agents.filter(({ presence }) => presence !== "offline").map(({ name }) => plainLine(name));
  const waits = agents.reduce((sum, { queued, held, inHand }) => sum + queued + held + inHand, 0);
  return [
    ...(online.length === 0
      ? []
      : [`has ${online.slice(0, 5).join(", ")}${online.length > 5 ? " and others" : ""} at work`]),
    ...(waits === 0 ? [] : [`has ${waits} ${waits === 1 ? "message that waits" : "messages that wait"} and would die`]),
  ].join(", and ");
}
