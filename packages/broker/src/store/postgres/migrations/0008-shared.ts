/**
 * Schema 8: what brokers of a mesh know of each other's sends and asks. Nothing of it outlives a crash of the database, as nothing
 * did that of one broker: so it is never waited for on a disk.
 */
export const shared = `
-- What an agent may still send, to all and to one other.
CREATE UNLOGGED TABLE budget (
  key    TEXT COLLATE "C" PRIMARY KEY,
  tokens DOUBLE PRECISION NOT NULL,
  at     BIGINT NOT NULL
);

-- Under which keys a text was sent from one to another since a minute began.
CREATE UNLOGGED TABLE repeated (
  key   TEXT COLLATE "C" PRIMARY KEY,
  since BIGINT NOT NULL,
  names TEXT[] NOT NULL
);

-- Calls that wait for an answer, at which broker, and how long at most.
CREATE UNLOGGED TABLE waiting_call (
  id         TEXT COLLATE "C" PRIMARY KEY,
  broker     TEXT COLLATE "C" NOT NULL,
  asker      TEXT COLLATE "C" NOT NULL,
  asked      TEXT COLLATE "C" NOT NULL,
  ask        TEXT COLLATE "C",
  until      BIGINT NOT NULL
);
CREATE INDEX waiting_call_of ON waiting_call (asker);
CREATE INDEX waiting_call_for ON waiting_call (ask);

-- Counts a text and spends one of each budget, all of it or nothing: no row when it did, else what is used up, 0 for the text, and
-- what is left of that budget.
CREATE FUNCTION spend(text_key TEXT, name TEXT, most INTEGER, keys TEXT[], a_minute DOUBLE PRECISION[])
RETURNS TABLE (spent INTEGER, rest DOUBLE PRECISION) LANGUAGE plpgsql AS $$
DECLARE
  now BIGINT := mesh_now();
  seen repeated;
BEGIN
  IF text_key IS NOT NULL THEN
    INSERT INTO repeated AS r (key, since, names) VALUES (text_key, now, '{}')
      ON CONFLICT (key) DO UPDATE SET key = r.key RETURNING * INTO seen;
    IF abs(now - seen.since) >= 60000 THEN
      seen.since := now;
      seen.names := '{}';
    END IF;
    IF NOT name = ANY (seen.names) THEN
      IF cardinality(seen.names) >= most THEN
        RETURN QUERY SELECT 0, 0::DOUBLE PRECISION;
        RETURN;
      END IF;
      seen.names := seen.names || name;
    END IF;
  END IF;
  FOR n IN 1 .. cardinality(keys) LOOP
    INSERT INTO budget AS b (key, tokens, at) VALUES (keys[n], a_minute[n], now)
      ON CONFLICT (key) DO UPDATE
        SET tokens = LEAST(a_minute[n], b.tokens + GREATEST(0, now - b.at) / 60000.0 * a_minute[n]), at = now
      RETURNING b.tokens INTO rest;
    IF rest < 1 THEN
      spent := n;
      RETURN NEXT;
      RETURN;
    END IF;
  END LOOP;
  UPDATE budget SET tokens = tokens - 1 WHERE key = ANY (keys);
  UPDATE repeated SET since = seen.since, names = seen.names WHERE key = text_key;
END $$;

-- Begins to wait, unless who is asked waits for the asker, over any number of others and brokers. One at a time: of two that cross
-- neither would see the other.
CREATE FUNCTION begin_waiting(call TEXT, at_broker TEXT, by_agent TEXT, for_agent TEXT, for_ms BIGINT)
RETURNS BOOLEAN LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(2026113004);
  DELETE FROM waiting_call w
    WHERE w.until < mesh_now() OR NOT EXISTS (SELECT 1 FROM broker b WHERE b.id = w.broker);
  IF EXISTS (
    WITH RECURSIVE reached (agent) AS (
      SELECT for_agent COLLATE "C" UNION SELECT w.asked FROM waiting_call w JOIN reached r ON w.asker = r.agent
    ) SELECT 1 FROM reached WHERE agent = by_agent
  ) THEN RETURN FALSE;
  END IF;
  INSERT INTO waiting_call (id, broker, asker, asked, until)
    VALUES (call, at_broker, by_agent, for_agent, mesh_now() + for_ms);
  RETURN TRUE;
END $$;
`;
