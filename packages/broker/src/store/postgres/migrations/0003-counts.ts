/** Schema 3: what is counted follows the rows that it counts, whatever statement moves them. */
import { MESH_AGENT_ID } from "../../shared/rows/messages.ts";

/** Key of the mesh as a sender. */
export const MESH_PK = -1;

/** The statements. */
export const counts = `
CREATE FUNCTION count_delivery() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  open_now CONSTANT INTEGER := (NEW.state IN ('queued', 'leased', 'held'))::INTEGER;
  open_then INTEGER := 0;
  queued_then INTEGER := 0;
  held_then INTEGER := 0;
BEGIN
  IF TG_OP = 'UPDATE' THEN
    open_then := (OLD.state IN ('queued', 'leased', 'held'))::INTEGER;
    queued_then := (OLD.state = 'queued')::INTEGER;
    held_then := (OLD.state = 'held')::INTEGER;
  END IF;
  UPDATE agent SET
    queued_count = queued_count + (NEW.state = 'queued')::INTEGER - queued_then,
    held_count   = held_count + (NEW.state = 'held')::INTEGER - held_then,
    open_count   = open_count + open_now - open_then,
    open_bytes   = open_bytes + (open_now - open_then) * NEW.bytes
  WHERE pk = NEW.agent_pk;
  RETURN NULL;
END $$;
CREATE TRIGGER delivery_counted AFTER INSERT ON delivery FOR EACH ROW EXECUTE FUNCTION count_delivery();
CREATE TRIGGER delivery_recounted AFTER UPDATE OF state ON delivery FOR EACH ROW
WHEN (NEW.state <> OLD.state) EXECUTE FUNCTION count_delivery();

-- What is kept of each sender: twice a body, for its text and the index of its words; what a message, a delivery with its
-- timeline and a subscription take beside, in round numbers. Of all it is their sum: one row of all would be every act's.
CREATE TABLE keeping (
  agent_pk BIGINT PRIMARY KEY REFERENCES agent ON DELETE CASCADE,
  messages BIGINT NOT NULL DEFAULT 0 CHECK (messages >= 0),
  bytes    BIGINT NOT NULL DEFAULT 0 CHECK (bytes >= 0)
) WITH (fillfactor = 50);
CREATE INDEX keeping_largest ON keeping (bytes);
-- What was let go before its time: how many messages, and when the newest of them had been accepted.
CREATE TABLE let_go (
  one      SMALLINT PRIMARY KEY CHECK (one = 1),
  messages BIGINT NOT NULL DEFAULT 0,
  until    BIGINT
);
INSERT INTO let_go (one) VALUES (1);

CREATE FUNCTION keep(of_agent BIGINT, more_messages INTEGER, more_bytes BIGINT) RETURNS void LANGUAGE sql AS $$
  UPDATE keeping SET messages = messages + more_messages, bytes = bytes + more_bytes WHERE agent_pk = of_agent
$$;
CREATE FUNCTION keep_agent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO keeping (agent_pk) VALUES (NEW.pk);
  RETURN NULL;
END $$;
CREATE TRIGGER keeping_agent AFTER INSERT ON agent FOR EACH ROW EXECUTE FUNCTION keep_agent();
CREATE FUNCTION keep_message() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    PERFORM keep(NEW.sender_pk, 1, 1024 + 2 * NEW.body_bytes + COALESCE(length(NEW.skipped), 0));
  ELSIF TG_OP = 'UPDATE' THEN
    PERFORM keep(NEW.sender_pk, 0, COALESCE(length(NEW.skipped), 0) - COALESCE(length(OLD.skipped), 0));
  ELSE
    PERFORM keep(OLD.sender_pk, -1, -1024 - 2 * OLD.body_bytes - COALESCE(length(OLD.skipped), 0));
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER keeping_message AFTER INSERT OR DELETE OR UPDATE OF skipped ON message
FOR EACH ROW EXECUTE FUNCTION keep_message();
CREATE FUNCTION keep_delivery() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    PERFORM keep((SELECT m.sender_pk FROM message m WHERE m.pk = NEW.message_pk), 0, 1024);
  ELSE
    PERFORM keep((SELECT m.sender_pk FROM message m WHERE m.pk = OLD.message_pk), 0, -1024);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER keeping_delivery AFTER INSERT OR DELETE ON delivery FOR EACH ROW EXECUTE FUNCTION keep_delivery();
CREATE FUNCTION keep_subscription() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    PERFORM keep(NEW.agent_pk, 0, 512);
  ELSE
    PERFORM keep(OLD.agent_pk, 0, -512);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER keeping_subscription AFTER INSERT OR DELETE ON subscription
FOR EACH ROW EXECUTE FUNCTION keep_subscription();

-- Topics that were published on, with what is kept of each. \`newest\` is its newest message.
CREATE TABLE topic (
  name     TEXT COLLATE "C" PRIMARY KEY,
  messages BIGINT NOT NULL CHECK (messages >= 0),
  newest   BIGINT NOT NULL
);
CREATE INDEX topic_by_newest ON topic (newest);
CREATE FUNCTION count_topic() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO topic AS t (name, messages, newest) VALUES (NEW.topic, 1, NEW.pk)
      ON CONFLICT (name) DO UPDATE SET messages = t.messages + 1, newest = excluded.newest;
  ELSE
    UPDATE topic SET messages = messages - 1,
      newest = CASE WHEN newest = OLD.pk THEN COALESCE((SELECT MAX(pk) FROM message WHERE topic = OLD.topic), newest)
               ELSE newest END
    WHERE name = OLD.topic;
    DELETE FROM topic WHERE name = OLD.topic AND messages = 0;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER topic_published AFTER INSERT ON message FOR EACH ROW WHEN (NEW.topic IS NOT NULL)
EXECUTE FUNCTION count_topic();
CREATE TRIGGER topic_pruned AFTER DELETE ON message FOR EACH ROW WHEN (OLD.topic IS NOT NULL)
EXECUTE FUNCTION count_topic();

CREATE FUNCTION forget_timeline() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE counter SET forgotten = (SELECT MAX(pk) FROM gone) WHERE forgotten < (SELECT MAX(pk) FROM gone);
  RETURN NULL;
END $$;
CREATE TRIGGER timeline_forgotten AFTER DELETE ON timeline REFERENCING OLD TABLE AS gone
FOR EACH STATEMENT EXECUTE FUNCTION forget_timeline();

-- The mesh as a sender: kept as a removed agent, so that nobody lists it, writes to it, or is it.
INSERT INTO agent (pk, id, name, token_hash, profile, registered_at, removed_at) OVERRIDING SYSTEM VALUE
VALUES (${MESH_PK}, '${MESH_AGENT_ID}', 'mesh', 'nobody', '{}', 0, 0);
`;
