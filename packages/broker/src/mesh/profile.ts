/** What an agent says of itself, as it is kept. */
import { type AgentProfile, repositoryOf } from "@agentmesh/protocol";
import type { KnownMachine } from "./store.ts";

/**
 * Its repository by the one word for it, so that nothing secret of a URL is kept and clones are known as one; of an agent that
 * came with a machine, that machine's host, whatever it says.
 */
export function keptProfile({ repoUrl, ...profile }: AgentProfile, machine?: KnownMachine): AgentProfile {
  const repository = repoUrl === undefined ? undefined : repositoryOf(repoUrl);
  return {
    ...profile,
    ...(machine && { host: machine.host }),
    ...(repository !== undefined && { repoUrl: repository }),
  };
}
