-- Programs that people let in with OAuth. A program that registered itself belongs to nobody: user_id is always null and kept for
-- rules that name the owner.
CREATE TABLE oauth_clients (
    id TEXT NOT NULL PRIMARY KEY
  , user_id BLOB CHECK (user_id IS NULL)
  , name TEXT NOT NULL
  , redirect_uris TEXT NOT NULL
  , registered_from TEXT NOT NULL
  , created_at TEXT NOT NULL
  , last_used_at TEXT
) STRICT;
CREATE INDEX oauth_clients_from ON oauth_clients (registered_from, created_at);

-- What a person let a program do. The program may describe itself at an address and not be registered, so this refers to no row.
-- It ends when its row goes.
CREATE TABLE oauth_grants (
    id BLOB NOT NULL PRIMARY KEY
  , user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE
  , client_id TEXT NOT NULL
  , client_name TEXT NOT NULL
  , redirect_uri TEXT NOT NULL
  , scope TEXT NOT NULL
  , resource TEXT NOT NULL
  , created_at TEXT NOT NULL
  , begun_at TEXT
  , last_used_at TEXT
  , expires_at TEXT NOT NULL
  , UNIQUE (id, user_id)
) STRICT;
CREATE INDEX oauth_grants_user ON oauth_grants (user_id, created_at);

-- Codes, access tokens and refresh tokens of a grant: only the SHA-256 of each. What was used stays for a while, to notice it again.
CREATE TABLE oauth_secrets (
    secret_hash BLOB NOT NULL PRIMARY KEY CHECK (LENGTH(secret_hash) = 32)
  , user_id BLOB NOT NULL
  , grant_id BLOB NOT NULL
  , kind TEXT NOT NULL
  , scope TEXT NOT NULL
  , challenge TEXT
  , created_at TEXT NOT NULL
  , expires_at TEXT NOT NULL
  , used_at TEXT
  , FOREIGN KEY (grant_id, user_id) REFERENCES oauth_grants (id, user_id) ON DELETE CASCADE
) STRICT;
CREATE INDEX oauth_secrets_grant ON oauth_secrets (grant_id, kind);
