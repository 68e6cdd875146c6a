/**
 * Schema 25: what moves many deliveries with one statement may count them itself, once for all of them; whatever else moves one is
 * counted row by row, as before.
 */
const byRow = `(SELECT by_act FROM counting) IS NOT 1`;

export const counting = `
-- Set by an act for its own statements, and taken back before it ends: nobody else ever sees it set.
CREATE TABLE counting (
  one    INTEGER PRIMARY KEY CHECK (one = 1),
  by_act INTEGER NOT NULL CHECK (by_act IN (0, 1))
) STRICT;
INSERT INTO counting (one, by_act) VALUES (1, 0);

DROP TRIGGER delivery_counted;
CREATE TRIGGER delivery_counted AFTER INSERT ON delivery WHEN ${byRow} BEGIN
  UPDATE agent SET
    queued_count = queued_count + (NEW.state = 'queued'),
    held_count   = held_count + (NEW.state = 'held'),
    open_count   = open_count + (NEW.state IN ('queued', 'leased', 'held')),
    open_bytes   = open_bytes + (NEW.state IN ('queued', 'leased', 'held')) * NEW.bytes
  WHERE pk = NEW.agent_pk;
END;
DROP TRIGGER delivery_recounted;
CREATE TRIGGER delivery_recounted AFTER UPDATE OF state ON delivery WHEN NEW.state <> OLD.state AND ${byRow} BEGIN
  UPDATE agent SET
    queued_count = queued_count + (NEW.state = 'queued') - (OLD.state = 'queued'),
    held_count   = held_count + (NEW.state = 'held') - (OLD.state = 'held'),
    open_count   = open_count + (NEW.state IN ('queued', 'leased', 'held')) - (OLD.state IN ('queued', 'leased', 'held')),
    open_bytes   = open_bytes + ((NEW.state IN ('queued', 'leased', 'held'))
                               - (OLD.state IN ('queued', 'leased', 'held'))) * NEW.bytes
  WHERE pk = NEW.agent_pk;
END;

DROP TRIGGER keeping_delivery;
CREATE TRIGGER keeping_delivery AFTER INSERT ON delivery WHEN ${byRow} BEGIN
  UPDATE keeping SET bytes = bytes + 1024
  WHERE agent_pk = (SELECT m.sender_pk FROM message m WHERE m.pk = NEW.message_pk);
END;

DROP TRIGGER tally_delivery;
CREATE TRIGGER tally_delivery AFTER INSERT ON delivery WHEN ${byRow} BEGIN
  UPDATE tally SET n = n + 1 WHERE what = NEW.state;
END;
DROP TRIGGER tally_state;
CREATE TRIGGER tally_state AFTER UPDATE OF state ON delivery WHEN NEW.state <> OLD.state AND ${byRow} BEGIN
  UPDATE tally SET n = n - 1 WHERE what = OLD.state;
  UPDATE tally SET n = n + 1 WHERE what = NEW.state;
END;
`;
