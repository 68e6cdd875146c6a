/** Schema 4: what is kept of each sender and of all, counted as it comes and goes. */
export const keeping = `
CREATE TABLE keeping (
  agent_pk INTEGER PRIMARY KEY REFERENCES agent ON DELETE CASCADE,
  messages INTEGER NOT NULL DEFAULT 0 CHECK (messages >= 0),
  bytes    INTEGER NOT NULL DEFAULT 0 CHECK (bytes >= 0)
) STRICT;
CREATE INDEX keeping_largest ON keeping (bytes);
CREATE TABLE kept (
  one      INTEGER PRIMARY KEY CHECK (one = 1),
  messages INTEGER NOT NULL CHECK (messages >= 0),
  bytes    INTEGER NOT NULL CHECK (bytes >= 0),
  -- What was let go before its time: how many messages, and when the newest of them had been accepted.
  let_go       INTEGER NOT NULL DEFAULT 0,
  let_go_until INTEGER
) STRICT;

-- Twice a body, for its text and the index of its words; what a message, a delivery with its timeline and a subscription
-- take beside, in round numbers.
INSERT INTO keeping (agent_pk, messages, bytes)
  SELECT a.pk,
    (SELECT COUNT(*) FROM message m WHERE m.sender_pk = a.pk),
    (SELECT TOTAL(1024 + 2 * m.body_bytes + IFNULL(LENGTH(m.skipped), 0)) FROM message m WHERE m.sender_pk = a.pk)
      + (SELECT 1024 * COUNT(*) FROM message m JOIN delivery d ON d.message_pk = m.pk WHERE m.sender_pk = a.pk)
      + (SELECT 512 * COUNT(*) FROM subscription s WHERE s.agent_pk = a.pk)
  FROM agent a;
INSERT INTO kept (one, messages, bytes) SELECT 1, TOTAL(messages), TOTAL(bytes) FROM keeping;

CREATE TRIGGER keeping_agent AFTER INSERT ON agent BEGIN
  INSERT INTO keeping (agent_pk) VALUES (NEW.pk);
END;
CREATE TRIGGER keeping_all AFTER UPDATE ON keeping BEGIN
  UPDATE kept SET messages = messages + NEW.messages - OLD.messages, bytes = bytes + NEW.bytes - OLD.bytes;
END;
CREATE TRIGGER keeping_message AFTER INSERT ON message BEGIN
  UPDATE keeping SET messages = messages + 1, bytes = bytes + 1024 + 2 * NEW.body_bytes + IFNULL(LENGTH(NEW.skipped), 0)
  WHERE agent_pk = NEW.sender_pk;
END;
CREATE TRIGGER keeping_skipped AFTER UPDATE OF skipped ON message BEGIN
  UPDATE keeping SET bytes = bytes + IFNULL(LENGTH(NEW.skipped), 0) - IFNULL(LENGTH(OLD.skipped), 0)
  WHERE agent_pk = NEW.sender_pk;
END;
CREATE TRIGGER keeping_no_message AFTER DELETE ON message BEGIN
  UPDATE keeping SET messages = messages - 1, bytes = bytes - 1024 - 2 * OLD.body_bytes - IFNULL(LENGTH(OLD.skipped), 0)
  WHERE agent_pk = OLD.sender_pk;
END;
CREATE TRIGGER keeping_delivery AFTER INSERT ON delivery BEGIN
  UPDATE keeping SET bytes = bytes + 1024
  WHERE agent_pk = (SELECT m.sender_pk FROM message m WHERE m.pk = NEW.message_pk);
END;
CREATE TRIGGER keeping_no_delivery AFTER DELETE ON delivery BEGIN
  UPDATE keeping SET bytes = bytes - 1024
  WHERE agent_pk = (SELECT m.sender_pk FROM message m WHERE m.pk = OLD.message_pk);
END;
CREATE TRIGGER keeping_subscription AFTER INSERT ON subscription BEGIN
  UPDATE keeping SET bytes = bytes + 512 WHERE agent_pk = NEW.agent_pk;
END;
CREATE TRIGGER keeping_no_subscription AFTER DELETE ON subscription BEGIN
  UPDATE keeping SET bytes = bytes - 512 WHERE agent_pk = OLD.agent_pk;
END;
`;
