/** Schema 8: topics as rows of their own, so that a listing and a match read what they need and no more. */
export const topics = `
-- Topics that were published on, with what is kept of each. \`newest\` is its newest message.
CREATE TABLE topic (
  name     TEXT PRIMARY KEY,
  messages INTEGER NOT NULL CHECK (messages > 0),
  newest   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX topic_by_newest ON topic (newest);
INSERT INTO topic (name, messages, newest)
  SELECT topic, COUNT(*), MAX(pk) FROM message WHERE topic IS NOT NULL GROUP BY topic;
CREATE TRIGGER topic_published AFTER INSERT ON message WHEN NEW.topic IS NOT NULL BEGIN
  INSERT INTO topic (name, messages, newest) VALUES (NEW.topic, 1, NEW.pk)
    ON CONFLICT DO UPDATE SET messages = messages + 1, newest = excluded.newest;
END;
CREATE TRIGGER topic_pruned AFTER DELETE ON message WHEN OLD.topic IS NOT NULL BEGIN
  DELETE FROM topic WHERE name = OLD.topic AND messages = 1;
  UPDATE topic SET messages = messages - 1,
    newest = iif(newest = OLD.pk, (SELECT MAX(pk) FROM message WHERE topic = OLD.topic), newest)
  WHERE name = OLD.topic;
END;
`;
