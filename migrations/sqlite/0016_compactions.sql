-- Summaries that stand for the older messages of a conversation. The messages stay; a model is shown the newest summary and
-- what came after it. A place is `messages.seq`.
CREATE TABLE compaction_entries (
    id BLOB NOT NULL PRIMARY KEY
  , session_id BLOB NOT NULL
  , user_id BLOB NOT NULL
  , first_seq INTEGER NOT NULL CHECK (first_seq > 0)
  , last_seq INTEGER NOT NULL CHECK (last_seq >= first_seq)
  , summary TEXT NOT NULL
  , files TEXT NOT NULL
  , focus TEXT
  , model TEXT NOT NULL
  , tokens_before INTEGER NOT NULL
  , tokens_after INTEGER NOT NULL
  , created_at TEXT NOT NULL
  , UNIQUE (session_id, user_id, last_seq)
  , FOREIGN KEY (session_id, user_id) REFERENCES sessions (id, user_id) ON DELETE CASCADE
) STRICT;
