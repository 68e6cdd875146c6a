/** Schema 6: what is being published, and to whom still; and patterns by their words. */
export const publishing = `
CREATE TABLE publishing (
  message_pk   INTEGER PRIMARY KEY REFERENCES message ON DELETE CASCADE,
  -- Keys of the agents that have not got it yet, as a JSON array, and what their inboxes hold at most.
  rest         TEXT NOT NULL,
  max_messages INTEGER NOT NULL,
  max_bytes    INTEGER NOT NULL
) STRICT;
CREATE INDEX subscription_by_pattern ON subscription (pattern, agent_pk);
`;
