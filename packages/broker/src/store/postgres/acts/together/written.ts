/** SQL of what a group of acts leaves: all of its sends in one statement, all of its acks in another. */
import type { Statements } from "../../driver/database.ts";

/** A message with its delivery, as it is written. `n` is its place among those of the group, `place` that of its first note. */
export interface SendToWrite {
  readonly n: number;
  readonly place: number;
  readonly id: string;
  readonly sender: number;
  readonly recipient: number;
  readonly thread: string;
  readonly hops: number;
  readonly urgency: number;
  readonly program: 0 | 1;
  readonly body: string;
  readonly bytes: number;
  readonly hash: string;
  readonly words: string;
  readonly expires: number;
  readonly delivery: string;
  readonly seq: number;
  readonly trust: string;
  readonly rank: number;
  readonly state: "queued" | "held" | "leased";
  readonly receipt: string | null;
  readonly session: string | null;
  readonly ends: number | null;
  readonly key: string | null;
  readonly content: string | null;
  readonly until: number | null;
}

/** An ack as it is written. */
export interface AckToWrite {
  readonly pk: number;
  readonly place: number;
  readonly evidence: string;
  readonly attempt: number;
  readonly session: string | null;
  readonly recipient: number;
  readonly sender: number;
}

/** What a group takes of the counters. */
export interface Taken {
  readonly messages: number;
  readonly notes: number;
}

const TAKE = `
  UPDATE counter SET message = message + $1, timeline = timeline + $2 WHERE one = 1 RETURNING message, timeline`;

const NUMBER = `
  UPDATE agent a SET next_seq = next_seq + x.n FROM json_to_recordset($1::JSON) AS x (pk BIGINT, n BIGINT) WHERE a.pk = x.pk`;

const SEND = `
  WITH sent AS MATERIALIZED (
    SELECT x.*, c.message - $2::BIGINT + x.n AS message_pk, c.timeline - $3::BIGINT + x.place AS noted
    FROM counter c, json_to_recordset($1::JSON) AS x (n BIGINT, place BIGINT, id TEXT, sender BIGINT, recipient BIGINT,
      thread TEXT, hops BIGINT, urgency SMALLINT, program SMALLINT, body TEXT, bytes BIGINT, hash TEXT, words TEXT,
      expires BIGINT, delivery TEXT, seq BIGINT, trust TEXT, rank SMALLINT, state TEXT, receipt TEXT, session TEXT,
      ends BIGINT)
    WHERE c.one = 1),
  stored AS (
    INSERT INTO message (pk, id, sender_pk, thread_id, hops, urgency, by_program, body, body_bytes, body_hash, accepted_at,
      expires_at)
    SELECT message_pk, id, sender, thread, hops, urgency, program, body, bytes, hash, $4, expires FROM sent),
  cut AS (INSERT INTO message_words (message_pk, words) SELECT message_pk, words::TSVECTOR FROM sent),
  put AS (
    INSERT INTO delivery (id, message_pk, agent_pk, seq, bytes, trust, state, urgency, rank, accepted_at, expires_at,
      attempt, receipt, session_id, lease_ends_at, stream_position)
    SELECT delivery, message_pk, recipient, seq, bytes, trust, state, urgency, rank, $4, expires,
      CASE WHEN state = 'leased' THEN 1 ELSE 0 END, receipt, session, ends, CASE WHEN state = 'leased' THEN noted + 1 END
    FROM sent ORDER BY n RETURNING pk, id)
  INSERT INTO timeline (pk, delivery_pk, agent_pk, sender_pk, at, event, attempt, session_id, reason)
  SELECT s.noted + e.behind, p.pk, s.recipient, s.sender, $4, e.event, e.behind * (s.state = 'leased')::INTEGER,
    CASE WHEN e.event = 'leased' THEN s.session END, CASE WHEN e.event = 'held' THEN $5 END
  FROM sent s JOIN put p ON p.id = s.delivery
  CROSS JOIN (VALUES ('accepted', 0), ('held', 1), ('leased', 1)) AS e (event, behind)
  WHERE e.event = 'accepted' OR e.event = s.state`;

const PUT_KEYS = `
  INSERT INTO idempotency (sender_pk, key, content_hash, message_pk, expires_at)
  SELECT x.sender, x.key, x.content, c.message - $2::BIGINT + x.n, x.until
  FROM counter c, json_to_recordset($1::JSON) AS x (n BIGINT, sender BIGINT, key TEXT, content TEXT, until BIGINT)
  WHERE c.one = 1
  ON CONFLICT (sender_pk, key) DO UPDATE SET
    content_hash = excluded.content_hash, message_pk = excluded.message_pk, expires_at = excluded.expires_at`;

const ACK = `
  WITH acked AS MATERIALIZED (
    SELECT x.*, c.timeline - $2::BIGINT + x.place AS noted
    FROM counter c, json_to_recordset($1::JSON) AS x (pk BIGINT, place BIGINT, evidence TEXT, attempt BIGINT, session TEXT,
      recipient BIGINT, sender BIGINT)
    WHERE c.one = 1),
  ended AS (
    UPDATE delivery d SET state = 'acked', reason = a.evidence, ended_at = $3, receipt = NULL, session_id = NULL,
      lease_ends_at = NULL, stream_position = NULL
    FROM acked a WHERE d.pk = a.pk)
  INSERT INTO timeline (pk, delivery_pk, agent_pk, sender_pk, at, event, attempt, session_id, reason)
  SELECT noted, pk, recipient, sender, $3, 'acked', attempt, session, evidence FROM acked`;

const HEARD = `
  UPDATE session SET heard = c.timeline - $2::BIGINT FROM counter c WHERE c.one = 1 AND id = ANY ($1::TEXT[])`;

/** The statements. */
export function writtenStatements(db: Statements, now: number) {
  return {
    /** Takes places for all messages and all notes; whoever takes some waits until this transaction ends. Returns the last. */
    take: ({ messages, notes }: Taken) =>
      db.all<{ message: number; timeline: number }>(TAKE, [messages, notes], "group_take"),
    /** Gives out so many numbers of each inbox. */
    number: (inboxes: readonly { readonly pk: number; readonly n: number }[]) =>
      db.run(NUMBER, [JSON.stringify(inboxes)], "group_number"),
    /** Messages, their words, their deliveries and what the timeline says of them. */
    send: (sends: readonly SendToWrite[], { messages, notes }: Taken, heldWhy: string) =>
      db.run(SEND, [JSON.stringify(sends), messages, notes, now, heldWhy], "group_send"),
    /** Remembers under which keys messages were accepted. */
    putKeys: (sends: readonly SendToWrite[], { messages }: Taken) =>
      db.run(
        PUT_KEYS,
        [
          JSON.stringify(sends.map(({ n, sender, key, content, until }) => ({ n, sender, key, content, until }))),
          messages,
        ],
        "group_put_keys",
      ),
    /** Ends deliveries, and notes that. */
    ack: (acks: readonly AckToWrite[], { notes }: Taken) =>
      db.run(ACK, [JSON.stringify(acks), notes, now], "group_ack"),
    /** Sessions were heard of before the last notes of the group. */
    heard: (sessions: readonly string[], notesBehind: number) => db.run(HEARD, [sessions, notesBehind], "group_heard"),
  };
}
