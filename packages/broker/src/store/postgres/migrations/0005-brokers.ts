/** Schema 5: the brokers of a mesh, and which of them has the stream of a session. */
export const brokers = `
-- A broker sits here as long as it renews that, by the machine's time of the database, whatever time a test says it is.
CREATE TABLE broker (
  id         TEXT COLLATE "C" PRIMARY KEY,
  -- The same for one that was ended and started again, as it cannot run twice.
  owner      TEXT COLLATE "C" NOT NULL,
  seated_at  TIMESTAMPTZ NOT NULL,
  renewed_at TIMESTAMPTZ NOT NULL
) WITH (fillfactor = 50);

-- Who does what one alone does, until when.
CREATE TABLE duty (
  one    SMALLINT PRIMARY KEY CHECK (one = 1),
  broker TEXT COLLATE "C",
  until  TIMESTAMPTZ NOT NULL
);
INSERT INTO duty (one, until) VALUES (1, '-infinity');

-- The broker with its stream, or the last one that had it, and since when that broker is gone.
ALTER TABLE session ADD COLUMN broker TEXT COLLATE "C", ADD COLUMN left_at BIGINT;
CREATE INDEX session_by_broker ON session (broker) WHERE broker IS NOT NULL;
CREATE INDEX session_left ON session (left_at) WHERE left_at IS NOT NULL;
`;
