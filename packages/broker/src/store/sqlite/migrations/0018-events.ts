/** Schema 18: events beside the timeline, presences as they were told, and how far the timeline was forgotten. */
export const events = `
CREATE TABLE event (
  pk        INTEGER PRIMARY KEY AUTOINCREMENT,
  -- The newest entry of the timeline then: it happened behind that one and ahead of the next.
  behind_pk INTEGER NOT NULL,
  at        INTEGER NOT NULL,
  agent_pk  INTEGER NOT NULL,
  -- The agent's, then.
  name      TEXT NOT NULL,
  type      TEXT NOT NULL,
  facts     TEXT NOT NULL
) STRICT;
CREATE INDEX event_by_agent ON event (agent_pk);

-- Of agents that are not offline.
CREATE TABLE presence (
  agent_pk INTEGER PRIMARY KEY REFERENCES agent,
  told     TEXT NOT NULL CHECK (told IN ('online', 'stale'))
) STRICT;

-- The newest entry of the timeline that was deleted.
CREATE TABLE forgotten (
  one      INTEGER PRIMARY KEY CHECK (one = 1),
  until_pk INTEGER NOT NULL
) STRICT;
INSERT INTO forgotten (one, until_pk) VALUES (1, 0);
CREATE TRIGGER timeline_forgotten AFTER DELETE ON timeline BEGIN
  UPDATE forgotten SET until_pk = OLD.pk WHERE until_pk < OLD.pk;
END;
`;
