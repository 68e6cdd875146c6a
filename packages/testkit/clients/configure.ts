/** How a client is given the mesh: by `agentmesh setup`, as its user would. */
import { programPath } from "testkit";
import type { Client, Site } from "./client.ts";

/** Configures the client, and sees that a second run finds nothing to do. Returns what was written. */
export async function configureBy(client: Client, { sandbox }: Site): Promise<string> {
  if (client.configureByHand !== undefined) return client.configureByHand;
  const setup = [programPath("cli"), "setup", "--client", client.setupName, "--allow-tools"];
  const said = await sandbox.run(process.execPath, [...setup, "--yes"]);
  await sandbox.run(process.execPath, [...setup, "--dry-run"]);
  const files = said.match(/^.*openclaw\.json|^.*\.(jsonc?|toml)\b.*$/gm)?.length ?? 0;
  return `agentmesh setup wrote ${files} files`;
}
