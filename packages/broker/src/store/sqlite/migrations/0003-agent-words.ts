/** Schema 3: the words of the names of agents that are there, so that a near name is found without reading all names. */
const words = (row: string) =>
  `json_each('["' || replace(replace(replace(${row}.name, '-', '","'), '.', '","'), '_', '","') || '"]')`;

export const agentWords = `
CREATE TABLE agent_word (
  word     TEXT NOT NULL,
  agent_pk INTEGER NOT NULL REFERENCES agent ON DELETE CASCADE,
  PRIMARY KEY (word, agent_pk)
) STRICT, WITHOUT ROWID;
CREATE INDEX agent_word_of ON agent_word (agent_pk);
INSERT OR IGNORE INTO agent_word (word, agent_pk)
  SELECT w.value, a.pk FROM agent a, ${words("a")} w WHERE a.removed_at IS NULL AND a.archived_at IS NULL;

-- They follow the agent whatever statement names, archives or removes it.
CREATE TRIGGER agent_named AFTER INSERT ON agent WHEN NEW.removed_at IS NULL AND NEW.archived_at IS NULL BEGIN
  INSERT OR IGNORE INTO agent_word (word, agent_pk) SELECT w.value, NEW.pk FROM ${words("NEW")} w;
END;
CREATE TRIGGER agent_renamed AFTER UPDATE OF name, removed_at, archived_at ON agent
WHEN NEW.name <> OLD.name OR NEW.removed_at IS NOT OLD.removed_at OR NEW.archived_at IS NOT OLD.archived_at BEGIN
  DELETE FROM agent_word WHERE agent_pk = NEW.pk;
  INSERT OR IGNORE INTO agent_word (word, agent_pk)
    SELECT w.value, NEW.pk FROM ${words("NEW")} w WHERE NEW.removed_at IS NULL AND NEW.archived_at IS NULL;
END;
`;
