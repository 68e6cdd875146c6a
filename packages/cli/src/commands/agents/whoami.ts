/** `agentmesh whoami`: the agent that the command line acts as. */
import type { Context } from "../../context.ts";
import { shortPath, stateFacts } from "../../describe.ts";
import { facts, jsonText, print } from "../../terminal/output.ts";

/** Says who you are, and makes nobody; never prints a token. @throws BrokerUnreachableError, MeshApiError, CommandError */
export async function whoami(context: Context): Promise<void> {
  const found = await context.own();
  const url = await (await context.admin()).connection.url();
  const home = context.folder.path;
  if (!found) {
    const { name } = context;
    if (context.json) return print(jsonText({ id: null, name, queued: 0, home, url }));
    return print(
      facts([
        ["name", `${name}, which is not in the mesh yet: the first message that you send makes it`],
        ["home", shortPath(home)],
        ["broker", url],
      ]),
    );
  }
  const { agent } = found;
  if (context.json) {
    return print(jsonText({ ...agent, home, url }));
  }
  await print(
    facts([["name", agent.name], ["id", agent.id], ...stateFacts(agent), ["home", shortPath(home)], ["broker", url]]),
  );
}
