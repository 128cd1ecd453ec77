-- Browsers that a person is signed in with. Only the SHA-256 of a cookie's value is kept; signing out deletes the row.
CREATE TABLE sign_ins (
    id BLOB NOT NULL PRIMARY KEY
  , user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE
  , secret_hash BLOB NOT NULL CHECK (LENGTH(secret_hash) = 32)
  , user_agent TEXT NOT NULL
  , address TEXT NOT NULL
  , created_at TEXT NOT NULL
  , last_seen_at TEXT NOT NULL
  , expires_at TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX sign_ins_hash ON sign_ins (secret_hash);
CREATE INDEX sign_ins_user ON sign_ins (user_id, last_seen_at);
