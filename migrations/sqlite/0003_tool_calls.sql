-- What tools were called with, and the large results kept beside a conversation.
CREATE TABLE artifacts (
    id BLOB NOT NULL PRIMARY KEY
  , user_id BLOB NOT NULL
  , session_id BLOB NOT NULL
  , name TEXT NOT NULL
  , media_type TEXT NOT NULL
  , bytes INTEGER NOT NULL
  , sha256 TEXT NOT NULL
  , created_at TEXT NOT NULL
  , content BLOB NOT NULL
  , FOREIGN KEY (session_id, user_id) REFERENCES sessions (id, user_id) ON DELETE CASCADE
) STRICT;
CREATE INDEX artifacts_of_session ON artifacts (session_id, created_at);

-- A call made outside a conversation (from the command line, say) has no run and no session.
CREATE TABLE tool_calls (
    id BLOB NOT NULL PRIMARY KEY
  , run_id BLOB
  , session_id BLOB
  , user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE
  , plugin TEXT NOT NULL
  , plugin_version TEXT NOT NULL
  , digest TEXT
  , name TEXT NOT NULL
  , arguments TEXT NOT NULL
  , decision TEXT NOT NULL
  , outcome TEXT
  , is_error INTEGER CHECK (is_error IN (0, 1))
  , duration_ms INTEGER
  , started_at TEXT NOT NULL
  , ended_at TEXT
  , artifact BLOB
  , FOREIGN KEY (session_id, user_id) REFERENCES sessions (id, user_id) ON DELETE CASCADE
  , FOREIGN KEY (run_id, user_id) REFERENCES runs (id, user_id) ON DELETE CASCADE
) STRICT;
CREATE INDEX tool_calls_of_run ON tool_calls (run_id, started_at);
CREATE INDEX tool_calls_of_session ON tool_calls (session_id);
CREATE INDEX tool_calls_of_user ON tool_calls (user_id, started_at);
