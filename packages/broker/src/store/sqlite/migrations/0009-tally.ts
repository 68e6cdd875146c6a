/** Schema 9: how many agents and deliveries there are, by what they are: counted as they change, never by looking at all. */
const present = (row: string) => `${row}.removed_at IS NULL AND ${row}.archived_at IS NULL`;
const archived = (row: string) => `${row}.removed_at IS NULL AND ${row}.archived_at IS NOT NULL`;

export const tally = `
CREATE TABLE tally (
  what TEXT PRIMARY KEY,
  n    INTEGER NOT NULL CHECK (n >= 0)
) STRICT, WITHOUT ROWID;
INSERT INTO tally (what, n)
  SELECT s.value, (SELECT COUNT(*) FROM delivery d WHERE d.state = s.value)
  FROM json_each('["queued","leased","acked","dead","expired","cancelled","held","refused"]') s;
INSERT INTO tally (what, n)
  SELECT 'present', COUNT(*) FROM agent a WHERE ${present("a")}
  UNION ALL SELECT 'archived', COUNT(*) FROM agent a WHERE ${archived("a")};

CREATE TRIGGER tally_delivery AFTER INSERT ON delivery BEGIN
  UPDATE tally SET n = n + 1 WHERE what = NEW.state;
END;
CREATE TRIGGER tally_no_delivery AFTER DELETE ON delivery BEGIN
  UPDATE tally SET n = n - 1 WHERE what = OLD.state;
END;
CREATE TRIGGER tally_state AFTER UPDATE OF state ON delivery WHEN NEW.state <> OLD.state BEGIN
  UPDATE tally SET n = n - 1 WHERE what = OLD.state;
  UPDATE tally SET n = n + 1 WHERE what = NEW.state;
END;
CREATE TRIGGER tally_agent AFTER INSERT ON agent WHEN NEW.removed_at IS NULL BEGIN
  UPDATE tally SET n = n + 1 WHERE what = iif(NEW.archived_at IS NULL, 'present', 'archived');
END;
CREATE TRIGGER tally_no_agent AFTER DELETE ON agent WHEN OLD.removed_at IS NULL BEGIN
  UPDATE tally SET n = n - 1 WHERE what = iif(OLD.archived_at IS NULL, 'present', 'archived');
END;
CREATE TRIGGER tally_presence AFTER UPDATE OF removed_at, archived_at ON agent BEGIN
  UPDATE tally SET n = n - 1 WHERE OLD.removed_at IS NULL AND what = iif(OLD.archived_at IS NULL, 'present', 'archived');
  UPDATE tally SET n = n + 1 WHERE NEW.removed_at IS NULL AND what = iif(NEW.archived_at IS NULL, 'present', 'archived');
END;
`;
