/** Schema 5: what acts in slices have left to do, and who is quiet, are found along an index. */
export const slices = `
CREATE INDEX agent_leaving ON agent (pk) WHERE removed_at IS NOT NULL AND open_count > 0;
CREATE INDEX agent_quiet ON agent (COALESCE(last_seen_at, registered_at)) WHERE removed_at IS NULL AND archived_at IS NULL;
`;
