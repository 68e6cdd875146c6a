/** `agentmesh agent add`, `rename`, `remove`, `show`: one agent as a thing. */
import { forgetIdentity, moveIdentity } from "@agentmesh/client/node";
import {
  type Agent,
  AgentName,
  inWords,
  plainLine,
  presenceWords,
  quoted,
  quotedUnlessWord,
} from "@agentmesh/protocol";
import { CommandError, usageError } from "../../command-error.ts";
import { CLIENT, type Context } from "../../context.ts";
import { stateFacts, times, whereOf } from "../../describe.ts";
import { tellPage } from "../../page-link.ts";
import { since } from "../../terminal/clock.ts";
import { facts, jsonText, print, remark, tell } from "../../terminal/output.ts";
import { canAsk, confirmed } from "../../terminal/question.ts";

/** Makes an agent that the command line can act as. @throws CommandError, MeshApiError */
export async function addAgent(context: Context, text: string, options: { readonly token?: true }): Promise<void> {
  const name = agentName(text);
  // Who acts through the command line is a person; a program with the token is none.
  const { agent, created, token } = await context.make(name, options.token ? undefined : CLIENT);
  if (context.json) return print(jsonText({ created, agent, ...(options.token && { token }) }));
  if (options.token) await print(token);
  const say = options.token ? remark : tell;
  await say(
    created
      ? `${agent.name} is in the mesh: ${agent.id}`
      : agent.name === name
        ? `${agent.name} was in the mesh before.`
        : `The agent that was added as ${name} is called ${agent.name} by now.`,
  );
  remark(
    `Act as it: agentmesh --as ${agent.name} inbox. Post what it gets to a URL: agentmesh webhook set ${agent.name} URL`,
  );
}

/** Gives an agent another name. @throws CommandError, MeshApiError */
export async function renameAgent(context: Context, agent: string, text: string): Promise<void> {
  const name = agentName(text);
  const admin = await context.admin();
  const reply = await admin.renameAgent({ agent, name });
  if ((await context.knownAs(reply.was))?.agent.id === reply.agent.id)
    moveIdentity(context.folder, CLIENT, reply.was, name);
  if (context.json) return print(jsonText(reply));
  await tell(
    reply.was === name
      ? `${name} has this name already.`
      : `${plainLine(reply.was)} is called ${name} now. What is sent to ${plainLine(reply.was)} comes to it until another agent takes that name.`,
  );
}

/** Takes an agent out of the mesh; asks first when that ends something. @throws CommandError, MeshApiError */
export async function removeAgent(context: Context, name: string, options: { readonly yes?: true }): Promise<void> {
  const admin = await context.admin();
  const agent = await admin.getAgent({ agent: name });
  const loses = losses(agent);
  if (loses !== "" && !options.yes) {
    const question = `${plainLine(agent.name)} ${loses}. Remove it?`;
    if (!canAsk()) throw usageError(`${plainLine(agent.name)} ${loses}. To remove it all the same: --yes`);
    if (!(await confirmed(question))) throw new CommandError("not_removed", "Nothing was removed.");
  }
  const ours = (await context.knownAs(agent.name))?.agent.id === agent.id;
  const reply = await admin.removeAgent({ agent: agent.id });
  if (ours) forgetIdentity(context.folder, CLIENT, agent.name);
  if (context.json) return print(jsonText(reply));
  const dead =
    reply.dead === 0
      ? ""
      : ` ${reply.dead === 1 ? "1 message that waited is a dead letter" : `${reply.dead} messages that waited are dead letters`}; who sent them is told.`;
  await tell(`${plainLine(agent.name)} has left the mesh, and its name is free.${dead}`);
}

/** Shows one agent. @throws MeshApiError */
export async function showAgent(context: Context, name: string): Promise<void> {
  const agent = await (await context.admin()).getAgent({ agent: name });
  await print(context.json ? jsonText(agent) : agentText(agent));
  await tellPage(context, `agents/${agent.name}`);
}

/** What is known of an agent, a fact a line. */
function agentText(agent: Agent): string {
  const rows: [string, string][] = [
    ["name", agent.name],
    ["id", agent.id],
    ...stateFacts(agent),
    ["client", agent.client === undefined ? "not said" : quotedUnlessWord(agent.client)],
    ["where", whereOf(agent)],
    ["in mesh for", since(agent.registeredAt)],
  ];
  if (agent.summary) rows.push(["summary", quoted(agent.summary, 500)]);
  return facts(rows.filter(([, value]) => value !== ""));
}

/** What ends with an agent, for whoever is about to remove it; empty when nothing does. */
function losses(agent: Agent): string {
  const { presence, queued, held, inHand } = agent;
  const waits = queued + held + inHand;
  return [
    ...(presence === "offline"
      ? []
      : [`is ${presenceWords(agent, times)}; its session goes on and is somebody else then`]),
    ...(waits === 0 ? [] : [`has ${waits} ${waits === 1 ? "message that waits" : "messages that wait"} and would die`]),
  ].join(", and ");
}

function agentName(text: string): AgentName {
  const name = AgentName.safeParse(text, inWords);
  if (name.success) return name.data;
  throw usageError(`"${text}" cannot be an agent's name: ${name.error.issues[0]?.message}.`);
}
