/** SQL of what a group of acts leaves: a statement for each table, on all of its rows. */
import type { Statements } from "../../driver/database.ts";
import type { Tally } from "./tally.ts";

/** A message with its delivery, as it is written. `place` is that of its first note among the group's. */
export interface SendToWrite {
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
  /** Key of its delivery, and its id. */
  readonly pk: number;
  readonly delivery: string;
  readonly seq: number;
  readonly trust: string;
  readonly rank: number;
  readonly state: "queued" | "held" | "leased";
  readonly receipt: string | null;
  readonly session: string | null;
  readonly ends: number | null;
  readonly key: { readonly key: string; readonly content: string; readonly until: number } | undefined;
}

/** An ack as it is written. */
export interface AckToWrite {
  readonly pk: number;
  readonly evidence: string;
}

/** A lease as it is written; `place` is that of its note among the group's, of one that is streamed. */
export interface LeaseToWrite {
  readonly pk: number;
  readonly receipt: string;
  readonly session: string | null;
  readonly ends: number;
  readonly place: number | null;
}

/** A note in the timeline as it is written, of a delivery by its key. */
export interface NoteToWrite {
  readonly pk: number;
  readonly recipient: number;
  readonly sender: number;
  readonly event: "accepted" | "held" | "leased" | "acked";
  readonly attempt: number;
  readonly session: string | null;
  readonly reason: string | null;
}

const TAKE = `
  UPDATE counter SET message = message + $1, timeline = timeline + $2 WHERE one = 1 RETURNING message, timeline`;

const COUNT = `
  UPDATE agent a SET next_seq = a.next_seq + x.numbers, queued_count = a.queued_count + x.queued,
    held_count = a.held_count + x.held, open_count = a.open_count + x.open, open_bytes = a.open_bytes + x.bytes
  FROM unnest($1::BIGINT[], $2::BIGINT[], $3::BIGINT[], $4::BIGINT[], $5::BIGINT[], $6::BIGINT[])
    AS x (pk, numbers, queued, held, open, bytes)
  WHERE a.pk = x.pk`;

const KEEP = `
  UPDATE keeping k SET messages = k.messages + x.messages, bytes = k.bytes + x.bytes
  FROM unnest($1::BIGINT[], $2::BIGINT[], $3::BIGINT[]) AS x (pk, messages, bytes)
  WHERE k.agent_pk = x.pk`;

const PUT_MESSAGES = `
  INSERT INTO message (pk, id, sender_pk, thread_id, hops, urgency, by_program, body, body_bytes, body_hash, accepted_at,
    expires_at)
  SELECT c.message - $1::BIGINT + x.n, x.id, x.sender, x.thread, x.hops, x.urgency, x.program, x.body, x.bytes, x.hash, $2,
    x.expires
  FROM counter c, unnest($3::TEXT[], $4::BIGINT[], $5::TEXT[], $6::BIGINT[], $7::SMALLINT[], $8::SMALLINT[], $9::TEXT[],
    $10::BIGINT[], $11::TEXT[], $12::BIGINT[]) WITH ORDINALITY
    AS x (id, sender, thread, hops, urgency, program, body, bytes, hash, expires, n)
  WHERE c.one = 1`;

const PUT_WORDS = `
  INSERT INTO message_words (message_pk, words)
  SELECT c.message - $1::BIGINT + x.n, x.words::TSVECTOR
  FROM counter c, unnest($2::TEXT[]) WITH ORDINALITY AS x (words, n)
  WHERE c.one = 1`;

const PUT_DELIVERIES = `
  INSERT INTO delivery (pk, id, message_pk, agent_pk, seq, bytes, trust, state, urgency, rank, accepted_at, expires_at,
    attempt, receipt, session_id, lease_ends_at, stream_position)
  OVERRIDING SYSTEM VALUE
  SELECT x.pk, x.id, c.message - $1::BIGINT + x.n, x.recipient, x.seq, x.bytes, x.trust, x.state, x.urgency, x.rank, $3,
    x.expires, (x.receipt IS NOT NULL)::INTEGER, x.receipt, x.session, x.ends,
    CASE WHEN x.receipt IS NOT NULL THEN c.timeline - $2::BIGINT + x.place + 1 END
  FROM counter c, unnest($4::BIGINT[], $5::TEXT[], $6::BIGINT[], $7::BIGINT[], $8::BIGINT[], $9::TEXT[], $10::TEXT[],
    $11::SMALLINT[], $12::SMALLINT[], $13::BIGINT[], $14::TEXT[], $15::TEXT[], $16::BIGINT[], $17::BIGINT[]) WITH ORDINALITY
    AS x (pk, id, recipient, seq, bytes, trust, state, urgency, rank, expires, receipt, session, ends, place, n)
  WHERE c.one = 1`;

const PUT_KEYS = `
  INSERT INTO idempotency (sender_pk, key, content_hash, message_pk, expires_at)
  SELECT x.sender, x.key, x.content, c.message - $1::BIGINT + x.n, x.until
  FROM counter c, unnest($2::BIGINT[], $3::TEXT[], $4::TEXT[], $5::BIGINT[], $6::BIGINT[])
    AS x (sender, key, content, until, n)
  WHERE c.one = 1
  ON CONFLICT (sender_pk, key) DO UPDATE SET
    content_hash = excluded.content_hash, message_pk = excluded.message_pk, expires_at = excluded.expires_at`;

const ACK = `
  UPDATE delivery d SET state = 'acked', reason = x.evidence, ended_at = $1, receipt = NULL, session_id = NULL,
    lease_ends_at = NULL, stream_position = NULL
  FROM unnest($2::BIGINT[], $3::TEXT[]) AS x (pk, evidence) WHERE d.pk = x.pk`;

const LEASE = `
  UPDATE delivery d SET state = 'leased', attempt = d.attempt + 1, receipt = x.receipt, session_id = x.session,
    lease_ends_at = x.ends, stream_position = c.timeline - $1::BIGINT + x.place, reason = NULL
  FROM counter c, unnest($2::BIGINT[], $3::TEXT[], $4::TEXT[], $5::BIGINT[], $6::BIGINT[])
    AS x (pk, receipt, session, ends, place)
  WHERE c.one = 1 AND d.pk = x.pk AND d.state = 'queued'`;

const NOTE = `
  INSERT INTO timeline (pk, delivery_pk, agent_pk, sender_pk, at, event, attempt, session_id, reason)
  SELECT c.timeline - $1::BIGINT + x.n, x.delivery, x.recipient, x.sender, $2, x.event, x.attempt, x.session, x.reason
  FROM counter c, unnest($3::BIGINT[], $4::BIGINT[], $5::BIGINT[], $6::TEXT[], $7::BIGINT[], $8::TEXT[], $9::TEXT[])
    WITH ORDINALITY AS x (delivery, recipient, sender, event, attempt, session, reason, n)
  WHERE c.one = 1`;

const HEARD = `
  UPDATE session SET heard = c.timeline - $2::BIGINT FROM counter c WHERE c.one = 1 AND id = ANY ($1::TEXT[])`;

/** The statements; what is written has been counted by none of the database's own counts (`agentmesh.counted`). */
export function writtenStatements(db: Statements, now: number) {
  return {
    /** Takes places for so many messages and notes; whoever takes some waits until this transaction ends. Returns the last. */
    take: (messages: number, notes: number) => db.all<{ message: number; timeline: number }>(TAKE, [messages, notes]),
    /** Gives out numbers of inboxes, and counts what is open in them. */
    count: (inboxes: Tally["inboxes"]) => {
      const each = [...inboxes.values()];
      const values = [
        each.map(({ numbers }) => numbers),
        each.map(({ queued }) => queued),
        each.map(({ held }) => held),
      ];
      const open = [each.map((one) => one.open), each.map(({ bytes }) => bytes)];
      return db.run(COUNT, [[...inboxes.keys()], ...values, ...open]);
    },
    /** Counts what is kept of senders. */
    keep: (senders: Tally["senders"]) => {
      const each = [...senders.values()];
      const values = [each.map(({ messages }) => messages), each.map(({ bytes }) => bytes)];
      return db.run(KEEP, [[...senders.keys()], ...values]);
    },
    putMessages: (sends: readonly SendToWrite[]) =>
      db.run(PUT_MESSAGES, [
        ...[sends.length, now, sends.map(({ id }) => id), sends.map(({ sender }) => sender)],
        ...[sends.map(({ thread }) => thread), sends.map(({ hops }) => hops), sends.map(({ urgency }) => urgency)],
        ...[sends.map(({ program }) => program), sends.map(({ body }) => body), sends.map(({ bytes }) => bytes)],
        ...[sends.map(({ hash }) => hash), sends.map(({ expires }) => expires)],
      ]),
    /** By which they are found. */
    putWords: (sends: readonly SendToWrite[]) => db.run(PUT_WORDS, [sends.length, sends.map(({ words }) => words)]),
    putDeliveries: (sends: readonly SendToWrite[], notes: number) =>
      db.run(PUT_DELIVERIES, [
        ...[sends.length, notes, now, sends.map(({ pk }) => pk), sends.map(({ delivery }) => delivery)],
        ...[sends.map(({ recipient }) => recipient), sends.map(({ seq }) => seq), sends.map(({ bytes }) => bytes)],
        ...[sends.map(({ trust }) => trust), sends.map(({ state }) => state), sends.map(({ urgency }) => urgency)],
        ...[sends.map(({ rank }) => rank), sends.map(({ expires }) => expires), sends.map(({ receipt }) => receipt)],
        ...[sends.map(({ session }) => session), sends.map(({ ends }) => ends), sends.map(({ place }) => place)],
      ]),
    /** Remembers under which keys messages were accepted. */
    putKeys: (sends: readonly SendToWrite[]) => {
      const keyed = sends.flatMap(({ key, sender }, i) => (key ? [{ ...key, sender, n: i + 1 }] : []));
      const whose = [keyed.map(({ sender }) => sender), keyed.map(({ key }) => key)];
      const what = [keyed.map(({ content }) => content), keyed.map(({ until }) => until), keyed.map(({ n }) => n)];
      return db.run(PUT_KEYS, [sends.length, ...whose, ...what]);
    },
    /** Ends deliveries. */
    ack: (acks: readonly AckToWrite[]) =>
      db.run(ACK, [now, acks.map(({ pk }) => pk), acks.map(({ evidence }) => evidence)]),
    /** Begins leases. */
    lease: (leases: readonly LeaseToWrite[], notes: number) =>
      db.run(LEASE, [
        ...[notes, leases.map(({ pk }) => pk), leases.map(({ receipt }) => receipt)],
        ...[leases.map(({ session }) => session), leases.map(({ ends }) => ends), leases.map(({ place }) => place)],
      ]),
    /** What the timeline says of all of it, in its order. */
    note: (notes: readonly NoteToWrite[]) =>
      db.run(NOTE, [
        ...[notes.length, now, notes.map(({ pk }) => pk), notes.map(({ recipient }) => recipient)],
        ...[notes.map(({ sender }) => sender), notes.map(({ event }) => event), notes.map(({ attempt }) => attempt)],
        ...[notes.map(({ session }) => session), notes.map(({ reason }) => reason)],
      ]),
    /** Sessions were heard of before the last notes of the group. */
    heard: (sessions: readonly string[], notesBehind: number) => db.run(HEARD, [sessions, notesBehind]),
  };
}
