/** `agentmesh mcp-url`: an agent with a token, and the entry by which a client connects to the broker's own `/mcp`. */
import { AgentName, inWords, plainLine } from "@agentmesh/protocol";
import { CommandError, usageError } from "../../command-error.ts";
import { CLIENT, type Context, USUAL_NAME } from "../../context.ts";
import { jsonText, print, remark } from "../../terminal/output.ts";
import { mcpEntryOf } from "./mcp-entries.ts";

/** Options of `mcp-url`. */
export interface McpUrlOptions {
  /** One that the program declares. */
  readonly for: string;
}

/** Makes the agent, or finds the one of this name that the command line made, and prints the entry. @throws CommandError, MeshApiError */
export async function mcpUrl(context: Context, text: string, options: McpUrlOptions): Promise<void> {
  const name = AgentName.safeParse(text, inWords);
  if (!name.success) throw usageError(`"${text}" cannot be an agent's name: ${name.error.issues[0]?.message}.`);
  if (name.data === USUAL_NAME) throw personal(USUAL_NAME);
  // Who calls by it is a client, and no person.
  const { agent, token } = await context.make(name.data, undefined);
  // An earlier version registered a person by the client's name alone.
  if (agent.person || agent.client === CLIENT) throw personal(agent.name);
  const url = `${await (await context.admin()).connection.url()}/mcp`;
  if (context.json) return print(jsonText({ agent, url, token }));
  const { file, entry } = mcpEntryOf(options.for);
  await print(entry(url, token));
  remark(`It goes into ${file}. Whoever reads the token acts as ${agent.name}: keep the file to yourself.`);
  if (!url.startsWith("https:")) return;
  remark("The client has to trust the broker's own certificate authority, which is in the state folder.");
}

function personal(name: string): CommandError {
  return new CommandError(
    "not_a_client",
    `${plainLine(name)} is a person's: with its token a client would speak as you, and have your mail. Give the client a name of its own: agentmesh mcp-url ${plainLine(name)}-desk`,
    "refused",
  );
}
