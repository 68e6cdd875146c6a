/** Schema 19: machines that joined and the invites by which they did, tokens that are void or were exchanged, and the audit log. */
export const machines = `
CREATE TABLE machine (
  pk                INTEGER PRIMARY KEY,
  id                TEXT NOT NULL UNIQUE,
  token_hash        TEXT NOT NULL UNIQUE,
  former_token_hash TEXT,
  former_until      INTEGER,
  token_made_at     INTEGER NOT NULL,
  host              TEXT NOT NULL,
  kind              TEXT NOT NULL CHECK (kind IN ('machine', 'agent')),
  names             TEXT,
  version           TEXT,
  address           TEXT,
  joined_at         INTEGER NOT NULL,
  last_seen_at      INTEGER,
  revoked_at        INTEGER
) STRICT;
CREATE UNIQUE INDEX machine_by_former_token ON machine (former_token_hash) WHERE former_token_hash IS NOT NULL;
CREATE INDEX machine_by_host ON machine (host) WHERE revoked_at IS NULL;

CREATE TABLE invite (
  pk            INTEGER PRIMARY KEY,
  id            TEXT NOT NULL UNIQUE,
  secret_hash   TEXT NOT NULL UNIQUE,
  kind          TEXT NOT NULL CHECK (kind IN ('machine', 'agent')),
  names         TEXT,
  made_at       INTEGER NOT NULL,
  expires_at    INTEGER NOT NULL,
  machine_pk    INTEGER REFERENCES machine (pk),
  used_at       INTEGER,
  taken_back_at INTEGER
) STRICT;
CREATE INDEX invite_open ON invite (expires_at) WHERE used_at IS NULL AND taken_back_at IS NULL;

ALTER TABLE agent ADD COLUMN machine_pk INTEGER REFERENCES machine (pk);
ALTER TABLE agent ADD COLUMN former_token_hash TEXT;
ALTER TABLE agent ADD COLUMN former_until INTEGER;
ALTER TABLE agent ADD COLUMN token_made_at INTEGER;
CREATE INDEX agent_of_machine ON agent (machine_pk) WHERE machine_pk IS NOT NULL AND removed_at IS NULL;
CREATE UNIQUE INDEX agent_by_former_token ON agent (former_token_hash) WHERE former_token_hash IS NOT NULL;

CREATE TABLE void_token (
  token_hash TEXT PRIMARY KEY,
  name       TEXT NOT NULL,
  at         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
  seq        INTEGER PRIMARY KEY AUTOINCREMENT,
  at         INTEGER NOT NULL,
  act        TEXT NOT NULL,
  by_kind    TEXT NOT NULL,
  by_id      TEXT,
  by_name    TEXT,
  by_address TEXT,
  about_id   TEXT,
  about_name TEXT,
  why        TEXT
) STRICT;
`;
