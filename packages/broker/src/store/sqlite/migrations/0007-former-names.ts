/** Schema 7: names that agents had before, and dead letters that somebody has dismissed. */
export const formerNames = `
CREATE TABLE former_name (
  name     TEXT PRIMARY KEY,
  agent_pk INTEGER NOT NULL REFERENCES agent
) STRICT, WITHOUT ROWID;
CREATE INDEX former_name_by_agent ON former_name (agent_pk);
ALTER TABLE delivery ADD COLUMN dismissed_at INTEGER;
`;
