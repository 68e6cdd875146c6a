/** How a client is given the mesh: by `agentmesh setup`, or by hand where that does not know the client. */
import type { Client, Site } from "./client.ts";

/** Configures the client; says how. */
export async function configureBy(client: Client, site: Site): Promise<string> {
  await client.configure(site);
  return "by hand";
}
