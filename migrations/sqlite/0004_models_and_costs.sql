-- The models a person has set up. `secret` names an entry of the vault; the key itself is never here.
CREATE TABLE models (
    id BLOB NOT NULL PRIMARY KEY
  , user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE
  , name TEXT NOT NULL
  , provider TEXT NOT NULL
  , model_id TEXT NOT NULL
  , endpoint TEXT
  , secret TEXT
  , context_window INTEGER
  , max_output INTEGER
  , price_in REAL
  , price_out REAL
  , supports_tools INTEGER NOT NULL CHECK (supports_tools IN (0, 1))
  , is_default INTEGER NOT NULL CHECK (is_default IN (0, 1))
  , created_at TEXT NOT NULL
  , updated_at TEXT NOT NULL
  , UNIQUE (user_id, name)
) STRICT;
CREATE UNIQUE INDEX models_one_default ON models (user_id) WHERE is_default;

-- What each model call used and cost. Money spent stays spent: a deleted session leaves its costs.
CREATE TABLE costs (
    id BLOB NOT NULL PRIMARY KEY
  , user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE
  , session_id BLOB
  , run_id BLOB
  , model TEXT NOT NULL
  , provider TEXT NOT NULL
  , input_tokens INTEGER NOT NULL
  , output_tokens INTEGER NOT NULL
  , cost_usd REAL
  , kind TEXT NOT NULL CHECK (kind IN ('reported', 'estimated', 'unknown'))
  , latency_ms INTEGER NOT NULL
  , retries INTEGER NOT NULL
  , created_at TEXT NOT NULL
) STRICT;
CREATE INDEX costs_of_session ON costs (session_id);
CREATE INDEX costs_of_run ON costs (run_id);
CREATE INDEX costs_of_user ON costs (user_id, created_at);
