/** What makes a database of a mesh as new for the next test. */

/** Empties a database that has the schema: ten times quicker than another one. The mesh stays as a sender. */
export const EMPTY = `
  DO $$
  DECLARE found TEXT;
  BEGIN
    SET LOCAL session_replication_role = replica;
    FOR found IN SELECT tablename FROM pg_tables
      WHERE schemaname = 'agentmesh' AND tablename NOT IN ('migration', 'agent', 'keeping', 'counter', 'let_go', 'duty')
    LOOP EXECUTE format('DELETE FROM %I', found); END LOOP;
    DELETE FROM agent WHERE pk <> -1;
    DELETE FROM keeping WHERE agent_pk <> -1;
    UPDATE keeping SET messages = 0, bytes = 0;
    UPDATE agent SET next_seq = 1;
    UPDATE counter SET message = 0, timeline = 0, event = 0, audit = 0, forgotten = 0;
    UPDATE duty SET broker = NULL, until = '-infinity';
    UPDATE let_go SET messages = 0, until = NULL;
  END $$`;
