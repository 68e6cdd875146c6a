/** Schema 16: words are indexed behind the messages: up to which message they are, is on disk with them. */
export const wordsBehind = `
CREATE TABLE indexed (
  one      INTEGER PRIMARY KEY CHECK (one = 1),
  until_pk INTEGER NOT NULL
) STRICT;
INSERT INTO indexed (one, until_pk) SELECT 1, IFNULL(MAX(pk), 0) FROM message;

DROP TRIGGER message_indexed;
DROP TRIGGER message_unindexed;
DROP TRIGGER message_reindexed;
CREATE TRIGGER message_unindexed AFTER DELETE ON message WHEN OLD.pk <= (SELECT until_pk FROM indexed) BEGIN
  DELETE FROM message_text WHERE rowid = OLD.pk;
END;
CREATE TRIGGER message_reindexed AFTER UPDATE OF body ON message WHEN OLD.pk <= (SELECT until_pk FROM indexed) BEGIN
  DELETE FROM message_text WHERE rowid = OLD.pk;
  INSERT INTO message_text (rowid, body) VALUES (NEW.pk, NEW.body);
END;
`;
