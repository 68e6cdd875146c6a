/** Schema 1. Times are milliseconds since the Unix epoch; ids are text outside, dense integers inside. */
export const init = `
CREATE TABLE mesh (
  one          INTEGER PRIMARY KEY CHECK (one = 1),
  instance_id  TEXT NOT NULL,
  epoch        TEXT NOT NULL
) STRICT;

CREATE TABLE agent (
  pk            INTEGER PRIMARY KEY,
  id            TEXT NOT NULL UNIQUE,
  name          TEXT NOT NULL,
  token_hash    TEXT NOT NULL UNIQUE,
  profile       TEXT NOT NULL,
  registered_at INTEGER NOT NULL,
  last_seen_at  INTEGER,
  removed_at    INTEGER,
  archived_at   INTEGER,
  next_seq      INTEGER NOT NULL DEFAULT 1,
  queued_count  INTEGER NOT NULL DEFAULT 0 CHECK (queued_count >= 0),
  open_count    INTEGER NOT NULL DEFAULT 0 CHECK (open_count >= queued_count),
  open_bytes    INTEGER NOT NULL DEFAULT 0 CHECK (open_bytes >= 0),
  held_count    INTEGER NOT NULL DEFAULT 0 CHECK (held_count >= 0),
  trust         TEXT NOT NULL DEFAULT 'verified' CHECK (trust IN ('verified', 'unverified')),
  policy        TEXT,
  focus_until   INTEGER,
  focus_allows  TEXT CHECK (focus_allows IN ('interrupt', 'nothing')),
  focus_reason  TEXT
) STRICT;
CREATE UNIQUE INDEX agent_by_name ON agent (name) WHERE removed_at IS NULL AND archived_at IS NULL;
CREATE INDEX agent_archived ON agent (name, archived_at) WHERE archived_at IS NOT NULL;
CREATE INDEX agent_gone ON agent (name, removed_at) WHERE removed_at IS NOT NULL;
CREATE INDEX agent_in_focus ON agent (focus_until) WHERE focus_until IS NOT NULL;

CREATE TABLE session (
  id         TEXT PRIMARY KEY,
  agent_pk   INTEGER NOT NULL REFERENCES agent,
  opened_at  INTEGER NOT NULL,
  seen_at    INTEGER NOT NULL,
  -- Position of the timeline when it was last heard of; silent when its stream let a lease run out that began later.
  heard      INTEGER NOT NULL,
  silent     INTEGER NOT NULL DEFAULT 0,
  push_paths TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_by_agent ON session (agent_pk, seen_at);
CREATE INDEX session_by_age ON session (seen_at);

-- Agents that came by the wire of the predecessor: what its clients call them, and what they said of themselves.
CREATE TABLE legacy_peer (
  id       TEXT PRIMARY KEY,
  agent_pk INTEGER NOT NULL UNIQUE REFERENCES agent ON DELETE CASCADE,
  facts    TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- \`sealed\` holds the URL and every secret, under a key made from the mesh key: a copy of the database tells none.
CREATE TABLE webhook (
  agent_pk    INTEGER PRIMARY KEY REFERENCES agent,
  sealed      TEXT NOT NULL,
  set_at      INTEGER NOT NULL,
  failures    INTEGER NOT NULL DEFAULT 0,
  proven_at   INTEGER,
  failed_at   INTEGER,
  failed_why  TEXT,
  rests_until INTEGER,
  disabled    INTEGER NOT NULL DEFAULT 0 CHECK (disabled IN (0, 1)),
  CHECK (disabled = 0 OR failed_why IS NOT NULL)
) STRICT;

-- A place in the history is a pk: AUTOINCREMENT gives none twice, also when the newest messages were pruned.
CREATE TABLE message (
  pk          INTEGER PRIMARY KEY AUTOINCREMENT,
  id          TEXT NOT NULL UNIQUE,
  kind        TEXT NOT NULL DEFAULT 'message',
  sender_pk   INTEGER NOT NULL REFERENCES agent,
  topic       TEXT,
  thread_id   TEXT NOT NULL,
  in_reply_to TEXT,
  hops        INTEGER NOT NULL DEFAULT 0,
  urgency     INTEGER NOT NULL DEFAULT 1,
  body        TEXT NOT NULL,
  body_bytes  INTEGER NOT NULL,
  body_hash   TEXT NOT NULL,
  accepted_at INTEGER NOT NULL,
  expires_at  INTEGER NOT NULL,
  recalled_at INTEGER,
  damaged_at  INTEGER,
  skipped     TEXT
) STRICT;

CREATE INDEX message_by_topic ON message (topic, pk) WHERE topic IS NOT NULL;
CREATE INDEX message_by_sender ON message (sender_pk);
CREATE INDEX message_by_thread ON message (thread_id);

-- The words of all bodies, without the bodies; the triggers keep it true whatever statement touches a message.
-- Contentless, so that deleting reads no body again: 4 times cheaper than external content. Half of a segment may be
-- deleted before it is merged for that alone: merges at the default of a tenth took 0.4 s at a time.
CREATE VIRTUAL TABLE message_text USING fts5 (
  body, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2'
);
INSERT INTO message_text (message_text, rank) VALUES ('deletemerge', 50);
CREATE TRIGGER message_indexed AFTER INSERT ON message BEGIN
  INSERT INTO message_text (rowid, body) VALUES (NEW.pk, NEW.body);
END;
CREATE TRIGGER message_unindexed AFTER DELETE ON message BEGIN
  DELETE FROM message_text WHERE rowid = OLD.pk;
END;
CREATE TRIGGER message_reindexed AFTER UPDATE OF body ON message BEGIN
  DELETE FROM message_text WHERE rowid = OLD.pk;
  INSERT INTO message_text (rowid, body) VALUES (NEW.pk, NEW.body);
END;

CREATE TABLE subscription (
  agent_pk INTEGER NOT NULL REFERENCES agent,
  pattern  TEXT NOT NULL,
  since    INTEGER NOT NULL,
  PRIMARY KEY (agent_pk, pattern)
) STRICT, WITHOUT ROWID;

CREATE TABLE idempotency (
  sender_pk    INTEGER NOT NULL REFERENCES agent,
  key          TEXT NOT NULL,
  content_hash TEXT NOT NULL,
  message_pk   INTEGER NOT NULL REFERENCES message ON DELETE CASCADE,
  expires_at   INTEGER NOT NULL,
  PRIMARY KEY (sender_pk, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_by_message ON idempotency (message_pk);
CREATE INDEX idempotency_by_age ON idempotency (expires_at);

CREATE TABLE ask (
  message_pk       INTEGER PRIMARY KEY REFERENCES message ON DELETE CASCADE,
  asker_pk         INTEGER NOT NULL REFERENCES agent,
  debtor_pk        INTEGER NOT NULL REFERENCES agent,
  answer_within_ms INTEGER NOT NULL,
  due_at           INTEGER NOT NULL,
  nudged_at        INTEGER,
  closed_at        INTEGER,
  reply_pk         INTEGER REFERENCES message ON DELETE SET NULL
) STRICT;
CREATE INDEX ask_owed ON ask (debtor_pk, due_at) WHERE closed_at IS NULL;
CREATE INDEX ask_waiting ON ask (asker_pk, due_at) WHERE closed_at IS NULL;
CREATE INDEX ask_due ON ask (due_at) WHERE closed_at IS NULL;
CREATE INDEX ask_reply ON ask (reply_pk);

CREATE TABLE delivery (
  pk              INTEGER PRIMARY KEY,
  id              TEXT NOT NULL UNIQUE,
  message_pk      INTEGER NOT NULL REFERENCES message,
  agent_pk        INTEGER NOT NULL REFERENCES agent,
  seq             INTEGER NOT NULL,
  bytes           INTEGER NOT NULL,
  state           TEXT NOT NULL CHECK (state IN ('queued', 'leased', 'acked', 'dead', 'expired', 'cancelled', 'held', 'refused')),
  -- 0 fyi, 1 normal, 2 interrupt; and the order of reading: 0 interrupts, 1 messages, 2 notices of the mesh.
  urgency         INTEGER NOT NULL DEFAULT 1,
  rank            INTEGER NOT NULL DEFAULT 1,
  attempt         INTEGER NOT NULL DEFAULT 0,
  failures        INTEGER NOT NULL DEFAULT 0,
  ready_at        INTEGER NOT NULL DEFAULT 0,
  accepted_at     INTEGER NOT NULL,
  expires_at      INTEGER NOT NULL,
  receipt         TEXT,
  session_id      TEXT,
  stream_position INTEGER,
  lease_ends_at   INTEGER,
  reason          TEXT,
  ended_at        INTEGER,
  UNIQUE (agent_pk, seq),
  CHECK ((state = 'leased') = (receipt IS NOT NULL AND lease_ends_at IS NOT NULL)),
  CHECK ((state IN ('acked', 'dead', 'expired', 'cancelled', 'refused')) = (ended_at IS NOT NULL))
) STRICT;
-- How often each session has pushed a delivery: a session is not streamed what it has pushed often enough.
CREATE TABLE push (
  delivery_pk INTEGER NOT NULL REFERENCES delivery ON DELETE CASCADE,
  session_id  TEXT NOT NULL,
  pushes      INTEGER NOT NULL,
  PRIMARY KEY (delivery_pk, session_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX delivery_by_message ON delivery (message_pk);
CREATE UNIQUE INDEX delivery_by_agent ON delivery (agent_pk, message_pk);
CREATE INDEX delivery_queued ON delivery (agent_pk, rank, seq) WHERE state = 'queued';
CREATE INDEX delivery_open ON delivery (agent_pk, seq) WHERE state IN ('queued', 'leased');
CREATE INDEX delivery_held ON delivery (agent_pk, seq) WHERE state = 'held';
CREATE INDEX delivery_delayed ON delivery (ready_at, agent_pk) WHERE state = 'queued' AND ready_at > 0;
CREATE INDEX delivery_expiring ON delivery (expires_at) WHERE state IN ('queued', 'held');
CREATE INDEX delivery_leased ON delivery (lease_ends_at) WHERE state = 'leased';
CREATE INDEX delivery_by_session ON delivery (session_id, stream_position) WHERE state = 'leased';
CREATE INDEX delivery_dead ON delivery (ended_at, agent_pk) WHERE state = 'dead';
CREATE INDEX delivery_ended ON delivery (ended_at) WHERE ended_at IS NOT NULL;

-- The counters of an inbox follow its deliveries whatever statement moves them.
CREATE TRIGGER delivery_counted AFTER INSERT ON delivery BEGIN
  UPDATE agent SET
    queued_count = queued_count + (NEW.state = 'queued'),
    held_count   = held_count + (NEW.state = 'held'),
    open_count   = open_count + (NEW.state IN ('queued', 'leased', 'held')),
    open_bytes   = open_bytes + (NEW.state IN ('queued', 'leased', 'held')) * NEW.bytes
  WHERE pk = NEW.agent_pk;
END;
CREATE TRIGGER delivery_recounted AFTER UPDATE OF state ON delivery WHEN NEW.state <> OLD.state BEGIN
  UPDATE agent SET
    queued_count = queued_count + (NEW.state = 'queued') - (OLD.state = 'queued'),
    held_count   = held_count + (NEW.state = 'held') - (OLD.state = 'held'),
    open_count   = open_count + (NEW.state IN ('queued', 'leased', 'held')) - (OLD.state IN ('queued', 'leased', 'held')),
    open_bytes   = open_bytes + ((NEW.state IN ('queued', 'leased', 'held'))
                               - (OLD.state IN ('queued', 'leased', 'held'))) * NEW.bytes
  WHERE pk = NEW.agent_pk;
END;

CREATE TABLE timeline (
  pk          INTEGER PRIMARY KEY AUTOINCREMENT,
  delivery_pk INTEGER NOT NULL REFERENCES delivery ON DELETE CASCADE,
  -- Copied from delivery and message: what an agent may see of the log is along an index.
  agent_pk    INTEGER NOT NULL,
  sender_pk   INTEGER NOT NULL,
  at          INTEGER NOT NULL,
  event       TEXT NOT NULL,
  attempt     INTEGER NOT NULL,
  session_id  TEXT,
  path        TEXT,
  reason      TEXT
) STRICT;
CREATE INDEX timeline_by_delivery ON timeline (delivery_pk);
CREATE INDEX timeline_by_agent ON timeline (agent_pk);
CREATE INDEX timeline_by_sender ON timeline (sender_pk);
`;
