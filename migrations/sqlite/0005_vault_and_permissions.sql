-- Secrets, sealed before they come here.
CREATE TABLE vault (
    id BLOB NOT NULL PRIMARY KEY
  , user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE
  , scope TEXT NOT NULL
  , name TEXT NOT NULL
  , nonce BLOB NOT NULL
  , ciphertext BLOB NOT NULL
  , key_version INTEGER NOT NULL
  , created_at TEXT NOT NULL
  , updated_at TEXT NOT NULL
  , UNIQUE (user_id, scope, name)
) STRICT;

-- Standing answers to "may this call run". Without a session a rule holds everywhere.
CREATE TABLE permission_rules (
    id BLOB NOT NULL PRIMARY KEY
  , user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE
  , text TEXT NOT NULL
  , level TEXT NOT NULL CHECK (level IN ('allow', 'ask', 'deny'))
  , session_id BLOB
  , created_at TEXT NOT NULL
  , FOREIGN KEY (session_id, user_id) REFERENCES sessions (id, user_id) ON DELETE CASCADE
) STRICT;
CREATE INDEX permission_rules_of_user ON permission_rules (user_id, created_at);
CREATE INDEX permission_rules_of_session ON permission_rules (session_id);

-- Questions put to a person, and how they ended.
CREATE TABLE permission_requests (
    id BLOB NOT NULL PRIMARY KEY
  , user_id BLOB NOT NULL
  , session_id BLOB NOT NULL
  , run_id BLOB NOT NULL
  , call_id BLOB NOT NULL
  , tool TEXT NOT NULL
  , operation TEXT NOT NULL
  , subject TEXT
  , arguments TEXT NOT NULL
  , reason TEXT NOT NULL
  , suggested_rule TEXT NOT NULL
  , status TEXT NOT NULL CHECK (status IN ('pending', 'once', 'session', 'always', 'deny', 'expired'))
  , created_at TEXT NOT NULL
  , expires_at TEXT NOT NULL
  , resolved_at TEXT
  , FOREIGN KEY (session_id, user_id) REFERENCES sessions (id, user_id) ON DELETE CASCADE
) STRICT;
CREATE INDEX permission_requests_pending ON permission_requests (user_id, created_at) WHERE status = 'pending';
CREATE INDEX permission_requests_of_session ON permission_requests (session_id);
