-- Secrets, sealed before they come here.
CREATE TABLE vault (
    id UUID PRIMARY KEY
  , user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE
  , scope TEXT NOT NULL
  , name TEXT NOT NULL
  , nonce BYTEA NOT NULL
  , ciphertext BYTEA NOT NULL
  , key_version INTEGER NOT NULL
  , created_at TIMESTAMPTZ NOT NULL
  , updated_at TIMESTAMPTZ NOT NULL
  , UNIQUE (user_id, scope, name)
);

-- Standing answers to "may this call run". Without a session a rule holds everywhere.
CREATE TABLE permission_rules (
    id UUID PRIMARY KEY
  , user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE
  , text TEXT NOT NULL
  , level TEXT NOT NULL CHECK (level IN ('allow', 'ask', 'deny'))
  , session_id UUID
  , created_at TIMESTAMPTZ NOT NULL
  , FOREIGN KEY (session_id, user_id) REFERENCES sessions (id, user_id) ON DELETE CASCADE
);
CREATE INDEX permission_rules_of_user ON permission_rules (user_id, created_at);
CREATE INDEX permission_rules_of_session ON permission_rules (session_id);

-- Questions put to a person, and how they ended.
CREATE TABLE permission_requests (
    id UUID PRIMARY KEY
  , user_id UUID NOT NULL
  , session_id UUID NOT NULL
  , run_id UUID NOT NULL
  , call_id UUID NOT NULL
  , tool TEXT NOT NULL
  , operation TEXT NOT NULL
  , subject TEXT
  , arguments JSON NOT NULL
  , reason TEXT NOT NULL
  , suggested_rule TEXT NOT NULL
  , status TEXT NOT NULL CHECK (status IN ('pending', 'once', 'session', 'always', 'deny', 'expired'))
  , created_at TIMESTAMPTZ NOT NULL
  , expires_at TIMESTAMPTZ NOT NULL
  , resolved_at TIMESTAMPTZ
  , FOREIGN KEY (session_id, user_id) REFERENCES sessions (id, user_id) ON DELETE CASCADE
);
CREATE INDEX permission_requests_pending ON permission_requests (user_id, created_at) WHERE status = 'pending';
CREATE INDEX permission_requests_of_session ON permission_requests (session_id);
