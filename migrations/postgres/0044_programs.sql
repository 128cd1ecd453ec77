-- Programs that people let in with OAuth. A program that registered itself belongs to nobody: user_id is always null and kept for
-- rules that name the owner.
CREATE TABLE oauth_clients (
    id TEXT PRIMARY KEY
  , user_id UUID CHECK (user_id IS NULL)
  , name TEXT NOT NULL
  , redirect_uris JSON NOT NULL
  , registered_from TEXT NOT NULL
  , created_at TIMESTAMPTZ NOT NULL
  , last_used_at TIMESTAMPTZ
);
CREATE INDEX oauth_clients_from ON oauth_clients (registered_from, created_at);

-- What a person let a program do. The program may describe itself at an address and not be registered, so this refers to no row.
-- It ends when its row goes.
CREATE TABLE oauth_grants (
    id UUID PRIMARY KEY
  , user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE
  , client_id TEXT NOT NULL
  , client_name TEXT NOT NULL
  , redirect_uri TEXT NOT NULL
  , scope TEXT NOT NULL
  , resource TEXT NOT NULL
  , created_at TIMESTAMPTZ NOT NULL
  , begun_at TIMESTAMPTZ
  , last_used_at TIMESTAMPTZ
  , expires_at TIMESTAMPTZ NOT NULL
  , UNIQUE (id, user_id)
);
CREATE INDEX oauth_grants_user ON oauth_grants (user_id, created_at);

-- Codes, access tokens and refresh tokens of a grant: only the SHA-256 of each. What was used stays for a while, to notice it again.
CREATE TABLE oauth_secrets (
    secret_hash BYTEA PRIMARY KEY CHECK (LENGTH(secret_hash) = 32)
  , user_id UUID NOT NULL
  , grant_id UUID NOT NULL
  , kind TEXT NOT NULL
  , scope TEXT NOT NULL
  , challenge TEXT
  , created_at TIMESTAMPTZ NOT NULL
  , expires_at TIMESTAMPTZ NOT NULL
  , used_at TIMESTAMPTZ
  , FOREIGN KEY (grant_id, user_id) REFERENCES oauth_grants (id, user_id) ON DELETE CASCADE
);
CREATE INDEX oauth_secrets_grant ON oauth_secrets (grant_id, kind);
