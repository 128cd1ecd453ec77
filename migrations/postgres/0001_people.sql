-- People who can sign in, and the tokens that programs use in their name. A user is its own owner.
CREATE TABLE users (
    id UUID PRIMARY KEY
  , username TEXT NOT NULL
  , password_hash TEXT NOT NULL
  , is_admin BOOLEAN NOT NULL
  , is_active BOOLEAN NOT NULL
  , created_at TIMESTAMPTZ NOT NULL
  , last_login_at TIMESTAMPTZ
);
CREATE UNIQUE INDEX users_username ON users (username);

-- Only the SHA-256 of a token is kept; the prefix lets a person recognise it.
CREATE TABLE api_tokens (
    id UUID PRIMARY KEY
  , user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE
  , name TEXT NOT NULL
  , token_hash BYTEA NOT NULL CHECK (LENGTH(token_hash) = 32)
  , prefix TEXT NOT NULL
  , scopes JSON NOT NULL
  , created_at TIMESTAMPTZ NOT NULL
  , expires_at TIMESTAMPTZ
  , last_used_at TIMESTAMPTZ
  , revoked_at TIMESTAMPTZ
);
CREATE UNIQUE INDEX api_tokens_hash ON api_tokens (token_hash);
CREATE INDEX api_tokens_user ON api_tokens (user_id, created_at);
