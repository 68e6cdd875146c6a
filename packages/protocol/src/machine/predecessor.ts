/** What the environment names of the predecessor (claude-peers, agentmesh 0.1) stand for. */

/** The state folder that `CLAUDE_PEERS_DB` stands for: beside the database it names, whose form is another. */
export function stateFolderBeside(databasePath: string): string {
  return `${databasePath}.agentmesh`;
}
