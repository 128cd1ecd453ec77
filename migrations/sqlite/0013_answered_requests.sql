-- Answers to requests that may be sent twice (`Idempotency-Key`), so that the second one gets the answer of the first.
-- Without a status, the first is being answered.
CREATE TABLE answered_requests (
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE
  , key TEXT NOT NULL
  , digest BLOB NOT NULL
  , status INTEGER
  , media_type TEXT
  , body BLOB
  , created_at TEXT NOT NULL
  , PRIMARY KEY (user_id, key)
) STRICT;
CREATE INDEX answered_requests_age ON answered_requests (user_id, created_at);
