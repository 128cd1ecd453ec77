-- Conversations, the turns of agents in them, and what was said.
-- Children refer to (session_id, user_id), so a row cannot hang in a conversation of another person.
CREATE TABLE sessions (
    id BLOB NOT NULL PRIMARY KEY
  , user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE
  , title TEXT
  , status TEXT NOT NULL CHECK (status IN ('active', 'completed'))
  , message_count INTEGER NOT NULL
  , last_seq INTEGER NOT NULL
  , created_at TEXT NOT NULL
  , updated_at TEXT NOT NULL
  , UNIQUE (id, user_id)
) STRICT;
CREATE INDEX sessions_recent ON sessions (user_id, updated_at DESC, id DESC);

CREATE TABLE runs (
    id BLOB NOT NULL PRIMARY KEY
  , session_id BLOB NOT NULL
  , user_id BLOB NOT NULL
  , role TEXT NOT NULL
  , model TEXT NOT NULL
  , status TEXT NOT NULL CHECK (status IN ('running', 'completed', 'failed', 'stopped', 'interrupted'))
  , reason TEXT
  , iterations INTEGER NOT NULL
  , input_tokens INTEGER NOT NULL
  , output_tokens INTEGER NOT NULL
  , usage_estimated INTEGER NOT NULL CHECK (usage_estimated IN (0, 1))
  , started_at TEXT NOT NULL
  , ended_at TEXT
  , UNIQUE (id, user_id)
  , FOREIGN KEY (session_id, user_id) REFERENCES sessions (id, user_id) ON DELETE CASCADE
) STRICT;
CREATE INDEX runs_of_session ON runs (session_id, started_at DESC);
CREATE INDEX runs_of_user ON runs (user_id, started_at DESC);
-- Two turns at once in one conversation would interleave their messages.
CREATE UNIQUE INDEX runs_one_running ON runs (session_id) WHERE status = 'running';

-- What a model said is kept letter for letter as JSON text, the order of keys included.
CREATE TABLE messages (
    id BLOB NOT NULL PRIMARY KEY
  , session_id BLOB NOT NULL
  , user_id BLOB NOT NULL
  , run_id BLOB
  , seq INTEGER NOT NULL CHECK (seq > 0)
  , role TEXT NOT NULL CHECK (role IN ('system', 'user', 'assistant', 'tool'))
  , parts TEXT NOT NULL
  , created_at TEXT NOT NULL
  , UNIQUE (session_id, seq)
  , FOREIGN KEY (session_id, user_id) REFERENCES sessions (id, user_id) ON DELETE CASCADE
) STRICT;
