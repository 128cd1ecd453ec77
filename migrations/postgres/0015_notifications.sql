-- What people are told of while they look elsewhere. One that is about a session goes with it.
CREATE TABLE notifications (
    id UUID PRIMARY KEY
  , user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE
  , kind TEXT NOT NULL CHECK (kind IN ('agent_completed', 'agent_failed', 'permission_request'))
  , title TEXT NOT NULL
  , body TEXT NOT NULL
  , session_id UUID
  , run_id UUID
  , request_id UUID
  , created_at TIMESTAMPTZ NOT NULL
  , read_at TIMESTAMPTZ
  , FOREIGN KEY (session_id, user_id) REFERENCES sessions (id, user_id) ON DELETE CASCADE
);
CREATE INDEX notifications_newest ON notifications (user_id, created_at DESC, id DESC);
CREATE INDEX notifications_unread ON notifications (user_id, created_at DESC, id DESC) WHERE read_at IS NULL;
CREATE INDEX notifications_of_session ON notifications (session_id);

-- What of it a person wants. Whoever has no row wants everything.
CREATE TABLE notification_preferences (
    user_id UUID NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE
  , agent_completed BOOLEAN NOT NULL
  , agent_failed BOOLEAN NOT NULL
  , permission_request BOOLEAN NOT NULL
);
