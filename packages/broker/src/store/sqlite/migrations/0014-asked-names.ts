/** Schema 14: the name that an agent asked for and another one had, so that the two are known as namesakes. */
export const askedNames = `
ALTER TABLE agent ADD COLUMN asked_name TEXT;
CREATE INDEX agent_by_asked_name ON agent (asked_name, name)
  WHERE asked_name IS NOT NULL AND removed_at IS NULL AND archived_at IS NULL;
`;
