/** Schema 6: webhooks that are told events, each for a time and with a cursor of its own. */
export const eventWebhooks = `
CREATE TABLE event_webhook (
  id       TEXT COLLATE "C" PRIMARY KEY,
  agent_pk BIGINT NOT NULL REFERENCES agent (pk),
  -- Where it is posted to, what, and with which secrets.
  sealed   TEXT NOT NULL,
  cursor   TEXT NOT NULL,
  -- A time that was told to whoever set it: a step of the clock does not move it.
  ends_at  BIGINT NOT NULL
);
CREATE INDEX event_webhook_of ON event_webhook (agent_pk);
`;
