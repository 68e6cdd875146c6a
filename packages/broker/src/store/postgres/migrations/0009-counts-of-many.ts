/** Schema 9: what a statement moves is counted once for all its rows, and a count moves no index of its row. */
export const countsOfMany = `
DROP INDEX agent_leaving;
CREATE INDEX agent_removed ON agent (pk) WHERE removed_at IS NOT NULL;
-- Versions of a row that moves with each of its messages have room beside it.
ALTER TABLE agent SET (fillfactor = 50);

DROP TRIGGER delivery_counted ON delivery;
DROP TRIGGER delivery_recounted ON delivery;
DROP FUNCTION count_delivery();
CREATE FUNCTION count_put() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
  UPDATE agent a SET
    queued_count = a.queued_count + n.queued,
    held_count   = a.held_count + n.held,
    open_count   = a.open_count + n.open,
    open_bytes   = a.open_bytes + n.bytes
  FROM (
    SELECT agent_pk, COUNT(*) FILTER (WHERE state = 'queued') AS queued, COUNT(*) FILTER (WHERE state = 'held') AS held,
      COUNT(*) AS open, SUM(bytes)::BIGINT AS bytes
    FROM put WHERE state IN ('queued', 'leased', 'held') GROUP BY agent_pk) n
  WHERE a.pk = n.agent_pk;
  RETURN NULL;
END $$;
CREATE FUNCTION count_moved() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
  UPDATE agent a SET
    queued_count = a.queued_count + n.queued,
    held_count   = a.held_count + n.held,
    open_count   = a.open_count + n.open,
    open_bytes   = a.open_bytes + n.bytes
  FROM (
    SELECT agent_pk, SUM((state = 'queued')::INTEGER * sign) AS queued, SUM((state = 'held')::INTEGER * sign) AS held,
      SUM((state IN ('queued', 'leased', 'held'))::INTEGER * sign) AS open,
      SUM((state IN ('queued', 'leased', 'held'))::INTEGER * sign * bytes)::BIGINT AS bytes
    FROM (SELECT agent_pk, state, bytes, 1 AS sign FROM now UNION ALL SELECT agent_pk, state, bytes, -1 FROM before) moved
    GROUP BY agent_pk) n
  WHERE a.pk = n.agent_pk AND (n.queued <> 0 OR n.held <> 0 OR n.open <> 0 OR n.bytes <> 0);
  RETURN NULL;
END $$;
CREATE TRIGGER delivery_counted AFTER INSERT ON delivery REFERENCING NEW TABLE AS put
FOR EACH STATEMENT EXECUTE FUNCTION count_put();
CREATE TRIGGER delivery_recounted AFTER UPDATE ON delivery REFERENCING OLD TABLE AS before NEW TABLE AS now
FOR EACH STATEMENT EXECUTE FUNCTION count_moved();

DROP TRIGGER keeping_message ON message;
DROP TRIGGER keeping_delivery ON delivery;
CREATE FUNCTION keep_messages() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
  UPDATE keeping k SET messages = k.messages + n.messages, bytes = k.bytes + n.bytes
  FROM (
    SELECT sender_pk, COUNT(*) AS messages,
      SUM(1024 + 2 * body_bytes + COALESCE(length(skipped), 0))::BIGINT AS bytes
    FROM put GROUP BY sender_pk) n
  WHERE k.agent_pk = n.sender_pk;
  RETURN NULL;
END $$;
CREATE FUNCTION keep_deliveries() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
  UPDATE keeping k SET bytes = k.bytes + n.bytes
  FROM (
    SELECT sender_pk, 1024 * COUNT(*) AS bytes
    FROM (SELECT (SELECT m.sender_pk FROM message m WHERE m.pk = p.message_pk) AS sender_pk FROM put p) q
    GROUP BY sender_pk) n
  WHERE k.agent_pk = n.sender_pk;
  RETURN NULL;
END $$;
CREATE TRIGGER keeping_messages AFTER INSERT ON message REFERENCING NEW TABLE AS put
FOR EACH STATEMENT EXECUTE FUNCTION keep_messages();
CREATE TRIGGER keeping_message AFTER DELETE OR UPDATE OF skipped ON message
FOR EACH ROW EXECUTE FUNCTION keep_message();
CREATE TRIGGER keeping_deliveries AFTER INSERT ON delivery REFERENCING NEW TABLE AS put
FOR EACH STATEMENT EXECUTE FUNCTION keep_deliveries();
CREATE TRIGGER keeping_delivery AFTER DELETE ON delivery
FOR EACH ROW EXECUTE FUNCTION keep_delivery();
`;
