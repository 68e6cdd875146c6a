/**
 * Schema 1: agents and all that comes in. Times are milliseconds since the Unix epoch; ids are text outside, dense
 * integers inside; what is compared or ordered is so by its bytes, whatever the database's language; JSON is text, in its order.
 */
export const parties = `
-- The one source of time. What a test is about time of says what it is.
CREATE FUNCTION mesh_now() RETURNS BIGINT LANGUAGE sql VOLATILE AS $$
  SELECT COALESCE(NULLIF(current_setting('agentmesh.now', true), '')::BIGINT,
                  floor(extract(epoch FROM clock_timestamp()) * 1000)::BIGINT)
$$;

CREATE TABLE mesh (
  one         SMALLINT PRIMARY KEY CHECK (one = 1),
  instance_id TEXT NOT NULL,
  epoch       TEXT NOT NULL
);

-- Numbers that say in which order acts were committed: whoever takes one holds the row until it commits, so that nobody sees
-- a later one before an earlier one. \`forgotten\` is the newest entry of the timeline that was deleted.
CREATE TABLE counter (
  one       SMALLINT PRIMARY KEY CHECK (one = 1),
  message   BIGINT NOT NULL DEFAULT 0,
  timeline  BIGINT NOT NULL DEFAULT 0,
  event     BIGINT NOT NULL DEFAULT 0,
  audit     BIGINT NOT NULL DEFAULT 0,
  forgotten BIGINT NOT NULL DEFAULT 0
) WITH (fillfactor = 10);
INSERT INTO counter (one) VALUES (1);

CREATE TABLE machine (
  pk                BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id                TEXT COLLATE "C" NOT NULL UNIQUE,
  token_hash        TEXT COLLATE "C" NOT NULL UNIQUE,
  former_token_hash TEXT COLLATE "C",
  former_until      BIGINT,
  token_made_at     BIGINT NOT NULL,
  host              TEXT COLLATE "C" NOT NULL,
  kind              TEXT NOT NULL CHECK (kind IN ('machine', 'agent')),
  names             TEXT,
  version           TEXT,
  address           TEXT,
  joined_at         BIGINT NOT NULL,
  last_seen_at      BIGINT,
  revoked_at        BIGINT
);
CREATE UNIQUE INDEX machine_by_former_token ON machine (former_token_hash) WHERE former_token_hash IS NOT NULL;
CREATE INDEX machine_by_host ON machine (host) WHERE revoked_at IS NULL;

CREATE TABLE invite (
  pk            BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id            TEXT COLLATE "C" NOT NULL UNIQUE,
  secret_hash   TEXT COLLATE "C" NOT NULL UNIQUE,
  kind          TEXT NOT NULL CHECK (kind IN ('machine', 'agent')),
  names         TEXT,
  made_at       BIGINT NOT NULL,
  expires_at    BIGINT NOT NULL,
  machine_pk    BIGINT REFERENCES machine,
  used_at       BIGINT,
  taken_back_at BIGINT
);
CREATE INDEX invite_open ON invite (expires_at) WHERE used_at IS NULL AND taken_back_at IS NULL;
CREATE INDEX invite_by_age ON invite (expires_at);

CREATE TABLE agent (
  pk                BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id                TEXT COLLATE "C" NOT NULL UNIQUE,
  name              TEXT COLLATE "C" NOT NULL,
  asked_name        TEXT COLLATE "C",
  token_hash        TEXT COLLATE "C" NOT NULL UNIQUE,
  former_token_hash TEXT COLLATE "C",
  former_until      BIGINT,
  token_made_at     BIGINT,
  profile           TEXT NOT NULL,
  registered_at     BIGINT NOT NULL,
  last_seen_at      BIGINT,
  removed_at        BIGINT,
  archived_at       BIGINT,
  machine_pk        BIGINT REFERENCES machine,
  next_seq          BIGINT NOT NULL DEFAULT 1,
  queued_count      BIGINT NOT NULL DEFAULT 0 CHECK (queued_count >= 0),
  open_count        BIGINT NOT NULL DEFAULT 0 CHECK (open_count >= queued_count),
  open_bytes        BIGINT NOT NULL DEFAULT 0 CHECK (open_bytes >= 0),
  held_count        BIGINT NOT NULL DEFAULT 0 CHECK (held_count >= 0),
  trust             TEXT NOT NULL DEFAULT 'verified' CHECK (trust IN ('verified', 'unverified')),
  person            SMALLINT NOT NULL DEFAULT 0 CHECK (person IN (0, 1)),
  policy            TEXT,
  focus_until       BIGINT,
  focus_allows      TEXT CHECK (focus_allows IN ('interrupt', 'nothing')),
  focus_reason      TEXT
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX agent_by_name ON agent (name) WHERE removed_at IS NULL AND archived_at IS NULL;
CREATE UNIQUE INDEX agent_by_former_token ON agent (former_token_hash) WHERE former_token_hash IS NOT NULL;
CREATE INDEX agent_archived ON agent (name, archived_at) WHERE archived_at IS NOT NULL;
CREATE INDEX agent_gone ON agent (name, removed_at) WHERE removed_at IS NOT NULL;
CREATE INDEX agent_in_focus ON agent (focus_until) WHERE focus_until IS NOT NULL;
CREATE INDEX agent_leaving ON agent (pk) WHERE removed_at IS NOT NULL AND open_count > 0;
CREATE INDEX agent_quiet ON agent (COALESCE(last_seen_at, registered_at)) WHERE removed_at IS NULL AND archived_at IS NULL;
CREATE INDEX agent_present ON agent (registered_at, id) WHERE removed_at IS NULL AND archived_at IS NULL;
CREATE INDEX agent_in_archive ON agent (name, id) WHERE removed_at IS NULL AND archived_at IS NOT NULL;
CREATE INDEX agent_by_asked_name ON agent (asked_name, name)
  WHERE asked_name IS NOT NULL AND removed_at IS NULL AND archived_at IS NULL;
CREATE INDEX agent_of_machine ON agent (machine_pk) WHERE machine_pk IS NOT NULL AND removed_at IS NULL;
CREATE INDEX agent_person ON agent (pk) WHERE person = 1 AND removed_at IS NULL AND archived_at IS NULL;

-- The words of the names of agents that are there; they follow the agent whatever statement names, archives or removes it.
CREATE TABLE agent_word (
  word     TEXT COLLATE "C" NOT NULL,
  agent_pk BIGINT NOT NULL REFERENCES agent ON DELETE CASCADE,
  PRIMARY KEY (word, agent_pk)
);
CREATE INDEX agent_word_of ON agent_word (agent_pk);
CREATE FUNCTION put_agent_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM agent_word WHERE agent_pk = NEW.pk;
  IF NEW.removed_at IS NULL AND NEW.archived_at IS NULL THEN
    INSERT INTO agent_word (word, agent_pk)
      SELECT w, NEW.pk FROM unnest(regexp_split_to_array(NEW.name, '[-._]')) w ON CONFLICT DO NOTHING;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER agent_named AFTER INSERT ON agent FOR EACH ROW EXECUTE FUNCTION put_agent_words();
CREATE TRIGGER agent_renamed AFTER UPDATE OF name, removed_at, archived_at ON agent FOR EACH ROW
WHEN (NEW.name <> OLD.name OR NEW.removed_at IS DISTINCT FROM OLD.removed_at OR NEW.archived_at IS DISTINCT FROM OLD.archived_at)
EXECUTE FUNCTION put_agent_words();

CREATE TABLE former_name (
  name     TEXT COLLATE "C" PRIMARY KEY,
  agent_pk BIGINT NOT NULL REFERENCES agent
);
CREATE INDEX former_name_by_agent ON former_name (agent_pk);

CREATE TABLE void_token (
  token_hash TEXT COLLATE "C" PRIMARY KEY,
  name       TEXT NOT NULL,
  at         BIGINT NOT NULL
);

CREATE TABLE audit (
  seq        BIGINT PRIMARY KEY,
  at         BIGINT NOT NULL,
  act        TEXT NOT NULL,
  by_kind    TEXT NOT NULL,
  by_id      TEXT,
  by_name    TEXT,
  by_address TEXT,
  about_id   TEXT,
  about_name TEXT,
  why        TEXT
);

CREATE TABLE session (
  id          TEXT COLLATE "C" PRIMARY KEY,
  agent_pk    BIGINT NOT NULL REFERENCES agent,
  opened_at   BIGINT NOT NULL,
  -- What its age is reckoned by; its last heartbeat, which no doubt makes older.
  seen_at     BIGINT NOT NULL,
  beat_at     BIGINT NOT NULL,
  -- Position of the timeline when it was last heard of; silent when its stream let a lease run out that began later.
  heard       BIGINT NOT NULL,
  silent      SMALLINT NOT NULL DEFAULT 0,
  push_paths  TEXT NOT NULL,
  doubted_at  BIGINT,
  doubted_why TEXT CHECK (doubted_why IN ('stream_closed', 'broker_started')),
  proven_at   BIGINT
) WITH (fillfactor = 80);
CREATE INDEX session_by_agent ON session (agent_pk, seen_at);
CREATE INDEX session_by_age ON session (seen_at);
CREATE INDEX session_by_beat ON session (beat_at);

-- Of agents that are not offline.
CREATE TABLE presence (
  agent_pk BIGINT PRIMARY KEY REFERENCES agent,
  told     TEXT NOT NULL CHECK (told IN ('online', 'stale'))
);

-- Agents that came by the wire of the predecessor: what its clients call them, and what they said of themselves.
CREATE TABLE legacy_peer (
  id       TEXT COLLATE "C" PRIMARY KEY,
  agent_pk BIGINT NOT NULL UNIQUE REFERENCES agent ON DELETE CASCADE,
  facts    TEXT NOT NULL
);

-- \`sealed\` holds the URL and every secret, under a key made from the mesh key: a copy of the database tells none.
CREATE TABLE webhook (
  agent_pk    BIGINT PRIMARY KEY REFERENCES agent,
  sealed      TEXT NOT NULL,
  set_at      BIGINT NOT NULL,
  failures    BIGINT NOT NULL DEFAULT 0,
  proven_at   BIGINT,
  failed_at   BIGINT,
  failed_why  TEXT,
  rests_until BIGINT,
  disabled    SMALLINT NOT NULL DEFAULT 0 CHECK (disabled IN (0, 1)),
  CHECK (disabled = 0 OR failed_why IS NOT NULL)
);
CREATE INDEX webhook_failing ON webhook (agent_pk) WHERE failed_why IS NOT NULL;

CREATE TABLE hook (
  pk           BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id           TEXT COLLATE "C" NOT NULL UNIQUE,
  kind         TEXT NOT NULL,
  agent_pk     BIGINT NOT NULL UNIQUE REFERENCES agent,
  topic        TEXT,
  recipient_pk BIGINT REFERENCES agent,
  sealed       TEXT NOT NULL,
  made_at      BIGINT NOT NULL,
  last_at      BIGINT,
  CHECK ((topic IS NULL) <> (recipient_pk IS NULL))
);

CREATE TABLE agent_card (
  agent_pk    BIGINT PRIMARY KEY REFERENCES agent,
  description TEXT NOT NULL,
  skills      TEXT NOT NULL,
  set_at      BIGINT NOT NULL
);
`;
