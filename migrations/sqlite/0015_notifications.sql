-- What people are told of while they look elsewhere. One that is about a session goes with it.
CREATE TABLE notifications (
    id BLOB NOT NULL PRIMARY KEY
  , user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE
  , kind TEXT NOT NULL CHECK (kind IN ('agent_completed', 'agent_failed', 'permission_request'))
  , title TEXT NOT NULL
  , body TEXT NOT NULL
  , session_id BLOB
  , run_id BLOB
  , request_id BLOB
  , created_at TEXT NOT NULL
  , read_at TEXT
  , FOREIGN KEY (session_id, user_id) REFERENCES sessions (id, user_id) ON DELETE CASCADE
) STRICT;
CREATE INDEX notifications_newest ON notifications (user_id, created_at DESC, id DESC);
CREATE INDEX notifications_unread ON notifications (user_id, created_at DESC, id DESC) WHERE read_at IS NULL;
CREATE INDEX notifications_of_session ON notifications (session_id);

-- What of it a person wants. Whoever has no row wants everything.
CREATE TABLE notification_preferences (
    user_id BLOB NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE
  , agent_completed INTEGER NOT NULL CHECK (agent_completed IN (0, 1))
  , agent_failed INTEGER NOT NULL CHECK (agent_failed IN (0, 1))
  , permission_request INTEGER NOT NULL CHECK (permission_request IN (0, 1))
) STRICT;
