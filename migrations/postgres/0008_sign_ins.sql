-- Browsers that a person is signed in with. Only the SHA-256 of a cookie's value is kept; signing out deletes the row.
CREATE TABLE sign_ins (
    id UUID PRIMARY KEY
  , user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE
  , secret_hash BYTEA NOT NULL CHECK (LENGTH(secret_hash) = 32)
  , user_agent TEXT NOT NULL
  , address TEXT NOT NULL
  , created_at TIMESTAMPTZ NOT NULL
  , last_seen_at TIMESTAMPTZ NOT NULL
  , expires_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX sign_ins_hash ON sign_ins (secret_hash);
CREATE INDEX sign_ins_user ON sign_ins (user_id, last_seen_at);
