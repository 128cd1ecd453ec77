-- What tools were called with, and the large results kept beside a conversation.
CREATE TABLE artifacts (
    id UUID PRIMARY KEY
  , user_id UUID NOT NULL
  , session_id UUID NOT NULL
  , name TEXT NOT NULL
  , media_type TEXT NOT NULL
  , bytes BIGINT NOT NULL
  , sha256 TEXT NOT NULL
  , created_at TIMESTAMPTZ NOT NULL
  , content BYTEA NOT NULL
  , FOREIGN KEY (session_id, user_id) REFERENCES sessions (id, user_id) ON DELETE CASCADE
);
-- Pages of a content are read with SUBSTR, which is only cheap while it is not compressed.
ALTER TABLE artifacts ALTER COLUMN content SET STORAGE EXTERNAL;
CREATE INDEX artifacts_of_session ON artifacts (session_id, created_at);

-- A call made outside a conversation (from the command line, say) has no run and no session.
CREATE TABLE tool_calls (
    id UUID PRIMARY KEY
  , run_id UUID
  , session_id UUID
  , user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE
  , plugin TEXT NOT NULL
  , plugin_version TEXT NOT NULL
  , digest TEXT
  , name TEXT NOT NULL
  , arguments JSON NOT NULL
  , decision TEXT NOT NULL
  , outcome TEXT
  , is_error BOOLEAN
  , duration_ms BIGINT
  , started_at TIMESTAMPTZ NOT NULL
  , ended_at TIMESTAMPTZ
  , artifact UUID
  , FOREIGN KEY (session_id, user_id) REFERENCES sessions (id, user_id) ON DELETE CASCADE
  , FOREIGN KEY (run_id, user_id) REFERENCES runs (id, user_id) ON DELETE CASCADE
);
CREATE INDEX tool_calls_of_run ON tool_calls (run_id, started_at);
CREATE INDEX tool_calls_of_session ON tool_calls (session_id);
CREATE INDEX tool_calls_of_user ON tool_calls (user_id, started_at);
