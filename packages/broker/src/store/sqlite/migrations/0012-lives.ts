/** Schema 12: lives of a database, so that what was handed out in another one names nothing in this one. */
export const lives = `
-- A word that the newest start wrote here and into the mark: a copy from before that start has another.
ALTER TABLE mesh ADD COLUMN start TEXT NOT NULL DEFAULT '';

-- A row for each life after the first: from which number it counts, and which time is missing before it.
CREATE TABLE life (
  first      INTEGER PRIMARY KEY,
  began_at   INTEGER NOT NULL,
  lost_since INTEGER NOT NULL
) STRICT;

-- Numbers of an inbox, from \`first\` to the one before \`behind\`, that this database never gave and another life may have.
CREATE TABLE gap (
  agent_pk INTEGER NOT NULL REFERENCES agent ON DELETE CASCADE,
  first    INTEGER NOT NULL,
  behind   INTEGER NOT NULL,
  PRIMARY KEY (agent_pk, first)
) STRICT, WITHOUT ROWID;

-- An agent that was lost with the other life and comes back must not get its numbers once more.
CREATE TRIGGER agent_of_life AFTER INSERT ON agent WHEN EXISTS (SELECT 1 FROM life) BEGIN
  UPDATE agent SET next_seq = (SELECT MAX(first) FROM life) WHERE pk = NEW.pk;
  INSERT INTO gap (agent_pk, first, behind) SELECT NEW.pk, 1, MAX(first) FROM life;
END;
`;
