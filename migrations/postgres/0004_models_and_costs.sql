-- The models a person has set up. `secret` names an entry of the vault; the key itself is never here.
CREATE TABLE models (
    id UUID PRIMARY KEY
  , user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE
  , name TEXT NOT NULL
  , provider TEXT NOT NULL
  , model_id TEXT NOT NULL
  , endpoint TEXT
  , secret TEXT
  , context_window BIGINT
  , max_output BIGINT
  , price_in DOUBLE PRECISION
  , price_out DOUBLE PRECISION
  , supports_tools BOOLEAN NOT NULL
  , is_default BOOLEAN NOT NULL
  , created_at TIMESTAMPTZ NOT NULL
  , updated_at TIMESTAMPTZ NOT NULL
  , UNIQUE (user_id, name)
);
CREATE UNIQUE INDEX models_one_default ON models (user_id) WHERE is_default;

-- What each model call used and cost. Money spent stays spent: a deleted session leaves its costs.
CREATE TABLE costs (
    id UUID PRIMARY KEY
  , user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE
  , session_id UUID
  , run_id UUID
  , model TEXT NOT NULL
  , provider TEXT NOT NULL
  , input_tokens BIGINT NOT NULL
  , output_tokens BIGINT NOT NULL
  , cost_usd DOUBLE PRECISION
  , kind TEXT NOT NULL CHECK (kind IN ('reported', 'estimated', 'unknown'))
  , latency_ms BIGINT NOT NULL
  , retries BIGINT NOT NULL
  , created_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX costs_of_session ON costs (session_id);
CREATE INDEX costs_of_run ON costs (run_id);
CREATE INDEX costs_of_user ON costs (user_id, created_at);
