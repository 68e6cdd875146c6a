/** Schema 20: hooks, webhooks in; each with the agent that its messages are from. */
export const hooks = `
CREATE TABLE hook (
  pk           INTEGER PRIMARY KEY,
  id           TEXT NOT NULL UNIQUE,
  kind         TEXT NOT NULL,
  agent_pk     INTEGER NOT NULL UNIQUE REFERENCES agent (pk),
  topic        TEXT,
  recipient_pk INTEGER REFERENCES agent (pk),
  sealed       TEXT NOT NULL,
  made_at      INTEGER NOT NULL,
  last_at      INTEGER,
  CHECK ((topic IS NULL) <> (recipient_pk IS NULL))
) STRICT;
CREATE INDEX hook_to ON hook (recipient_pk) WHERE recipient_pk IS NOT NULL;
`;
