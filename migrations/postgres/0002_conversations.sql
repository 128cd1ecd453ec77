-- Conversations, the turns of agents in them, and what was said.
-- Children refer to (session_id, user_id), so a row cannot hang in a conversation of another person.
CREATE TABLE sessions (
    id UUID PRIMARY KEY
  , user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE
  , title TEXT
  , status TEXT NOT NULL CHECK (status IN ('active', 'completed'))
  , message_count BIGINT NOT NULL
  , last_seq BIGINT NOT NULL
  , created_at TIMESTAMPTZ NOT NULL
  , updated_at TIMESTAMPTZ NOT NULL
  , UNIQUE (id, user_id)
);
CREATE INDEX sessions_recent ON sessions (user_id, updated_at DESC, id DESC);

CREATE TABLE runs (
    id UUID PRIMARY KEY
  , session_id UUID NOT NULL
  , user_id UUID NOT NULL
  , role TEXT NOT NULL
  , model TEXT NOT NULL
  , status TEXT NOT NULL CHECK (status IN ('running', 'completed', 'failed', 'stopped', 'interrupted'))
  , reason TEXT
  , iterations BIGINT NOT NULL
  , input_tokens BIGINT NOT NULL
  , output_tokens BIGINT NOT NULL
  , usage_estimated BOOLEAN NOT NULL
  , started_at TIMESTAMPTZ NOT NULL
  , ended_at TIMESTAMPTZ
  , UNIQUE (id, user_id)
  , FOREIGN KEY (session_id, user_id) REFERENCES sessions (id, user_id) ON DELETE CASCADE
);
CREATE INDEX runs_of_session ON runs (session_id, started_at DESC);
CREATE INDEX runs_of_user ON runs (user_id, started_at DESC);
-- Two turns at once in one conversation would interleave their messages.
CREATE UNIQUE INDEX runs_one_running ON runs (session_id) WHERE status = 'running';

-- `parts` is JSON and not JSONB: what a model said is kept letter for letter, the order of keys included.
CREATE TABLE messages (
    id UUID PRIMARY KEY
  , session_id UUID NOT NULL
  , user_id UUID NOT NULL
  , run_id UUID
  , seq BIGINT NOT NULL CHECK (seq > 0)
  , role TEXT NOT NULL CHECK (role IN ('system', 'user', 'assistant', 'tool'))
  , parts JSON NOT NULL
  , created_at TIMESTAMPTZ NOT NULL
  , UNIQUE (session_id, seq)
  , FOREIGN KEY (session_id, user_id) REFERENCES sessions (id, user_id) ON DELETE CASCADE
);
