-- People who can sign in, and the tokens that programs use in their name. A user is its own owner.
CREATE TABLE users (
    id BLOB NOT NULL PRIMARY KEY
  , username TEXT NOT NULL
  , password_hash TEXT NOT NULL
  , is_admin INTEGER NOT NULL CHECK (is_admin IN (0, 1))
  , is_active INTEGER NOT NULL CHECK (is_active IN (0, 1))
  , created_at TEXT NOT NULL
  , last_login_at TEXT
) STRICT;
CREATE UNIQUE INDEX users_username ON users (username);

-- Only the SHA-256 of a token is kept; the prefix lets a person recognise it.
CREATE TABLE api_tokens (
    id BLOB NOT NULL PRIMARY KEY
  , user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE
  , name TEXT NOT NULL
  , token_hash BLOB NOT NULL CHECK (LENGTH(token_hash) = 32)
  , prefix TEXT NOT NULL
  , scopes TEXT NOT NULL
  , created_at TEXT NOT NULL
  , expires_at TEXT
  , last_used_at TEXT
  , revoked_at TEXT
) STRICT;
CREATE UNIQUE INDEX api_tokens_hash ON api_tokens (token_hash);
CREATE INDEX api_tokens_user ON api_tokens (user_id, created_at);
