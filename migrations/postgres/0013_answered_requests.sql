-- Answers to requests that may be sent twice (`Idempotency-Key`), so that the second one gets the answer of the first.
-- Without a status, the first is being answered.
CREATE TABLE answered_requests (
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE
  , key TEXT NOT NULL
  , digest BYTEA NOT NULL
  , status BIGINT
  , media_type TEXT
  , body BYTEA
  , created_at TIMESTAMPTZ NOT NULL
  , PRIMARY KEY (user_id, key)
);
CREATE INDEX answered_requests_age ON answered_requests (user_id, created_at);
