-- Summaries that stand for the older messages of a conversation. The messages stay; a model is shown the newest summary and
-- what came after it. A place is `messages.seq`.
CREATE TABLE compaction_entries (
    id UUID PRIMARY KEY
  , session_id UUID NOT NULL
  , user_id UUID NOT NULL
  , first_seq BIGINT NOT NULL CHECK (first_seq > 0)
  , last_seq BIGINT NOT NULL CHECK (last_seq >= first_seq)
  , summary TEXT NOT NULL
  , files JSON NOT NULL
  , focus TEXT
  , model TEXT NOT NULL
  , tokens_before BIGINT NOT NULL
  , tokens_after BIGINT NOT NULL
  , created_at TIMESTAMPTZ NOT NULL
  , UNIQUE (session_id, user_id, last_seq)
  , FOREIGN KEY (session_id, user_id) REFERENCES sessions (id, user_id) ON DELETE CASCADE
);
