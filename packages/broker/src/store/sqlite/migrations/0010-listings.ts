/** Schema 10: agents that are there in the order of their registration, and the archive by name: listed page by page. */
export const listings = `
CREATE INDEX agent_present ON agent (registered_at, id) WHERE removed_at IS NULL AND archived_at IS NULL;
CREATE INDEX agent_in_archive ON agent (name, id) WHERE removed_at IS NULL AND archived_at IS NOT NULL;
`;
