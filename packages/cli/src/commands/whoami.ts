/** `agentmesh whoami`: the agent that the command line acts as. */
import type { Context } from "../context.ts";
import { shortPath, waiting } from "../describe.ts";
import { facts, jsonText, print } from "../output.ts";

/** Registers on first use and says who you are; never prints a token. @throws BrokerUnreachableError, MeshApiError */
export async function whoami(context: Context): Promise<void> {
  const { client, agent } = await context.acting();
  const url = await client.connection.url();
  const home = context.folder.path;
  if (context.json) {
    const { id, name, queued, oldestQueuedMs } = agent;
    return print(jsonText({ id, name, queued, ...(oldestQueuedMs !== undefined && { oldestQueuedMs }), home, url }));
  }
  await print(
    facts([
      ["name", agent.name],
      ["id", agent.id],
      ["waiting", waiting(agent)],
      ["home", shortPath(home)],
      ["broker", url],
    ]),
  );
}
