/** Schema 2: messages, their deliveries, and what happened to them. */
export const messages = `
-- A place in the history is a pk, taken of the counter: a later one is never seen before an earlier one.
CREATE TABLE message (
  pk          BIGINT PRIMARY KEY,
  id          TEXT COLLATE "C" NOT NULL UNIQUE,
  kind        TEXT NOT NULL DEFAULT 'message',
  sender_pk   BIGINT NOT NULL REFERENCES agent,
  by_program  SMALLINT NOT NULL DEFAULT 0 CHECK (by_program IN (0, 1)),
  topic       TEXT COLLATE "C",
  thread_id   TEXT COLLATE "C" NOT NULL,
  in_reply_to TEXT COLLATE "C",
  hops        BIGINT NOT NULL DEFAULT 0,
  urgency     SMALLINT NOT NULL DEFAULT 1,
  body        TEXT NOT NULL,
  body_bytes  BIGINT NOT NULL,
  body_hash   TEXT NOT NULL,
  accepted_at BIGINT NOT NULL,
  expires_at  BIGINT NOT NULL,
  recalled_at BIGINT,
  damaged_at  BIGINT,
  skipped     TEXT
);
CREATE INDEX message_by_topic ON message (topic, pk) WHERE topic IS NOT NULL;
CREATE INDEX message_by_sender ON message (sender_pk, pk);
CREATE INDEX message_by_thread ON message (thread_id, pk);

-- The words of the bodies, as the mesh cuts them.
CREATE TABLE message_words (
  message_pk BIGINT PRIMARY KEY REFERENCES message ON DELETE CASCADE,
  words      TSVECTOR NOT NULL
);
CREATE INDEX message_words_of ON message_words USING GIN (words);

CREATE TABLE subscription (
  agent_pk BIGINT NOT NULL REFERENCES agent,
  pattern  TEXT COLLATE "C" NOT NULL,
  since    BIGINT NOT NULL,
  PRIMARY KEY (agent_pk, pattern)
);
CREATE INDEX subscription_by_pattern ON subscription (pattern, agent_pk);

-- What is being published, and to whom still: keys of agents, as a JSON array, and what their inboxes hold at most.
CREATE TABLE publishing (
  message_pk   BIGINT PRIMARY KEY REFERENCES message ON DELETE CASCADE,
  rest         TEXT NOT NULL,
  max_messages BIGINT NOT NULL,
  max_bytes    BIGINT NOT NULL
);

CREATE TABLE idempotency (
  sender_pk    BIGINT NOT NULL REFERENCES agent,
  key          TEXT COLLATE "C" NOT NULL,
  content_hash TEXT NOT NULL,
  message_pk   BIGINT NOT NULL REFERENCES message ON DELETE CASCADE,
  expires_at   BIGINT NOT NULL,
  PRIMARY KEY (sender_pk, key)
);
CREATE INDEX idempotency_by_message ON idempotency (message_pk);
CREATE INDEX idempotency_by_age ON idempotency (expires_at);

CREATE TABLE ask (
  message_pk       BIGINT PRIMARY KEY REFERENCES message ON DELETE CASCADE,
  asker_pk         BIGINT NOT NULL REFERENCES agent,
  debtor_pk        BIGINT NOT NULL REFERENCES agent,
  answer_within_ms BIGINT NOT NULL,
  due_at           BIGINT NOT NULL,
  nudged_at        BIGINT,
  closed_at        BIGINT,
  reply_pk         BIGINT REFERENCES message ON DELETE SET NULL
);
CREATE INDEX ask_owed ON ask (debtor_pk, due_at) WHERE closed_at IS NULL;
CREATE INDEX ask_waiting ON ask (asker_pk, due_at) WHERE closed_at IS NULL;
CREATE INDEX ask_due ON ask (due_at) WHERE closed_at IS NULL;
CREATE INDEX ask_reply ON ask (reply_pk);

CREATE TABLE delivery (
  pk              BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id              TEXT COLLATE "C" NOT NULL UNIQUE,
  message_pk      BIGINT NOT NULL REFERENCES message,
  agent_pk        BIGINT NOT NULL REFERENCES agent,
  seq             BIGINT NOT NULL,
  bytes           BIGINT NOT NULL,
  trust           TEXT,
  state           TEXT NOT NULL CHECK (state IN ('queued', 'leased', 'acked', 'dead', 'expired', 'cancelled', 'held', 'refused')),
  -- 0 fyi, 1 normal, 2 interrupt; and the order of reading: 0 interrupts, 1 messages, 2 notices of the mesh.
  urgency         SMALLINT NOT NULL DEFAULT 1,
  rank            SMALLINT NOT NULL DEFAULT 1,
  attempt         BIGINT NOT NULL DEFAULT 0,
  failures        BIGINT NOT NULL DEFAULT 0,
  ready_at        BIGINT NOT NULL DEFAULT 0,
  delayed         TEXT NOT NULL DEFAULT 'everybody' CHECK (delayed IN ('everybody', 'webhook')),
  accepted_at     BIGINT NOT NULL,
  expires_at      BIGINT NOT NULL,
  receipt         TEXT,
  session_id      TEXT COLLATE "C",
  stream_position BIGINT,
  lease_ends_at   BIGINT,
  reason          TEXT,
  ended_at        BIGINT,
  dismissed_at    BIGINT,
  UNIQUE (agent_pk, seq),
  CHECK ((state = 'leased') = (receipt IS NOT NULL AND lease_ends_at IS NOT NULL)),
  CHECK ((state IN ('acked', 'dead', 'expired', 'cancelled', 'refused')) = (ended_at IS NOT NULL))
) WITH (fillfactor = 80);
-- How often each session has pushed a delivery: a session is not streamed what it has pushed often enough.
CREATE TABLE push (
  delivery_pk BIGINT NOT NULL REFERENCES delivery ON DELETE CASCADE,
  session_id  TEXT COLLATE "C" NOT NULL,
  pushes      BIGINT NOT NULL,
  PRIMARY KEY (delivery_pk, session_id)
);
CREATE INDEX delivery_by_message ON delivery (message_pk);
CREATE UNIQUE INDEX delivery_by_agent ON delivery (agent_pk, message_pk);
CREATE INDEX delivery_queued ON delivery (agent_pk, rank, seq) WHERE state = 'queued';
CREATE INDEX delivery_open ON delivery (agent_pk, seq) WHERE state IN ('queued', 'leased');
CREATE INDEX delivery_held ON delivery (agent_pk, seq) WHERE state = 'held';
CREATE INDEX delivery_held_since ON delivery (accepted_at) WHERE state = 'held';
CREATE INDEX delivery_delayed ON delivery (ready_at, agent_pk) WHERE state = 'queued' AND ready_at > 0;
CREATE INDEX delivery_expiring ON delivery (expires_at) WHERE state IN ('queued', 'held');
CREATE INDEX delivery_leased ON delivery (lease_ends_at) WHERE state = 'leased';
CREATE INDEX delivery_by_session ON delivery (session_id, stream_position) WHERE state = 'leased';
CREATE INDEX delivery_dead ON delivery (ended_at, id) WHERE state = 'dead' AND dismissed_at IS NULL;
CREATE INDEX delivery_dead_of ON delivery (agent_pk, ended_at, id) WHERE state = 'dead' AND dismissed_at IS NULL;
CREATE INDEX delivery_dead_why ON delivery (agent_pk, COALESCE(reason, ''), ended_at)
  WHERE state = 'dead' AND dismissed_at IS NULL;
CREATE INDEX delivery_ended ON delivery (ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE timeline (
  pk          BIGINT PRIMARY KEY,
  delivery_pk BIGINT NOT NULL REFERENCES delivery ON DELETE CASCADE,
  -- Copied from delivery and message: what an agent may see of the log is along an index.
  agent_pk    BIGINT NOT NULL,
  sender_pk   BIGINT NOT NULL,
  at          BIGINT NOT NULL,
  event       TEXT NOT NULL,
  attempt     BIGINT NOT NULL,
  session_id  TEXT,
  path        TEXT,
  reason      TEXT
);
CREATE INDEX timeline_by_delivery ON timeline (delivery_pk, pk);
CREATE INDEX timeline_by_agent ON timeline (agent_pk, pk);
CREATE INDEX timeline_by_sender ON timeline (sender_pk, pk);

CREATE TABLE event (
  pk        BIGINT PRIMARY KEY,
  -- The newest entry of the timeline then: it happened behind that one and ahead of the next.
  behind_pk BIGINT NOT NULL,
  at        BIGINT NOT NULL,
  agent_pk  BIGINT NOT NULL,
  -- The agent's, then.
  name      TEXT NOT NULL,
  type      TEXT NOT NULL,
  facts     TEXT NOT NULL
);
CREATE INDEX event_by_agent ON event (agent_pk, pk);
`;
