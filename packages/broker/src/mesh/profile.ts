/** What an agent says of itself, as it is kept. */
import { type AgentProfile, repositoryOf } from "@agentmesh/protocol";

/** Its repository by the one word for it, so that nothing secret of a URL is kept and clones are known as one. */
export function keptProfile({ repoUrl, ...profile }: AgentProfile): AgentProfile {
  const repository = repoUrl === undefined ? undefined : repositoryOf(repoUrl);
  return { ...profile, ...(repository !== undefined && { repoUrl: repository }) };
}
