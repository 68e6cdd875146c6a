/** Schema 11: what acts that are done together move is counted by them; what hangs on what is deleted goes in one statement. */
export const countedByAct = `
-- Nothing is counted while \`agentmesh.counted\` says that the act does it.
DROP TRIGGER delivery_counted ON delivery;
DROP TRIGGER delivery_recounted ON delivery;
DROP TRIGGER keeping_messages ON message;
DROP TRIGGER keeping_deliveries ON delivery;
CREATE TRIGGER delivery_counted AFTER INSERT ON delivery REFERENCING NEW TABLE AS put
FOR EACH STATEMENT WHEN (current_setting('agentmesh.counted', true) IS DISTINCT FROM 'by act') EXECUTE FUNCTION count_put();
CREATE TRIGGER delivery_recounted AFTER UPDATE ON delivery REFERENCING OLD TABLE AS before NEW TABLE AS now
FOR EACH STATEMENT WHEN (current_setting('agentmesh.counted', true) IS DISTINCT FROM 'by act') EXECUTE FUNCTION count_moved();
CREATE TRIGGER keeping_messages AFTER INSERT ON message REFERENCING NEW TABLE AS put
FOR EACH STATEMENT WHEN (current_setting('agentmesh.counted', true) IS DISTINCT FROM 'by act') EXECUTE FUNCTION keep_messages();
CREATE TRIGGER keeping_deliveries AFTER INSERT ON delivery REFERENCING NEW TABLE AS put
FOR EACH STATEMENT WHEN (current_setting('agentmesh.counted', true) IS DISTINCT FROM 'by act') EXECUTE FUNCTION keep_deliveries();

-- A foreign key is looked up and locked row by row. These rows are put beside what they hang on by the same act, and go with it.
ALTER TABLE timeline DROP CONSTRAINT timeline_delivery_pk_fkey;
CREATE FUNCTION drop_timeline() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
  DELETE FROM timeline WHERE delivery_pk = ANY (ARRAY(SELECT pk FROM gone));
  RETURN NULL;
END $$;
CREATE TRIGGER timeline_dropped AFTER DELETE ON delivery REFERENCING OLD TABLE AS gone
FOR EACH STATEMENT EXECUTE FUNCTION drop_timeline();
ALTER TABLE message_words DROP CONSTRAINT message_words_message_pk_fkey;
CREATE FUNCTION drop_words() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
  DELETE FROM message_words WHERE message_pk = ANY (ARRAY(SELECT pk FROM gone));
  RETURN NULL;
END $$;
CREATE TRIGGER words_dropped AFTER DELETE ON message REFERENCING OLD TABLE AS gone
FOR EACH STATEMENT EXECUTE FUNCTION drop_words();
`;
